"""The one command: embedded PostgreSQL and Valkey, the mail catcher, and a supervisor. Knows nothing of mailings."""
