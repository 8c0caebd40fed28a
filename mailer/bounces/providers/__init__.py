"""Webhooks of mail providers, read without Flask and database: is a call theirs, and what does it say."""
