"""The door for web servers and the `flask` command."""

from mailer import create_app

app = create_app()
