"""The exported file: safe in a spreadsheet, and importing again as it was."""

from __future__ import annotations

import csv
import io

import pytest

from mailer.extensions import db
from mailer.models.client import Client, ClientFilter, Suppression, SuppressionReason
from mailer.models.mailing import Audience
from mailer.models.user import User
from mailer.segments.former import tree_of
from tests.clients.conftest import Importer, live_clients
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, save

DANGEROUS = ["=cmd()", "+1", "-1", "@sum", "'=quoted", "''-twice", "'plain"]


def table(web: Browser, query: str = "") -> list[list[str]]:
    answer = web.get("/clients/export" + query)
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    assert answer.data.startswith("\ufeff".encode())
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))


def test_no_cell_begins_like_a_formula(as_owner: Browser, owner: User) -> None:
    for value in DANGEROUS:
        make_client(owner, last_name=value, comment=value, attributes={"x": value})
    make_client(owner, "+plus@example.test")
    cells = [cell for row in table(as_owner) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_only_the_choice_is_exported(as_owner: Browser, owner: User, stranger: User) -> None:
    make_client(owner, "anna@example.test", tags=["vip"])
    make_client(owner, "boris@example.test")
    make_client(stranger, "theirs@example.test", tags=["vip"])
    assert [row[0] for row in table(as_owner, "?tag=vip")[1:]] == ["anna@example.test"]
    assert as_owner.get("/clients/export?sort=nothing").status_code == 400


@pytest.mark.parametrize(
    ("state", "expected"), [("subscribed", "yes@example.test"), ("unsubscribed", "no@example.test")]
)
def test_the_state_of_an_address_chooses_everywhere(as_owner: Browser, owner: User, state: str, expected: str) -> None:
    for name in ("yes", "no"):
        make_client(owner, f"{name}@example.test")
    save(Suppression(owner_id=owner.id, email_key="no@example.test", reason=SuppressionReason.UNSUBSCRIBED))
    assert [row[0] for row in table(as_owner, f"?state={state}")[1:]] == [expected]
    chosen = save(ClientFilter(owner_id=owner.id, name="by state", tree=tree_of({"subscription": state})))
    assert [row[0] for row in table(as_owner, f"?filter={chosen.id}")[1:]] == [expected]
    mailing = make_mailing(owner, audience=Audience.FILTER, filter_id=chosen.id)
    for page in ("", "/edit"):
        answer = as_owner.get(f"/mailings/{mailing.id}{page}")
        assert answer.status_code == 200, page


def facts(clients: list[Client]) -> list[tuple[object, ...]]:
    return sorted(
        (
            c.email,
            c.last_name,
            c.first_name,
            c.patronymic,
            c.birth_year,
            c.comment,
            c.tags,
            sorted(c.attributes.items()),
        )
        for c in clients
    )


def test_what_was_exported_imports_as_it_was(importer: Importer, owner: User) -> None:
    make_client(
        owner, "Anna@example.test", first_name="Анна", birth_year=1990, tags=["a b", "в"], attributes={"Город": "Омск"}
    )
    make_client(
        owner, "b@example.test", comment='a;"b"\nвторая \\ строка', tags=['q"uo\\te'], attributes={"Скидка": '=5 "\\n"'}
    )
    for number, value in enumerate(DANGEROUS):
        make_client(owner, f"d{number}@example.test", last_name=value)
    before = facts(live_clients())
    exported = importer.web.get("/clients/export").data
    db.session.execute(db.delete(Client))
    db.session.commit()
    done = importer.run(exported)
    assert (done.created_count, done.rejected_count) == (len(before), 0)
    assert facts(live_clients()) == before
