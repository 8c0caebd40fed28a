"""Fields of an owner's own, and the conditions by which clients are chosen."""
