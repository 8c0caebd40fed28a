"""From a rule to its moments. No Flask, no database."""
