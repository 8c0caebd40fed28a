"""What must be so for some pages to offer all they can: a run under way, work for staff, a service that moved."""

from __future__ import annotations

from tests.waiting import wait_until
from tests.walkabout.town import Town
from tests.walkabout.walk import LEAVER, Walk

MANY = """
    INSERT INTO clients (owner_id, email, email_key, last_name, first_name, patronymic, comment, tags, attributes)
    SELECT %s, 'n' || n || '@many.test', 'n' || n || '@many.test', 'Иванов', 'Пётр', '', '', '{}', '{}'
    FROM generate_series(1, 6000) AS n
"""  # a run to them takes seconds
GOING = "SELECT id FROM runs WHERE id = %s AND closed_at IS NULL"
SOME_SENT = "SELECT id FROM runs WHERE id = %s AND accepted_count > 0"
SENT_TO = (
    "SELECT email FROM deliveries WHERE right(email, 10) = '@many.test' AND state = 'accepted' ORDER BY run_id LIMIT 1"
)
REFUSED = "SELECT mailing_id, id FROM runs WHERE refused_count > 0 ORDER BY id LIMIT 1"


def arrange(town: Town, walks: dict[str, Walk]) -> None:
    """After everybody has sent forms."""
    stop_a_run(town, walks[LEAVER], walks["manager"])
    [(recipient,)] = town.service.rows(SENT_TO)
    walks["anonymous"].look(next(link for link in town.letters(recipient) if link.startswith("/u/")))
    town.fill(walks["newcomer"], "/clients/new", "clients.new")
    town.fill(walks["newcomer"], "/messages/new", "messages.create")
    hand_in(town, walks["newcomer"], 2)
    decide(town, walks)
    ask_for_links(town, walks["anonymous"], "/forgot", "auth.forgot")
    move(town, walks["admin"])
    [(mailing, run)] = town.service.rows(REFUSED)
    walks["user"].look(f"/mailings/{mailing}/runs/{run}")
    for link in ask_for_links(town, walks["user"], "/profile/addresses", "auth.addresses"):
        town.fill(walks["user"], link, "auth.do_confirm_own_address")  # the panel shows those that are confirmed
    path = town.findings.pages["user"]["messages.edit"]
    town.fill(walks["user"], path, "messages.edit", draft="1")
    walks["user"].look(path)  # which offers to go on with the draft
    path = town.findings.pages["editor"]["posts.edit_view"]
    walks["editor"].look(path.replace("/edit/", "/details/"))  # no link leads there


def decide(town: Town, walks: dict[str, Walk]) -> None:
    """Staff says yes and no; an author changes what is published, and thinks better of it."""
    for yes_or_no in ("approve", "reject"):
        hand_in(town, walks["newcomer"], 1)
        [(post,)] = town.service.rows("SELECT max(id) FROM blog_posts WHERE status = 'awaiting'")
        town.fill(walks["editor"], f"/review/{post}", f"review.{yes_or_no}")
        [(approval,)] = town.service.rows("SELECT max(id) FROM approvals")
        town.fill(walks["manager"], f"/manager/approvals/{approval}", f"manager.{yes_or_no}")
        if yes_or_no == "approve":
            town.fill(walks["newcomer"], f"/articles/{post}/edit", "articles.edit", do="submit")
            town.fill(walks["newcomer"], f"/articles/{post}", "articles.drop_change")


def arrange_last(town: Town, walks: dict[str, Walk]) -> None:
    """Before everybody goes, and after the last change of a password, which would end the links."""
    user = walks["user"]
    town.visitor("user", *user.visitor.person.logins[0])  # at another device
    user.look("/profile/sessions")
    for link in ask_for_links(town, user, "/profile/email", "auth.email"):
        user.look(link)


def stop_a_run(town: Town, owner: Walk, manager: Walk) -> None:
    """Begin to send to many people, look how it goes, and stop it; the next time a manager does."""
    town.service.rows(MANY, town.id_of(owner.visitor.person.logins[0][0]))
    town.fill(owner, "/messages/new", "messages.create")
    mailing = town.fill(owner, "/mailings/new", "mailings.create")
    town.fill(owner, f"{mailing}/send-now", "mailings.send_now")
    [(run,)] = town.service.rows("SELECT max(id) FROM runs WHERE mailing_id = %s", mailing.rpartition("/")[2])
    owner.look(f"{mailing}/runs/{run}/progress")  # as its page does every second
    wait_until(lambda: town.service.rows(SOME_SENT, run))
    town.fill(owner, mailing, "mailings.stop")
    wait_until(lambda: not town.service.rows(GOING, run))
    town.fill(owner, f"{mailing}/send-now", "mailings.send_now")
    [(run,)] = town.service.rows("SELECT max(id) FROM runs WHERE mailing_id = %s", mailing.rpartition("/")[2])
    town.fill(manager, f"/manager{mailing}/runs/{run}/stop", "manager.stop_run")


def hand_in(town: Town, author: Walk, count: int) -> None:
    """Mailings and articles for staff to say yes and no to."""
    for _each in range(count):
        mailing = town.fill(author, "/mailings/new", "mailings.create")
        town.fill(author, mailing, "mailings.ask_for_approval")
        town.fill(author, "/articles/new", "articles.create", do="submit")


def ask_for_links(town: Town, walk: Walk, path: str, endpoint: str) -> set[str]:
    """By a form that sends one to an address, and wait for the mail; the links in it that confirm."""
    person = walk.visitor.person
    before = set(town.letters(*person.addresses))
    town.fill(walk, path, endpoint)
    wait_until(lambda: set(town.letters(*person.addresses)) - before)
    return {link for link in set(town.letters(*person.addresses)) - before if "confirm" in link}


def move(town: Town, admin: Walk) -> None:
    """To another machine: an administrator says that this is the true one."""
    town.service.rows("UPDATE instances SET host = 'another machine'")
    town.fill(admin, "/operations", "operations.confirm_instance")
