"""What the DNS says of a sending domain; without Flask and database."""
