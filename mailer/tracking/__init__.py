"""Clicks and opens: links that lead through the service, who followed them, and what stays of it."""
