"""The life of a run: when it starts, to whom it goes, what holds it, how it ends."""
