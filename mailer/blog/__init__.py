"""Articles: read by everybody, written by users, published by editors."""
