"""The one command: embedded servers, mail catcher, supervisor. Knows nothing of mailings."""
