"""From a message and a person to the bytes of a mail. No Flask, no database."""
