"""Commands for operators speak one language, the terminal's (LC_ALL, LC_MESSAGES, LANG), whatever the site's is."""

from __future__ import annotations

import logging
import os
from gettext import bindtextdomain, gettext
from pathlib import Path
from typing import Any

import click
from flask import current_app, g
from flask.cli import AppGroup, ScriptInfo
from flask_babel import force_locale

from launcher.language import is_russian
from mailer.errors import Refusal

CATALOGUES = Path(__file__).parent / "translations"
N_ = str  # marks a text to be translated where it is shown
OF_CLICK = (
    N_("Usage:"), N_("Options"), N_("Commands"), N_("Show this message and exit."), N_("default: {default}"),
    N_("required"), N_("[OPTIONS]"), N_("TEXT"), N_("INTEGER"), N_("PATH"),
    N_("Aborted!"), N_("Error: {message}"), N_("Error: invalid input"),
    N_("Try '{command} {option}' for help."), N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"), N_("Missing argument"), N_("Missing option"),
    N_("Missing command."), N_("No such option {name!r}."), N_("No such command {name!r}."),
    N_("{value!r} is not a valid {number_type}."), N_("Choose from:\n\t{choices}"),
    N_("Option {name!r} does not take a value."), N_("Repeat for confirmation"),
)  # fmt: skip


def language() -> str:
    """`ru` or `en`."""
    return "ru" if is_russian() else "en"


def speak() -> None:
    """From now on this process says what click says, and our commands' help, in the terminal's language.

    click asks the system's gettext, and is answered from our own catalogue.
    """
    os.environ["LANGUAGE"] = language()  # would else win over the others for gettext alone
    bindtextdomain("messages", str(CATALOGUES))


class _SpokenHelp:
    """Its help is written in English, and read in the terminal's language."""

    _help: str | None = None

    @property
    def help(self) -> str | None:
        """In the terminal's language."""
        return gettext(self._help) if self._help else self._help

    @help.setter
    def help(self, text: str | None) -> None:
        self._help = text


class SpokenOption(_SpokenHelp, click.Option):
    """An option whose help is in the terminal's language."""

    def make_metavar(self, ctx: click.Context) -> str:
        """What stands for its value."""
        return gettext(super().make_metavar(ctx))


class SpokenCommand(_SpokenHelp, click.Command):
    """A command whose help is in the terminal's language; its sentences are its own affair."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """What stands behind the name in `Usage:`."""
        return [gettext(piece) if piece == "[OPTIONS]" else piece for piece in super().collect_usage_pieces(ctx)]


class SpokenGroup(SpokenCommand, AppGroup):
    """A group of commands whose help is in the terminal's language."""


class OperatorCommand(SpokenCommand):
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
