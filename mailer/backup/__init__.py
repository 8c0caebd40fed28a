"""One file with everything that an installation consists of, and the way back. See docs/production.md."""
