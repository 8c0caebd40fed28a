"""The door for web servers and the `flask` command."""

import sys
from pathlib import Path

import structlog

from mailer import create_app
from mailer.jobs.commands import COMMANDS

# `flask worker mailings` and its like serve nobody. Anything else, or words in an unusual order, gets the whole house.
app = create_app(has_front=sys.argv[1:2] not in ([command.name] for command in COMMANDS))

if "flask" not in (Path(sys.argv[0]).name, Path(sys.argv[0]).parent.name):  # a web server: said once for each process
    for text in app.config["WARNINGS"]:
        structlog.get_logger().warning("a setting to look at", what=text)
