"""Help: the guide for people who send, in the product."""
