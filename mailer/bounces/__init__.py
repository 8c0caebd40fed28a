"""What comes back after the handover, read without Flask and database: whose delivery it is about, and what it says."""
