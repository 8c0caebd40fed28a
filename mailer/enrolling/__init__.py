"""From the list of clients into a series: whom the list shows, and who of them can enter."""
