"""Registration, sign-in, second factor and profile."""
