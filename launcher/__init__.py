"""The one command: embedded PostgreSQL and Valkey, a mail catcher and a supervisor. Knows nothing of
mailings.
"""
