"""Whatever the journal can hold is said in words, in both languages."""

from __future__ import annotations

import ast
import re

import pytest
from flask import Flask
from flask_babel import force_locale

from mailer.extensions import db
from mailer.journal import add_entry
from mailer.manager.journal_labels import action_labels, page_label
from mailer.manager.journal_sentences import detail_labels, kind_labels, value_labels
from mailer.models.journal_entry import Action
from mailer.models.user import User
from tests.conftest import ROOT, Browser
from tests.factories import make_client, make_mailing

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
OF_WATCHING = {"where", "search"}


def entries() -> list[ast.Call]:
    """Every call that adds an entry."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / "mailer").rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [
        call for call in calls if isinstance(call.func, ast.Name) and call.func.id in {"add_entry", "add_entry_now"}
    ]
    found = [call for call in named if call.args and ast.unparse(call.args[0]).startswith(("Action.", "action"))]
    assert len(found) > 20
    return found


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_action_detail_thing_and_page_has_words(app: Flask, language: str) -> None:
    keys = {keyword.arg for call in entries() for keyword in call.keywords if keyword.arg} - {"actor_id"} | OF_WATCHING
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint != "styleguide"}
    things = {name.removesuffix("_id") for rule in app.url_map.iter_rules() for name in rule.arguments}
    with app.test_request_context(), force_locale(language):
        assert set(action_labels()) == set(Action)
        assert keys <= set(detail_labels())
        assert {name for name in things if name.endswith("_id")} <= set(kind_labels())
        assert [endpoint for endpoint in endpoints if page_label(endpoint) == endpoint] == []
        said = [*action_labels().values(), *detail_labels().values(), *kind_labels().values(), *value_labels().values()]
        said += [page_label(endpoint) for endpoint in endpoints]
        assert [words for words in said if bool(CYRILLIC.search(words)) != (language == "ru")] == []


def test_values_the_service_writes_itself_are_words(app: Flask) -> None:
    constants = {
        keyword.value.value
        for call in entries()
        for keyword in call.keywords
        if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str) and keyword.arg != "where"
    }
    with app.test_request_context():
        assert constants <= set(value_labels())


def test_an_entry_names_what_is_still_there(as_admin: Browser, owner: User) -> None:
    mailing = make_mailing(owner, [make_client(owner, email="anna@shop.test")], name="Осень <b>")
    add_entry(Action.STOPPED, f"mailing {mailing.id}", run=77, reason="Жалобы <i>")
    add_entry(Action.LIMIT_CHANGED, f"user {owner.id}", daily_limit=None, needs_approval=True)
    add_entry(Action.REGISTERED, "user 99999", by="command line", role="manager")
    add_entry(Action.VIEWED, "clients 1, owner 99999999999999999999", where="all_clients.details_view", search="a")
    add_entry(Action.CHANGED, "invitation")
    db.session.commit()
    page = as_admin.get("/manager/journal").text.partition("<tbody>")[2]
    for said in (
        "рассылка «Осень &lt;b&gt;»", "запуск № 77", "причина: Жалобы &lt;i&gt;", "писем за 24 часа: нет",
        "каждая рассылка с одобрением: да", "пользователь № 99999", "способ: командная строка", "роль: менеджер",
        "клиент «anna@shop.test»", "раздел: панель, Клиенты", "поиск: a", "приглашение",
    ):  # fmt: skip
        assert said in page, said
    assert not re.search(r"daily_limit|needs_approval|all_clients|mailing \d|True|None", page)
