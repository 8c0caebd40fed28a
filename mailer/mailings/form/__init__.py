"""The form of a mailing: its fields, its calendar, and what they mean together."""
