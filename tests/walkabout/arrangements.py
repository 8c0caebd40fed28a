"""What must be so for some pages to offer all they can: a run under way, work for staff, a service that moved."""

from __future__ import annotations

from tests.chromium.conftest import wait_until
from tests.walkabout.town import Town
from tests.walkabout.walk import LEAVER, Walk

MANY = """
    INSERT INTO clients (owner_id, email, email_key, last_name, first_name, patronymic, comment, tags, attributes)
    SELECT %s, 'n' || n || '@many.test', 'n' || n || '@many.test', 'Иванов', 'Пётр', '', '', '{}', '{}'
    FROM generate_series(1, 6000) AS n
"""  # a run to them takes seconds
REFUSED = "SELECT mailing_id, id FROM runs WHERE refused_count > 0 ORDER BY id LIMIT 1"


def arrange(town: Town, walks: dict[str, Walk]) -> None:
    """All of it."""
    stop_a_run(town, walks[LEAVER])
    hand_in(town, walks["newcomer"])
    ask_for_a_password(town, walks["anonymous"])
    move(town, walks["admin"])
    [(mailing, run)] = town.service.rows(REFUSED)
    walks["user"].look(f"/mailings/{mailing}/runs/{run}")
    path = town.findings.pages["editor"]["posts.edit_view"]
    walks["editor"].look(path.replace("/edit/", "/details/"))  # no link leads there


def stop_a_run(town: Town, owner: Walk) -> None:
    """Begin to send to many people, look how it goes, and stop it."""
    town.service.rows(MANY, town.id_of(owner.visitor.person.logins[0][0]))
    town.fill(owner, "/messages/new", "messages.create")
    mailing = town.fill(owner, "/mailings/new", "mailings.create")
    town.fill(owner, f"{mailing}/send-now", "mailings.send_now")
    [(run,)] = town.service.rows("SELECT max(id) FROM runs WHERE mailing_id = %s", mailing.rpartition("/")[2])
    owner.look(f"{mailing}/runs/{run}/progress")  # as its page does every second
    town.fill(owner, mailing, "mailings.stop")


def hand_in(town: Town, author: Walk) -> None:
    """Mailings and articles for staff to say yes and no to."""
    town.fill(author, "/clients/new", "clients.new")
    town.fill(author, "/messages/new", "messages.create")
    for _each in range(3):
        mailing = town.fill(author, "/mailings/new", "mailings.create")
        town.fill(author, mailing, "mailings.ask_for_approval")
        town.fill(author, "/articles/new", "articles.create", do="submit")


def ask_for_a_password(town: Town, visitor: Walk) -> None:
    """Forget it, and wait for the mail."""
    address = visitor.visitor.person.logins[0][0]
    before = len(town.letters(address))
    town.fill(visitor, "/forgot", "auth.forgot")
    wait_until(lambda: len(town.letters(address)) > before)


def move(town: Town, admin: Walk) -> None:
    """To another machine: an administrator says that this is the true one."""
    town.service.rows("UPDATE instances SET host = 'another machine'")
    town.fill(admin, "/operations", "operations.confirm_instance")
