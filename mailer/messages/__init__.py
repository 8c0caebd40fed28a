"""Messages: written, previewed, tried out."""
