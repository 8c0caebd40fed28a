"""Pictures of letters: uploaded, drawn anew, kept, shown to whoever opens the letter."""
