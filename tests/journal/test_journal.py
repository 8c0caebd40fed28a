"""Who did what, when and from where: written by itself, never changed, and any tampering shows."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from mailer.extensions import db
from mailer.journal import add_entry, add_entry_now
from mailer.journal.entries import BEGINNING, link, verify
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.journal_entry import Action, JournalEntry
from mailer.models.user import Role, User
from mailer.sending.runs.start import start_now
from tests.conftest import Browser, browser_of, owner_engine
from tests.factories import PASSWORD, make_client, make_mailing, make_message, make_user, save


def entries(*actions: Action) -> list[JournalEntry]:
    """What was written, the first first; all of it, or of some actions."""
    query = select(JournalEntry).order_by(JournalEntry.id)
    if actions:
        query = query.where(JournalEntry.action.in_(actions))
    return list(db.session.scalars(query))


def test_signing_in_and_failing_to_are_written_down_with_the_place(web: Browser, owner: User) -> None:
    place = {"REMOTE_ADDR": "192.0.2.7"}
    forged = {"X-Forwarded-For": "10.0.0.1"}
    web.post("/login", data={"email": owner.email, "password": "wrong one"}, environ_base=place, headers=forged)
    web.post("/login", data={"email": "nobody@golub.test", "password": "wrong one"}, environ_base=place)
    web.post("/login", data={"email": owner.email, "password": PASSWORD}, environ_base=place)
    web.post("/logout", environ_base=place)
    found = [(entry.action, entry.subject, entry.actor_id, entry.ip) for entry in entries()]
    assert found == [
        (Action.SIGN_IN_REFUSED, f"user {owner.id}", None, "192.0.2.7"),
        (Action.SIGN_IN_REFUSED, "", None, "192.0.2.7"),
        (Action.SIGNED_IN, "", owner.id, "192.0.2.7"),
        (Action.SIGNED_OUT, "", owner.id, "192.0.2.7"),
    ]
    assert "nobody@" not in str([entry.details for entry in entries()]), "people type passwords into the wrong field"
    assert all(entry.request_id for entry in entries())


def test_looking_at_the_things_of_others_is_written_down_once_in_a_while(
    as_manager: Browser, manager: User, owner: User
) -> None:
    client = make_client(owner)
    for _time in range(3):
        assert as_manager.get(f"/clients/{client.id}").status_code == 200
    assert as_manager.get("/clients/?q=Иванов").status_code == 200
    found = [(entry.actor_id, entry.subject, entry.details) for entry in entries(Action.VIEWED)]
    assert found == [
        (manager.id, f"client {client.id}", {"where": "clients.show"}),
        (manager.id, "", {"where": "clients.index", "search": "Иванов"}),
    ]


def test_every_way_to_look_at_the_things_of_others_is_written_down(
    as_manager: Browser, owner: User, stranger: User
) -> None:
    mailing = make_mailing(owner, [make_client(owner)])
    run = start_now(mailing, "form")
    for person in (owner, stranger):
        for path in ("/clients/", "/dashboard", "/dashboard/live"):
            assert as_manager.get(f"{path}?owner={person.id}").status_code == 200
    assert as_manager.get(f"/mailings/{mailing.id}/runs/{run.id}/progress?q=a").status_code == 200
    assert as_manager.get(f"/mailings/{mailing.id}/runs/{run.id}?q=a").status_code == 200, "the same people"
    assert as_manager.post(f"/manager/users/{owner.id}/block").status_code == 422
    assert as_manager.get("/dashboard").status_code == 200, "the manager's own overview"
    found = [(entry.subject, entry.details["where"]) for entry in entries(Action.VIEWED)]
    assert found == [
        *(
            (f"user {person.id}", where)
            for person in (owner, stranger)
            for where in ("clients.index", "home.dashboard")
        ),
        (f"mailing {mailing.id}, run {run.id}", "mailings.run"),
        (f"user {owner.id}", "manager.block"),
    ]


def test_what_staff_looks_at_in_the_panel_and_in_drafts_of_others_is_written_down(
    app: Flask, web: Browser, owner: User
) -> None:
    client = make_client(owner)
    post = save(BlogPost(title="Draft", slug="draft", content="Text", author_id=owner.id, status=PostStatus.AWAITING))
    web.login(make_user(role=Role.ADMIN))
    for place in (
        f"/admin/clients/details/?id={client.id}", f"/admin/clients/?owner_id={owner.id}",
        "/admin/deliveries/?address=ivan@example.test", "/admin/deliveries/?address=anna@example.test",
        f"/articles/{post.id}", f"/admin/posts/preview/?id={post.id}", "/admin/users/export.csv",
    ):  # fmt: skip
        answer = web.get(place)
        answer.close()
        assert answer.status_code == 200, place
    found = [(entry.subject, entry.details) for entry in entries()]
    assert found == [
        (f"clients {client.id}", {"where": "all_clients.details_view"}),
        (f"owner {owner.id}", {"where": "all_clients.index_view"}),
        ("", {"where": "all_deliveries.index_view", "search": "ivan@example.test"}),
        ("", {"where": "all_deliveries.index_view", "search": "anna@example.test"}),
        (f"post {post.id}", {"where": "articles.show"}),
        (f"posts {post.id}", {"where": "posts.preview"}),
        ("", {"where": "all_users.export"}),
    ]


def test_an_owner_at_work_is_written_down_by_changes_only(as_owner: Browser, owner: User) -> None:
    client, message = make_client(owner), make_message(owner)
    as_owner.get(f"/clients/{client.id}")
    as_owner.get("/clients/")
    assert entries() == []
    as_owner.post(f"/clients/{client.id}/delete")
    as_owner.get("/clients/export")
    as_owner.post("/profile", data={"timezone": "UTC", "language": "en"})
    as_owner.post(f"/messages/{message.id}/edit", data={})
    found = [(entry.action, entry.subject) for entry in entries()]
    assert found == [
        (Action.DELETED, f"client {client.id}"),
        (Action.EXPORTED, ""),
        (Action.CHANGED, ""),
    ], "a form that was refused changed nothing"


def test_what_was_refused_is_written_down(as_stranger: Browser, as_manager: Browser, owner: User) -> None:
    mailing = make_mailing(owner)
    assert as_stranger.post(f"/mailings/{mailing.id}/delete").status_code == 404
    assert as_manager.post(f"/mailings/{mailing.id}/delete").status_code == 403
    assert [(entry.action, entry.subject) for entry in entries()] == [
        (Action.NOT_FOUND, f"mailing {mailing.id}"),
        (Action.DENIED, f"mailing {mailing.id}"),
    ]
    for number in range(100, 120):
        as_stranger.get(f"/clients/{number}")
    assert len(entries(Action.NOT_FOUND)) == 2, "trying numbers does not fill the journal"


@pytest.mark.usefixtures("by_the_owner")
@pytest.mark.parametrize(
    "statement",
    ["UPDATE journal SET actor_id = 9", "DELETE FROM journal", "TRUNCATE journal", "DELETE FROM journal WHERE false"],
)
def test_the_database_only_lets_entries_be_added(app: Flask, statement: str) -> None:
    add_entry_now(Action.CHANGED)
    with pytest.raises(IntegrityError, match="append-only"):
        db.session.execute(text(statement))
    db.session.rollback()
    assert len(entries()) == 1


def tamper(statement: str) -> None:
    """What somebody with the rights of the table's owner can do."""
    with owner_engine().begin() as connection:
        connection.execute(text("ALTER TABLE journal DISABLE TRIGGER USER"))
        connection.execute(text(statement))
        connection.execute(text("ALTER TABLE journal ENABLE TRIGGER USER"))


@pytest.mark.parametrize(
    ("statement", "broken_id"),
    [
        ("UPDATE journal SET actor_id = 9 WHERE id = 3", 3),
        ("UPDATE journal SET details = '{\"a\": 2}' WHERE id = 1", 1),
        ("UPDATE journal SET at = at + interval '1 microsecond' WHERE id = 5", 5),
        ("UPDATE journal SET ip = '10.0.0.1', hash = repeat('0', 64) WHERE id = 2", 2),
        ("DELETE FROM journal WHERE id = 4", 5),
        ("DELETE FROM journal WHERE id = 1", 2),
    ],
)
def test_any_tampering_is_found(app: Flask, statement: str, broken_id: int) -> None:
    for number in range(1, 6):
        add_entry_now(Action.CHANGED, f"client {number}", actor_id=number, a=1, b="ж", c=["x", None])
    assert verify().broken_id is None
    tamper(statement)
    assert verify().broken_id == broken_id
    result = app.test_cli_runner().invoke(args=["journal", "verify"])
    assert result.exit_code == 1
    assert str(broken_id) in result.output
    assert "JOURNAL_KEY" in result.output


def test_a_cut_off_end_shows_by_a_hash_kept_elsewhere(app: Flask) -> None:
    for _number in range(3):
        add_entry_now(Action.CHANGED)
    kept = app.test_cli_runner().invoke(args=["journal", "verify"]).output.split()[-1]
    add_entry_now(Action.CHANGED)
    assert app.test_cli_runner().invoke(args=["journal", "verify", "--kept", kept]).exit_code == 0
    tamper("DELETE FROM journal WHERE id > 2")
    assert app.test_cli_runner().invoke(args=["journal", "verify"]).exit_code == 0
    assert app.test_cli_runner().invoke(args=["journal", "verify", "--kept", kept]).exit_code == 1


def test_entries_of_many_at_once_make_one_chain(app: Flask) -> None:
    def write() -> None:
        with app.app_context():
            for number in range(10):
                add_entry(Action.CHANGED, actor_id=number)
                if number % 3:
                    db.session.commit()
                else:
                    db.session.rollback()
            db.session.remove()

    threads = [threading.Thread(target=write) for _writer in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    finding = verify()
    assert (finding.count, finding.broken_id) == (36, None)


def test_an_entry_goes_with_its_transaction(app: Flask, owner: User) -> None:
    owner.name = "Somebody else"
    add_entry(Action.CHANGED, f"user {owner.id}")
    db.session.rollback()
    assert entries() == []


def test_administrators_look_through_it(app: Flask, as_manager: Browser, owner: User) -> None:
    boss = make_user(email="boss@golub.test", role=Role.ADMIN, name="<script>alert(1)</script>", language="en")
    as_admin = browser_of(app).login(boss)
    add_entry_now(Action.CHANGED, "mailing 3, run 4", actor_id=owner.id)
    add_entry_now(Action.BLOCKED, f"user {owner.id}", actor_id=boss.id, reason="<script>alert(2)</script>")
    assert as_manager.get("/manager/journal").status_code == 403
    page = as_admin.get("/manager/journal").text
    assert owner.email in page
    assert "<script>alert" not in page

    def shown(query: str) -> int:
        return as_admin.get(f"/manager/journal?{query}").text.count("data-entry=")

    assert shown("q=mailing 3") == 1
    assert shown("q=owner@") == 1
    assert shown("action=blocked") == 1
    assert shown("from=2001-01-01&to=2001-01-02") == 0
    assert shown("q=%25") == 0
    for bad in ("action=nonsense", "from=nonsense", "to=0001-01-01"):
        assert as_admin.get(f"/manager/journal?{bad}").status_code == 400


def test_entries_without_the_key_are_found_unless_they_are_from_before_it(app: Flask) -> None:
    for _number in range(4):
        add_entry_now(Action.CHANGED)
    rows = [dict(row) for row in db.session.execute(select(JournalEntry.__table__).order_by(text("id"))).mappings()]
    db.session.rollback()

    def write_anew(count: int) -> None:
        """A new chain of bare hashes over the first entries, as whoever owns the table could write it."""
        previous = BEGINNING
        for row in rows:
            previous = link(previous, row, None if row["id"] <= count else app.config["JOURNAL_KEY"])
            tamper(f"UPDATE journal SET hash = '{previous}' WHERE id = {row['id']}")

    write_anew(2)
    assert (verify().broken_id, verify().bare_count) == (None, 2)
    assert ": 2," in app.test_cli_runner().invoke(args=["journal", "verify"]).output
    write_anew(0)
    bare = link(rows[2]["hash"], rows[3], None)
    tamper(f"UPDATE journal SET hash = '{bare}' WHERE id = 4")
    assert verify().broken_id == 4
