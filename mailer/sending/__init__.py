"""From a due mailing to its closed run: planned, claimed, marked, recorded, settled."""
