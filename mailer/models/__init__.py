"""One file for each table, its constraints with it; no queries."""
