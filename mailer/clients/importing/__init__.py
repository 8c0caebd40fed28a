"""Files of clients: recognised, previewed, staged and merged."""
