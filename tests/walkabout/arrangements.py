"""What must be so for some pages to offer all they can: a run under way, work for staff, a service that moved."""

from __future__ import annotations

import time

from mailer.signup.proof_of_work import SHORTEST_SECONDS
from mailer.signup.questions import TRAP
from tests.signup.conftest import fields_in, solved
from tests.waiting import wait_until
from tests.walkabout.walk import LEAVER, Walk
from tests.walkabout.walked_service import WalkedService

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
KEPT_BLOCKS = (
    "INSERT INTO own_blocks (owner_id, name, blocks, created_at) VALUES (%s, 'Kept', '[]', now()) RETURNING id"
)
LONG_LOOK = """
    INSERT INTO examinations (owner_id, message_id, kind, message_version, state, result, created_at, moved_at)
    VALUES (%s, %s, 'people', 1, 'running', '{}', now(), now() + interval '1 hour') RETURNING id
"""
A_PICTURE = """
    INSERT INTO pictures (owner_id, public_id, digest, extension, name, width, height, size, created_at)
    VALUES (%s, md5(random()::text), repeat('0', 64), 'png', 'Kept', 1, 1, 1, now()) RETURNING public_id
"""
SHOWS_IT = "UPDATE messages SET html_body = '<img src=\"http://a.test/i/' || %s || '.png\">' WHERE id = %s RETURNING id"
A_FIELD = "SELECT max(id) FROM client_fields WHERE owner_id = %s AND archived_at IS NULL"
TWO_CLIENTS = """
    SELECT id FROM clients WHERE owner_id = %s AND deleted_at IS NULL
    AND (owner_id, email_key) NOT IN (SELECT owner_id, email_key FROM suppressions) ORDER BY id LIMIT 2
"""
ANYBODY = "UPDATE users SET only_confirmed = false WHERE id = %s RETURNING id"
A_MAIL_SENT = """
    SELECT clients.token, left(runs.token::text, 8)
    FROM deliveries JOIN runs ON runs.id = run_id JOIN clients ON clients.id = client_id
    WHERE deliveries.state = 'accepted' AND runs.owner_id = %s ORDER BY runs.id DESC LIMIT 1
"""
ALIKE = """
    INSERT INTO clients (owner_id, email, email_key, last_name, first_name, patronymic, comment, tags, attributes)
    SELECT %s, mailbox, mailbox, 'Двойник', 'Пётр', '', '', '{}', '{}'
    FROM unnest(ARRAY['%s@alike.test', '%s+news@alike.test']) AS mailbox RETURNING id
"""
A_FACTOR = """
    INSERT INTO second_factors (user_id, secret, last_step, recovery_hashes, created_at)
    VALUES (%s, 'lost', 0, '{}', now()) RETURNING user_id
"""
A_DAY = """
    INSERT INTO domain_days (run_id, day, domain, figure, words, owner_id, count)
    SELECT id, '2026-01-01', 'walkabout.test', 'accepted', 'x', owner_id, 1 FROM runs WHERE owner_id = %s LIMIT 1
    RETURNING run_id
"""
A_HOLD = """
    INSERT INTO run_holds (run_id, name, until)
    SELECT id, 'walkabout.test', now() FROM runs WHERE owner_id = %s LIMIT 1 RETURNING run_id
"""
A_WAVE = """
    INSERT INTO waves (run_id, number, planned_at, timezone, zone_count, client_count, opens_at)
    SELECT id, 1, now(), 'Asia/Tokyo', 1, 1, now() FROM runs WHERE owner_id = %s LIMIT 1 RETURNING run_id
"""
HEARD = "UPDATE recipient_paces SET heard_at = now(), heard = 'unusual rate' WHERE name = %s RETURNING name"
REFUSED = "SELECT mailing_id, id FROM runs WHERE refused_count > 0 ORDER BY id LIMIT 1"

AN_EXCHANGER = """
    INSERT INTO mail_exchangers (domain, host, group_name, seen_at, answered_at, look_due_at)
    SELECT 'walkabout.test', 'aspmx.l.google.com', 'gmail', now(), now(), now() + interval '7 days'
    FROM users WHERE id = %s RETURNING domain
"""
# Rows that nothing else here makes, and where the panel shows each (it doubles a dot in a key).
ROWS = (
    (KEPT_BLOCKS, "own_blocks/details/?id=%s"),
    (A_DAY, "domain_days/details/?id=%s,2026-01-01,walkabout..test,accepted,x"),
    (A_WAVE, "waves/details/?id=%s,1"),
    (AN_EXCHANGER, "mail_exchangers/details/?id=walkabout..test&for=%s"),
    (A_HOLD, "run_holds/details/?id=%s,walkabout..test"),
)


def arrange(walked: WalkedService, walks: dict[str, Walk]) -> None:
    """After everybody has sent forms."""
    stop_a_run(walked, walks[LEAVER], walks["manager"])
    [(recipient,)] = walked.service.rows(SENT_TO)
    walks["anonymous"].look(next(link for link in walked.mail_links(recipient) if link.startswith("/u/")))
    walked.fill(walks["newcomer"], "/clients/new", "clients.new")
    [(field,)] = walked.service.rows(A_FIELD, walked.id_of(walks["newcomer"].visitor.person.logins[0][0]))
    for kind in ("number", "date"):  # one of them is another type than it has
        walks["newcomer"].look(f"/clients/fields/{field}/type?type={kind}")
    message = walked.fill(walks["newcomer"], "/messages/new", "messages.create")
    deleted = walked.fill_on(walks["newcomer"], walks["newcomer"].look(message), "messages.delete")
    walked.fill_on(walks["newcomer"], deleted, "messages.restore")
    hand_in(walked, walks["newcomer"], 2)
    decide(walked, walks)
    put_a_run_off(walked, walks["user"])
    go_through_a_series(walked, walks)
    sign_up(walked, walks)
    own_a_domain(walked, walks)
    look_a_message_over(walked, walks)
    owner = walked.id_of(walks["user"].visitor.person.logins[0][0])
    for statement, details in ROWS:
        [(key,)] = walked.service.rows(statement, owner)
        walks["admin"].look(f"/admin/{details % key}")
    reset_a_second_factor(walked, walks["admin"], walks[LEAVER])
    set_a_pace(walked, walks["admin"])
    warm_a_domain_up(walked, walks["admin"])
    find_duplicates(walked, walks)
    ask_for_links(walked, walks["anonymous"], "/forgot", "auth.forgot")
    move(walked, walks["admin"])
    [(mailing, run)] = walked.service.rows(REFUSED)
    walks["user"].look(f"/mailings/{mailing}/runs/{run}")
    for link in ask_for_links(walked, walks["user"], "/profile/addresses", "auth.addresses"):
        walked.fill(walks["user"], link, "auth.do_confirm_own_address")  # the panel shows those that are confirmed
    path = walked.findings.pages["user"]["messages.edit"]
    walked.fill(walks["user"], path, "messages.edit", draft="1")
    walks["user"].look(path)  # which offers to go on with the draft
    path = walked.findings.pages["editor"]["posts.edit_view"]
    walks["editor"].look(path.replace("/edit/", "/details/"))  # no link leads there


def decide(walked: WalkedService, walks: dict[str, Walk]) -> None:
    """Staff says yes and no; an author changes what is published, and thinks better of it."""
    for yes_or_no in ("approve", "reject"):
        hand_in(walked, walks["newcomer"], 1)
        [(post,)] = walked.service.rows("SELECT max(id) FROM blog_posts WHERE status = 'awaiting'")
        walked.fill(walks["editor"], f"/review/{post}", f"review.{yes_or_no}")
        [(approval,)] = walked.service.rows("SELECT max(id) FROM approvals")
        walked.fill(walks["manager"], f"/manager/approvals/{approval}", f"manager.{yes_or_no}")
        if yes_or_no == "approve":
            walked.fill(walks["newcomer"], f"/articles/{post}/edit", "articles.edit", do="submit")
            walked.fill(walks["newcomer"], f"/articles/{post}", "articles.drop_change")


def put_a_run_off(walked: WalkedService, owner: Walk) -> None:
    """A run that is still to come is moved by hand; its mailing pauses, and goes on."""
    mailing = walked.fill(owner, "/mailings/new", "mailings.create")
    walked.fill(owner, f"{mailing}/move", "mailings.move")
    walked.fill(owner, mailing, "mailings.pause")
    walked.fill(owner, mailing, "mailings.resume")


def go_through_a_series(walked: WalkedService, walks: dict[str, Walk]) -> None:
    """Two people are put in; one is taken out, one moved on; a manager switches it off and on."""
    owner, manager, newcomer = walks["user"], walks["manager"], walks["newcomer"]
    series = walked.fill(newcomer, "/series/new", "series.create")
    walked.fill(newcomer, f"{series}/start", "series.start")
    walked.fill(newcomer, series, "series.ask_for_approval")  # of each of this person's a manager is asked
    by_hand = {"steps-0-count": "5", "entry": "hand"}  # who would enter by themselves cannot be put in
    series = walked.fill(owner, "/series/new", "series.create", **by_hand)
    walked.fill(owner, f"{series}/start", "series.start")
    number, owner_id = series.rpartition("/")[2], walked.id_of(owner.visitor.person.logins[0][0])
    walked.service.rows(ANYBODY, owner_id)  # a long walk ticks the box that keeps the unconfirmed out
    for (client,) in walked.service.rows(TWO_CLIENTS, owner_id):
        path = f"/series/put-in?series={number}&client={client}"
        walked.fill(owner, path, "series.put_in", confirmed=f"{number}:1")
    walked.fill(owner, f"{series}/people", "series.take_out")
    walked.fill(owner, f"{series}/people", "series.move_on")
    walked.fill(manager, f"/manager{series}/disable", "manager.disable_series")
    walked.fill(manager, series, "manager.enable_series")
    [(enrolment,)] = walked.service.rows("SELECT max(id) FROM enrolments")
    walks["admin"].look(f"/admin/enrolments/details/?id={enrolment}")


def sign_up(walked: WalkedService, walks: dict[str, Walk]) -> None:
    """Somebody signs up and confirms, looks at a mail in the browser, and chooses topics."""
    owner, stranger, email = walks["user"], walks["anonymous"], "somebody-new@walkabout.test"
    form = walked.fill(owner, "/clients/forms/new", "sign_up_forms.new")
    [(token,)] = walked.service.rows("SELECT token FROM sign_up_forms WHERE id = %s", form.rpartition("/")[2])
    challenge = fields_in(stranger.visitor.get(f"/s/{token}", "a form").text)["challenge"]
    time.sleep(SHORTEST_SECONDS)  # nobody types faster
    answers = {"email": email, "challenge": challenge, "proof": solved(challenge), TRAP: ""}
    sent = walked.fill_on(stranger, stranger.visitor.get(f"/s/{token}", "a form"), "sign_up.ask", **answers)
    walked.fill_on(stranger, sent, "sign_up.again")
    [(consent,)] = walked.service.rows("SELECT max(id) FROM consent_texts WHERE form_id = %s", form.rpartition("/")[2])
    stranger.look(f"/s/{token}/consent/{consent}")
    wait_until(lambda: any("/s/confirm/" in link for link in walked.mail_links(email)))
    link = next(link for link in walked.mail_links(email) if "/s/confirm/" in link)
    walked.fill(stranger, link, "sign_up.confirm")
    [(sign_up_id,)] = walked.service.rows("SELECT max(id) FROM sign_ups")
    walks["admin"].look(f"/admin/sign_ups/details/?id={sign_up_id}")
    [(client, code)] = walked.service.rows(A_MAIL_SENT, walked.id_of(owner.visitor.person.logins[0][0]))
    walked.fill(stranger, f"/u/{client}/preferences", "preferences.topics")
    for page in ("view", "view.html"):
        stranger.look(f"/u/{client}/{code}/{page}")


def own_a_domain(walked: WalkedService, walks: dict[str, Walk]) -> None:
    """A domain is added; as if the DNS had shown its records, it is used, left, and given another key."""
    owner = walks["user"]
    domain = walked.fill(owner, "/domains/", "domains.index")
    number = domain.rpartition("/")[2]
    wait_until(lambda: walked.service.rows("SELECT id FROM domain_keys WHERE domain_id = %s", number))
    walked.service.rows("UPDATE sending_domains SET proven_at = now() WHERE id = %s RETURNING id", number)
    [(key,)] = walked.service.rows(
        "UPDATE domain_keys SET signs_since = now() WHERE domain_id = %s RETURNING id", number
    )
    for name in ("check", "use", "leave", "rotate"):
        walked.fill(owner, domain, f"domains.{name}")
    for table, row in (("sending_domains", number), ("domain_keys", key)):
        walks["admin"].look(f"/admin/{table}/details/?id={row}")


def reset_a_second_factor(walked: WalkedService, admin: Walk, loser: Walk) -> None:
    """Of somebody who lost their codes: those who set one up as they walk may have none by the time staff comes by."""
    [(user,)] = walked.service.rows(A_FACTOR, walked.id_of(loser.visitor.person.logins[0][0]))
    walked.fill(admin, f"/manager/users/{user}", "manager.reset_second_factor")


def set_a_pace(walked: WalkedService, admin: Walk) -> None:
    """A provider gets so many mails a minute; what it said of that is forgotten, and then the rule."""
    name = "walkabout.test"
    walked.fill(admin, "/operations/paces", "paces.set_rule", name=name, per_minute="5")
    walked.service.rows(HEARD, name)
    admin.look(f"/admin/recipient_paces/details/?id={name.replace('.', '..')}")
    walked.fill(admin, "/operations/paces", "paces.end_rest")
    walked.fill(admin, "/operations/paces", "paces.end_rule")


def warm_a_domain_up(walked: WalkedService, admin: Walk) -> None:
    """The domain of the service; its growth is paused and goes on, and it is ended, gone on with and ended again."""
    domain = walked.service.rows("SELECT name FROM sending_domains WHERE proven_at IS NOT NULL LIMIT 1")[0][0]
    page = walked.fill(admin, "/operations/warm-ups", "warm_ups.start", domain=domain)
    number = page.rpartition("/")[2]
    asked = f"{page}/plan?growth_percent=40&target_count=40000"
    walked.fill(admin, asked, "warm_ups.change_plan")
    for name in ("pause", "resume", "end", "go_on", "end"):
        walked.fill(admin, page, f"warm_ups.{name}")
    admin.look(f"/admin/warm_ups/details/?id={number}")
    [(day,)] = walked.service.rows("SELECT max(day)::text FROM warm_up_days WHERE warm_up_id = %s", number)
    admin.look(f"/admin/warm_up_days/details/?id={number},gmail,{day}")


def find_duplicates(walked: WalkedService, walks: dict[str, Walk]) -> None:
    """Two are not one person, or so it is said and taken back and said again; two others are merged."""
    owner, admin = walks["user"], walks["admin"]
    account = walked.id_of(owner.visitor.person.logins[0][0])
    pairs = [walked.service.rows(ALIKE.replace("'%s", f"'{name}"), account) for name in ("one", "two")]
    for _again in range(2):
        said = walked.fill_on(owner, owner.look("/clients/duplicates/"), "clients.duplicates.keep_apart")
        if not _again:
            walked.fill_on(owner, said, "clients.duplicates.propose_again")
    asked = "&".join(f"id={client}" for (client,) in pairs[1])
    walked.fill(owner, f"/clients/duplicates/merge?{asked}", "clients.duplicates.compare")
    for table in ("clients_apart", "client_merges"):
        [(row,)] = walked.service.rows(f"SELECT max(id) FROM {table}")
        admin.look(f"/admin/{table}/details/?id={row}")


def look_a_message_over(walked: WalkedService, walks: dict[str, Walk]) -> None:
    """Its links are asked; a look at everybody's mail that takes long is stopped; and its picture travels inside."""
    owner = walks["user"]
    account = walked.id_of(owner.visitor.person.logins[0][0])
    message = walked.fill(owner, "/messages/new", "messages.create")
    number = message.rpartition("/")[2]
    walked.fill(owner, f"{message}/check", "messages.examine")
    owner.look(f"{message}/check/links")  # as its page does every second
    walked.service.rows("DELETE FROM examinations WHERE message_id = %s AND kind = 'people' RETURNING id", number)
    [(look,)] = walked.service.rows(LONG_LOOK, account, number)
    walked.fill(owner, f"{message}/check", "messages.cancel_examination")
    walks["admin"].look(f"/admin/examinations/details/?id={look}")
    [(picture,)] = walked.service.rows(A_PICTURE, account)
    walked.service.rows(SHOWS_IT, picture, number)
    walked.fill(owner, f"{message}/files", "messages.inline_pictures")


def arrange_last(walked: WalkedService, walks: dict[str, Walk]) -> None:
    """Before everybody goes, and after the last change of a password, which would end the links."""
    user = walks["user"]
    walked.visitor("user", *user.visitor.person.logins[0])  # at another device
    user.look("/profile/sessions")
    for link in ask_for_links(walked, user, "/profile/email", "auth.email"):
        user.look(link)


def stop_a_run(walked: WalkedService, owner: Walk, manager: Walk) -> None:
    """Begin to send to many people, look how it goes, and stop it; the next time a manager does."""
    walked.service.rows(MANY, walked.id_of(owner.visitor.person.logins[0][0]))
    walked.fill(owner, "/messages/new", "messages.create")
    mailing = walked.fill(owner, "/mailings/new", "mailings.create")
    walked.fill(owner, f"{mailing}/send-now", "mailings.send_now")
    [(run,)] = walked.service.rows("SELECT max(id) FROM runs WHERE mailing_id = %s", mailing.rpartition("/")[2])
    owner.look(f"{mailing}/runs/{run}/progress")  # as its page does every second
    wait_until(lambda: walked.service.rows(SOME_SENT, run))
    walked.fill(owner, mailing, "mailings.stop")
    wait_until(lambda: not walked.service.rows(GOING, run))
    walked.fill(owner, f"{mailing}/send-now", "mailings.send_now")
    [(run,)] = walked.service.rows("SELECT max(id) FROM runs WHERE mailing_id = %s", mailing.rpartition("/")[2])
    walked.fill(manager, f"/manager{mailing}/runs/{run}/stop", "manager.stop_run")


def hand_in(walked: WalkedService, author: Walk, count: int) -> None:
    """Mailings and articles for staff to say yes and no to."""
    for _each in range(count):
        mailing = walked.fill(author, "/mailings/new", "mailings.create")
        walked.fill(author, mailing, "mailings.ask_for_approval")
        walked.fill(author, "/articles/new", "articles.create", do="submit")


def ask_for_links(walked: WalkedService, walk: Walk, path: str, endpoint: str) -> set[str]:
    """By a form that sends one to an address, and wait for the mail; the links in it that confirm."""
    person = walk.visitor.person
    before = set(walked.mail_links(*person.addresses))
    walked.fill(walk, path, endpoint)
    wait_until(lambda: set(walked.mail_links(*person.addresses)) - before)
    return {link for link in set(walked.mail_links(*person.addresses)) - before if "confirm" in link}


def move(walked: WalkedService, admin: Walk) -> None:
    """To another machine: an administrator says that this is the true one."""
    walked.service.rows("UPDATE instances SET host = 'another machine'")
    walked.fill(admin, "/operations", "operations.confirm_instance")
