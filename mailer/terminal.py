"""Commands for operators speak one language, the terminal's (LC_ALL, LC_MESSAGES, LANG), whatever the site's is."""

from __future__ import annotations

import logging
from typing import Any

import click
from flask import current_app, g
from flask.cli import ScriptInfo
from flask_babel import force_locale

from launcher.language import is_russian
from mailer.errors import Refusal


def language() -> str:
    """`ru` or `en`."""
    return "ru" if is_russian() else "en"


class OperatorCommand(click.Command):
    """Its sentences are in the terminal's language; a `Refusal` is its last line, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        if not current_app:
            ctx.with_resource(ctx.ensure_object(ScriptInfo).load_app().app_context())
        if not current_app.testing:
            logging.getLogger().setLevel(logging.WARNING)  # what is worth a line, the command itself says
        g.language = language()
        with force_locale(language()):
            try:
                return super().invoke(ctx)
            except Refusal as refusal:
                raise click.ClickException(str(refusal)) from refusal
