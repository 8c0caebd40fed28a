"""Who must not be written to: as a column of a file, and for many at once."""

from __future__ import annotations

from typing import Any

import pytest

from mailer.extensions import db
from mailer.models.client import Client, Suppression
from mailer.models.user import User
from mailer.preferences.own_data import about
from tests.clients.conftest import Importer, live_clients
from tests.conftest import Browser
from tests.factories import make_client, save


def reasons() -> dict[str, str]:
    db.session.expire_all()
    return {one.email_key: one.reason.value for one in db.session.scalars(db.select(Suppression))}


def test_a_column_of_states_is_found_and_kept(importer: Importer) -> None:
    text = "email;Статус\na@x.test;подписан\nb@x.test;отписан\nc@x.test;нет\nd@x.test;cleaned\ne@x.test;\n"
    importer.run(text)
    assert len(live_clients()) == 5
    assert reasons() == {"b@x.test": "unsubscribed", "c@x.test": "manual", "d@x.test": "bad-address"}


def test_a_column_that_asks_the_other_way_round(importer: Importer) -> None:
    importer.run("email;Отписан\na@x.test;да\nb@x.test;нет\nc@x.test;01.02.2024\n")
    assert reasons() == {"a@x.test": "unsubscribed", "c@x.test": "unsubscribed"}


def test_a_status_of_another_kind_is_a_detail(importer: Importer) -> None:
    importer.run("email;Статус\na@x.test;постоянный\nb@x.test;нет\n")
    assert reasons() == {} and live_clients()[0].attributes == {"Статус": "постоянный"}


def test_a_word_that_says_neither_keeps_its_row_out(importer: Importer, problems: Any) -> None:
    rows = "".join(f"a{n}@x.test;yes\n" for n in range(1100))
    done = importer.run(f"email;subscribed\n{rows}b@x.test;maybe\n")
    assert problems(done) == [(1102, "subscribed", "subscription_unknown")]


def test_a_file_never_takes_a_persons_word_back(importer: Importer, owner: User) -> None:
    make_client(owner, "a@x.test")
    save(Suppression(owner_id=owner.id, email_key="a@x.test", reason="unsubscribed"))
    save(Suppression(owner_id=owner.id, email_key="b@x.test", reason="manual"))
    importer.run("email;status\na@x.test;subscribed\nb@x.test;unsubscribed\n", existing="leave")
    assert reasons() == {"a@x.test": "unsubscribed", "b@x.test": "unsubscribed"}


def test_undoing_an_import_takes_back_what_it_alone_said(importer: Importer, web: Browser, owner: User) -> None:
    """But not what a person said by their link since, nor the owner by hand, nor what was so before."""
    kept_id = make_client(owner, "before@x.test").id
    save(Suppression(owner_id=owner.id, email_key="before@x.test", reason="unsubscribed"))
    rows = "".join(f"{name}@x.test;unsubscribed\n" for name in ("before", "person", "hand", "many", "file"))
    done = importer.run(f"email;status\n{rows}")
    ids = {client.email_key: client.id for client in live_clients()}
    token = db.session.get_one(Client, ids["person@x.test"]).token
    assert web.post(f"/u/{token}").status_code == 303
    assert importer.web.post(f"/clients/{ids['hand@x.test']}/suppress").status_code == 303
    importer.web.post("/clients/bulk", data={"action": "suppress", "ids": [ids["many@x.test"]]})
    answer = importer.web.post(f"/clients/import/{done.id}/undo", follow_redirects=True)
    assert "снова" in answer.text
    assert [client.id for client in live_clients()] == [kept_id]
    assert set(reasons()) == {f"{name}@x.test" for name in ("before", "person", "hand", "many")}
    assert reasons()["person@x.test"] == "unsubscribed"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_export_says_it_and_imports_again(importer: Importer, owner: User, language: str) -> None:
    importer.web.post("/language", data={"language": language})
    expected = {"a@x.test": "unsubscribed", "b@x.test": "manual", "c@x.test": "bad-address"}
    for email in (*expected, "d@x.test"):
        make_client(owner, email)
    for email, reason in expected.items():
        save(Suppression(owner_id=owner.id, email_key=email, reason=reason))
    exported = importer.web.get("/clients/export").data
    db.session.execute(db.delete(Suppression))
    db.session.execute(db.delete(Client))
    db.session.commit()
    importer.run(exported)
    assert reasons() == expected and len(live_clients()) == 4


def test_many_are_left_out_and_taken_in_again(as_owner: Browser, owner: User, stranger: User) -> None:
    clients = [make_client(owner, f"{n}@x.test") for n in range(4)]
    foreign = make_client(stranger, "0@x.test")
    save(Suppression(owner_id=owner.id, email_key="0@x.test", reason="unsubscribed"))
    ids = [*(client.id for client in clients[:3]), foreign.id]
    assert as_owner.post("/clients/bulk", data={"action": "suppress", "ids": ids}).status_code == 303
    assert reasons() == {"0@x.test": "unsubscribed", "1@x.test": "manual", "2@x.test": "manual"}
    assert db.session.scalars(db.select(Suppression.owner_id).distinct()).all() == [owner.id]
    assert as_owner.post("/clients/bulk", data={"action": "unsuppress", "everyone": "1"}).status_code == 303
    assert reasons() == {"0@x.test": "unsubscribed"}


def test_an_import_asks_how_people_agreed_and_their_page_tells_it(importer: Importer) -> None:
    address, form = importer.preview("email\nann@example.test\n")
    assert importer.web.post(address, data=form | {"consent": " "}).status_code == 422
    importer.run("email\nann@example.test\n", consent="A paper form at the fair")
    (client,) = live_clients()
    assert "A paper form at the fair" in importer.web.get(f"/clients/{client.id}").text
    assert about(client)["imported"][0]["agreed_by"] == "A paper form at the fair", "and they see it themselves"
    again, _form = importer.preview("email\nbob@example.test\n")
    assert 'value="A paper form at the fair"' in importer.web.get(again).text, "asked once"
