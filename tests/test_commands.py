"""The help of all our commands is in the terminal's language, to the last option."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping

import click
import pytest
from click import core, decorators, exceptions, formatting, parser, termui, types
from flask import Flask
from sqlalchemy import update

from config import TestingConfig
from mailer import create_app, terminal
from mailer.extensions import db
from mailer.models.instance import Instance
from mailer.queue import WORKERS
from mailer.sending import instance_guard

FOREIGN = {"db", "limiter"}  # of Flask-Migrate and Flask-Limiter
NAMES = {"flask", *WORKERS}
CHOICES = re.compile(r"[\[{][^\[\]{}]*\|[^\[\]{}]*[\]}]")
RUSSIAN = re.compile("[а-яё]", re.IGNORECASE)
ENGLISH = re.compile(r"(?<![-\w./<>|])[a-z]{3,}(?![-\w./<>|])")


def ours(
    commands: Mapping[str, click.Command], above: click.Context | None = None
) -> Iterator[tuple[click.Context, click.Command]]:
    """Every command of ours, groups and those within, as it would be called."""
    for name, command in commands.items():
        if name not in FOREIGN:
            context = click.Context(command, info_name=name, parent=above, terminal_width=200, max_content_width=200)
            yield context, command
            yield from ours(command.commands, context) if isinstance(command, click.Group) else ()


@pytest.fixture(scope="module")
def found() -> list[tuple[click.Context, click.Command]]:
    app = create_app(TestingConfig(SECRET_KEY="of a test", SITE_URL="http://golub.test"))
    return list(ours(app.cli.commands))


def test_all_commands_help_in_both_languages(
    found: list[tuple[click.Context, click.Command]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    names = {context.info_name for context, _command in found}
    assert {"send-mailings", "backup", "restore", "self-test", "worker", "scheduler", "dkim-key", "verify"} <= names
    for language in ("en_GB.UTF-8", "ru_RU.UTF-8"):
        monkeypatch.setenv("LANG", language)
        monkeypatch.setenv("LANGUAGE", "to be put right by speak()")
        terminal.speak()
        for context, command in found:
            command._help_option = None  # remembered with its words
            said = command.get_help(context)
            texts = [command.get_short_help_str(), *(each.help for each in options(command, context))]
            assert all(texts), (context.command_path, texts)
            if language.startswith("en"):
                assert not RUSSIAN.search(said), said
                continue
            assert all(RUSSIAN.search(str(text)) for text in texts), texts
            known = NAMES | names | {str(each.default) for each in command.params}
            assert set(ENGLISH.findall(CHOICES.sub("", said))) - known == set(), said
            assert not re.search(r"\b(OPTIONS|TEXT|INTEGER|PATH)\b", said), said


def options(command: click.Command, context: click.Context) -> list[click.Option]:
    """Those that help shows."""
    return [each for each in command.get_params(context) if isinstance(each, click.Option) and not each.hidden]


def test_what_click_says_is_what_we_translate() -> None:
    modules = (core, decorators, exceptions, formatting, parser, termui, types)
    source = "".join(inspect.getsource(module) for module in modules).replace("\\n\\t", "\n\t")
    metavars = {"[OPTIONS]", "TEXT", "INTEGER", "PATH"}
    assert [text for text in terminal.OF_CLICK if f'"{text}"' not in source and text not in metavars] == []


def test_roles_permissions_and_reasons_are_said_in_words(app: Flask) -> None:
    """The code stands beside a permission, since that is what one types."""

    def said(*words: str) -> str:
        done = app.test_cli_runner(env={"LC_ALL": "ru_RU.UTF-8"}).invoke(args=list(words))
        assert done.exit_code == 0, done.output
        return done.output

    created = said("create-user", "boss@golub.test", "--role", "editor", "--password", "long enough words")
    assert created.startswith("редактор boss@golub.test")
    granted = said("grant", "boss@golub.test", "oversee")
    assert "(редактор)" in granted and "видеть всё (oversee)" in granted
    assert not instance_guard.sending_is_blocked(), "the first start takes the database for its own"
    db.session.execute(update(Instance).values(cluster="7"))
    db.session.commit()
    held = said("confirm-instance", "--yes")
    assert "с другого сервера баз данных" in held and "other_database" not in held
