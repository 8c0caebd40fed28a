"""The overview, public pages and what is behind an unsubscribe link."""
