"""What is known of an account and its sessions, and what becomes of both at the end."""
