"""Whether the service is well: for administrators and for monitoring."""
