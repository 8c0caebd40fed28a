"""Mail servers: which to take, how they do, how many connections they bear."""
