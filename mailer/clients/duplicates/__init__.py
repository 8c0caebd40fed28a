"""Clients who may be one person: proposed, looked at side by side, merged without loss."""
