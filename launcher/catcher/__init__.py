"""A mail server that delivers nowhere: it keeps what it is sent and shows it on a local page."""
