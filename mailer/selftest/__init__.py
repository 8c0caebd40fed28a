"""The service's trial of itself: `flask self-test`."""
