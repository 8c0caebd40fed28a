"""Sign-up forms: people put themselves on an owner's list, and confirm it by a link. See docs/adr/0035."""
