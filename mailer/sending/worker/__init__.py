"""What a worker does while it sends a run, and what it writes in its commits."""
