"""Letters of blocks."""
