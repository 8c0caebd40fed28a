"""Sending domains: what the DNS says of them, and owners' own domains in From."""
