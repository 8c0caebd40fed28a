"""The calendar of all mailings, holidays and days off."""
