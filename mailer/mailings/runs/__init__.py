"""The pages of runs: what happened, to whom, and what an owner decides afterwards."""
