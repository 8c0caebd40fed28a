"""Mail that came back: by which doors it comes in, and what it changes in the ledger."""
