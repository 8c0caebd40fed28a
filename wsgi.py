"""The door for web servers and the `flask` command."""

import sys

from mailer import create_app
from mailer.jobs.commands import COMMANDS

# `flask worker mailings` and its like serve nobody. Anything else, or words in an unusual order, gets the whole house.
app = create_app(has_front=sys.argv[1:2] not in ([command.name] for command in COMMANDS))
