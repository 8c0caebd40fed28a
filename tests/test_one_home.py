"""What several rooms need has one home, and nobody writes it a second time."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from mailer import locks
from mailer.clients import segments
from mailer.errors import Conflict, constraint_of
from mailer.extensions import db
from mailer.models.client import ClientFilter
from mailer.models.delivery import DeliveryState
from mailer.models.run import PauseReason, RunState
from mailer.models.user import Role, User
from mailer.sending import conditions
from mailer.smtp.results import Outcome
from tests.conftest import browser_of, settings_kept
from tests.factories import make_user

ROOT = Path(__file__).parent.parent


def product(*patterns: str) -> Iterator[tuple[str, str]]:
    """The product's modules: name and text."""
    for pattern in patterns or ("**/*.py",):
        for path in sorted((ROOT / "mailer").glob(pattern)):
            yield str(path.relative_to(ROOT / "mailer")), path.read_text()


def test_advisory_locks_are_distinct() -> None:
    numbers = [value for value in vars(locks).values() if type(value) is int]
    assert len(numbers) == len(set(numbers)) > 4


def test_advisory_locks_are_taken_by_name() -> None:
    found = {name for name, text in product() if re.search(r"pg_(try_)?advisory", text)}
    assert found == {"locks.py"}


def test_only_the_constraint_that_is_meant_is_taken_for_a_name(app: Flask, owner: User) -> None:
    """A filter of an owner who is gone breaks a foreign key: that is no name in use."""
    segments.save_segment(owner, "Once", {})
    with pytest.raises(segments.SegmentRefused):
        segments.save_segment(owner, "Once", {})
    nobody = User(id=2**40)
    with pytest.raises(IntegrityError) as caught:
        segments.save_segment(nobody, "Another", {})
    assert constraint_of(caught.value) == "fk_client_filters_owner_id_users"
    assert db.session.scalar(db.select(db.func.count()).select_from(ClientFilter)) == 1


def test_sql_takes_its_states_from_the_enums() -> None:
    kinds = (RunState, DeliveryState, Outcome, PauseReason)
    named = re.compile(f"""'({"|".join({member.value for kind in kinds for member in kind})})'""")
    found = {
        f"{name}: {match[0]}"
        for name, text in product("sending/**/*.py")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for match in named.finditer(node.value)
    }
    assert found == set()


def test_a_condition_is_the_same_in_text_and_in_the_mapper() -> None:
    """Nobody writes again what a free slice is, or that a run may send."""
    assert "r.state IN ('sending', 'waiting_for_server')" in conditions.MAY_SEND_SQL
    again = re.compile(r"leased_until(\.is_\(None\)| IS NULL OR)|SENDING_STATES\)?,\n *Run\.stop_reason")
    found = {name for name, text in product("sending/**/*.py", "mailings/**/*.py") if again.search(text)}
    assert found <= {"sending/conditions.py", "sending/runs/stuck.py"}, "stuck: marked and leased to nobody"


def test_what_rooms_share_is_written_once() -> None:
    """Whom a limit counts, the page asked for, the person signed in, one's own row, the end of a calendar."""
    homes = {
        r"def _?per_user\(": "limiting.py",
        r"user-\{current_user": "limiting.py",
        r"def _?page_number\(": "input_limits.py",
        r"""args(\.get\(|\[)["']page["']""": "input_limits.py",
        r"def me\(": "accounts/signed_in.py",
        r"current_user\._get_current_object\(": "accounts/signed_in.py",
        r"get_own\([^\n]*\n    if not \w+\.can\(": "access.py",
        r"resolve\([\w.]*(until|ends_local), [^\n]*if ": "recurrence/clock_times.py",
    }
    found = {pattern: {name for name, text in product() if re.search(pattern, text)} for pattern in homes}
    assert found == {pattern: {home} for pattern, home in homes.items()}


def test_views_neither_ask_the_database_nor_end_its_transactions() -> None:
    views = product("*views.py", "**/views.py", "**/*_views.py", "**/views/*.py")
    found = {name for name, text in views if re.search(r"\bdb\.|\bselect\(", text)}
    assert found == set()


def test_a_class_name_means_one_thing() -> None:
    names = Counter(
        node.name for _name, text in product() for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)
    )
    of_wtforms = {"Meta"}  # a form's options bear that name
    assert [name for name, count in names.items() if count > 1 and name not in of_wtforms] == []


def test_settings_are_read_from_the_application() -> None:
    found = {name for name, text in product() if re.search(r"^ *(from|import) config\b", text, re.MULTILINE)}
    assert found == {"__init__.py"}, "the factory, which is given none"


def test_a_setting_that_a_test_changes_is_as_before_in_the_next(app: Flask) -> None:
    before = app.config["SLICE_SIZE"]
    with settings_kept(app):
        app.config["SLICE_SIZE"] = before + 1
    assert app.config["SLICE_SIZE"] == before


def test_every_attribute_is_declared_where_its_class_is_made() -> None:
    """In `__init__` or in the class's body; those of a base class from elsewhere are named here."""
    of_bases = {"Overview._urls", "Server.accepting"}
    found = {
        f"{class_.name}.{attribute}"
        for root in ("mailer", "launcher")
        for path in sorted((ROOT / root).rglob("*.py"))
        for class_ in ast.walk(ast.parse(path.read_text()))
        if isinstance(class_, ast.ClassDef)
        for attribute in _assigned(class_, everywhere=True) - _assigned(class_, everywhere=False)
        if not (attribute == "data" and any("Field" in ast.unparse(base) for base in class_.bases))
    }
    assert found == of_bases


def _assigned(class_: ast.ClassDef, *, everywhere: bool) -> set[str]:
    """Attributes that its methods assign; or those that its body declares and the beginning of an object assigns."""
    found = set()
    for part in class_.body:
        if isinstance(part, ast.AnnAssign | ast.Assign):
            targets = part.targets if isinstance(part, ast.Assign) else [part.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
        if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) or not part.args.args:
            continue
        if part.decorator_list:
            found.add(part.name)  # a property with a setter
        if everywhere or part.name in {"__init__", "__post_init__", "__set_name__"}:
            me = part.args.args[0].arg
            found |= {
                node.attr
                for node in ast.walk(part)
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
                if isinstance(node.value, ast.Name) and node.value.id == me
            }
    return found


@pytest.mark.parametrize("page", ["abc", "0", "-1", "1.5", ""])
def test_a_page_that_is_no_number_is_not_there(app: Flask, page: str) -> None:
    browser = browser_of(app).login(make_user(role=Role.ADMIN))
    lists = ["/articles", "/review", "/blog", "/mailings", "/messages", "/clients/", "/reports", "/manager",
             "/manager/approvals", "/manager/journal"]  # fmt: skip
    assert {path: browser.get(path, query_string={"page": page}).status_code for path in lists} == dict.fromkeys(
        lists, 404
    )
    assert browser.get("/manager?page=1").status_code == 200


def test_a_conflict_that_no_view_catches_is_told_with_409(app: Flask) -> None:
    with app.test_request_context("/"):
        answer = app.make_response(app.handle_user_exception(Conflict("Somebody has changed it.")))
    assert answer.status_code == 409
    assert "Somebody has changed it." in answer.get_data(as_text=True)
