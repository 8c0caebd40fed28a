"""The door for web servers and the `flask` command."""

import sys
from pathlib import Path

import click
import structlog

from mailer import create_app
from mailer.jobs.commands import COMMANDS
from mailer.terminal import speak
from setting_values import ConfigError

IS_COMMAND = "flask" in (Path(sys.argv[0]).name, Path(sys.argv[0]).parent.name)

if IS_COMMAND:
    speak()

try:
    # `flask worker mailings` and its like serve nobody. Anything else, or words in an unusual order, gets the whole
    # house.
    app = create_app(with_website=sys.argv[1:2] not in ([command.name] for command in COMMANDS))
except ConfigError as error:
    if not IS_COMMAND:
        raise
    raise click.ClickException(str(error)) from error  # a sentence for whoever typed the command

if not IS_COMMAND:  # a web server: said once for each process
    for text in app.config["WARNINGS"]:
        structlog.get_logger().warning("a setting to look at", what=str(text))
