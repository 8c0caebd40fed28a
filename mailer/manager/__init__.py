"""What managers see and decide: people, approvals, limits, the journal."""
