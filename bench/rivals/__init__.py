"""The public tools, each with the best settings found."""
