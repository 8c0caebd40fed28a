"""The service's trial of itself: `flask lab`."""
