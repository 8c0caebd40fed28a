"""One owner with one of each thing, and a browser for everybody who may ask for it."""

from __future__ import annotations

import uuid
from datetime import time, timedelta
from pathlib import Path
from typing import Any, cast

from flask import Flask

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.letters.document import blocks_to_json, to_json
from mailer.letters.starters import starter
from mailer.messages import letter_desk
from mailer.models.account_email import AccountEmail
from mailer.models.approval import Approval
from mailer.models.attachment import Attachment, FileContent
from mailer.models.attempt import Attempt
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.client import ClientFilter, Suppression
from mailer.models.client_field import ClientField
from mailer.models.client_import import ClientImport
from mailer.models.delivery import Delivery
from mailer.models.draft import Draft
from mailer.models.letter import OwnBlocks, OwnTemplate
from mailer.models.own_address import OwnAddress
from mailer.models.picture import Picture
from mailer.models.run import Run, RunState
from mailer.models.sending_domain import SendingDomain
from mailer.models.series import DelayKind, Entry
from mailer.models.sign_up import ConsentText, SignUp, SignUpForm
from mailer.models.topic import Topic
from mailer.models.user import Role, User
from mailer.models.user_session import UserSession
from mailer.models.warm_up import CeilingReason, WarmUp, WarmUpDay
from mailer.segments.former import tree_of
from mailer.sending.series import control
from mailer.sending.series.entering import enter
from mailer.series import services
from mailer.series.plan import SeriesPlan, StepPlan
from mailer.signup import links
from tests.conftest import Browser, browser_of
from tests.factories import make_client, make_mailing, make_message, make_user, save

# Where the addresses lead: all of these belong to the owner.
VALUES: dict[str, object] = {
    "client_id": 1, "message_id": 1, "mailing_id": 1, "run_id": 1, "position": 1, "segment_id": 1, "import_id": 1,
    "field_id": 1,
    "part": "b2", "block_id": "b2", "by": "undo", "template_id": 1,
    "user_id": 0, "approval_id": 1, "address_id": 1, "draft_id": 1, "picture_id": 1,
    "series_id": 1, "enrolment_id": 1, "slug": "post", "post_id": 1, "export_type": "csv",
    "provider": "ses", "kind": "links",
}  # fmt: skip


# Tables with a row of the key that `query_of` gives.
FURNISHED = {
    "users", "mailings", "runs", "deliveries", "attempts", "messages", "clients", "client_imports", "suppressions",
    "account_emails", "client_fields", "client_filters", "approvals", "user_sessions", "series", "series_steps",
    "enrolments",
}  # fmt: skip


def browsers_of_everybody(app: Flask, owner: User) -> dict[str, Browser]:
    """A browser for each kind of person; the owner has one of each thing."""

    users = {
        "owner": owner,
        "other": make_user(),
        "editor": make_user(role=Role.EDITOR),
        "manager": make_user(role=Role.MANAGER),
        "admin": make_user(role=Role.ADMIN),
        "unconfirmed": make_user(confirmed=False),
        "blocked": make_user(blocked_at=utcnow(), block_reason="spam"),
    }
    populate(app, owner)
    browsers = {name: browser_of(app).login(user) for name, user in users.items()}
    return browsers | {"anonymous": browser_of(app)}


def populate(app: Flask, owner: User) -> None:
    """One of each thing, with the ids of `VALUES`."""
    client, message = make_client(owner, "client@xn--e1afmkfd.xn--p1ai"), make_message(owner)
    save(FileContent(owner_id=owner.id, digest="0" * 64, content=b"x", size=1))
    file = Attachment(
        owner_id=owner.id, message_id=message.id, name="a.txt", kind="text/plain", digest="0" * 64, size=1
    )
    VALUES["attachment_id"] = save(file).id
    mailing = make_mailing(owner, [client], message=message)
    now = utcnow()
    run = save(
        Run(owner_id=owner.id, mailing_id=mailing.id, occurrence="x", planned_at=now, state=RunState.SENDING,
            snapshot={"subject": "News", "text": "Hello", "html": "", "name": "A", "from_name": "O", "language": "en",
                      "reply_to": owner.email})
    )  # fmt: skip
    save(Delivery(run_id=run.id, position=1, client_id=client.id, email=client.email, email_key=client.email_key,
                  state="accepted"))  # fmt: skip
    save(Attempt(run_id=run.id, position=1, number=1, outcome="accepted", phase="content", smtp_code=250,
                 response="2.0.0 Ok", started_at=now, finished_at=now))  # fmt: skip
    run.state, run.closed_at = RunState.COMPLETE, now
    db.session.commit()
    save(ClientField(owner_id=owner.id, key="city", label="City"))
    save(ClientFilter(owner_id=owner.id, name="all", tree=tree_of({})))
    plan = SeriesPlan("Welcome", "UTC", [StepPlan(message, DelayKind.DAYS, 1, time(10))])
    series = services.save_series(owner, plan)
    control.start(series, now)  # and nothing is woken
    enter(series, [client.id], Entry.HAND)
    db.session.commit()
    folder = app.config["IMPORTS_DIR"]
    stored = uuid.uuid4().hex
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / stored).write_text("email\na@example.test\n")
    save(ClientImport(owner_id=owner.id, file_name="a.csv", stored_file=stored))
    save(BlogPost(title="Post", slug="post", content="Text", status=PostStatus.PUBLISHED, author_id=owner.id,
                  published_at=now - timedelta(days=1)))  # fmt: skip
    save(Picture(owner_id=owner.id, public_id="0" * 32, digest="0" * 64, extension="png", name="Dove", width=1,
                 height=1, size=1))  # fmt: skip
    save(Suppression(owner_id=owner.id, email_key="gone@example.test", reason="unsubscribed"))
    save(AccountEmail(template="nothing", to_email=owner.email, language="en", sent_at=now))
    _add_sign_up(owner)
    save(Draft(owner_id=owner.id, key="/messages/1/edit", endpoint="messages.edit", path="/messages/1/edit", title="x",
               fields=[["subject", "Draft"]], is_asked_for=True))  # fmt: skip
    VALUES["token"], VALUES["link_code"] = client.token, run.link_code
    save(OwnAddress(owner_id=owner.id, email="answers@golub.test"))
    letter = starter("sale", "ru")
    VALUES["letter_id"] = letter_desk.begin(owner, letter).id
    save(OwnTemplate(owner_id=owner.id, name="Mine", document=to_json(letter)))
    VALUES["blocks_id"] = save(OwnBlocks(owner_id=owner.id, name="Mine", blocks=blocks_to_json(letter.blocks[:2]))).id
    VALUES["user_id"] = save(make_user(email="judged@golub.test")).id
    save(Approval(owner_id=owner.id, mailing_id=mailing.id, fingerprint="0" * 64, recipient_count=1))
    VALUES["domain_id"] = save(SendingDomain(owner_id=owner.id, name="shop.example")).id
    day = WarmUpDay(name="gmail", day=now.date(), ceiling=200, step=CeilingReason.START)
    warm_up = save(WarmUp(domain="shop.example", start_count=200, growth_percent=50, target_count=50_000))
    day.warm_up_id = VALUES["warm_up_id"] = warm_up.id
    save(day)
    spare = UserSession(user_id=owner.id, key_hash="0" * 64)
    VALUES["session_id"] = save(spare).id


def _add_sign_up(owner: User) -> None:
    form = save(
        SignUpForm(owner_id=owner.id, name="Form", title="News", intro="x", after_text="x", language="en",
                   asked=["first_name"], tags=["a"], mail_subject="x", mail_text="{{ link }}")
    )  # fmt: skip
    text = save(ConsentText(owner_id=owner.id, form_id=form.id, kind="mail", wording="Yes"))
    email = "n@xn--e1afmkfd.test"
    sign_up = save(
        SignUp(owner_id=owner.id, form_id=form.id, email=email, email_key=email, ip="::1", consent_ids=[text.id],
               expires_at=utcnow() + timedelta(days=7))
    )  # fmt: skip
    VALUES["topic_id"] = save(Topic(owner_id=owner.id, tag="a", label="A")).id
    VALUES.update(form_id=form.id, form_token=form.token, text_id=text.id, link=links.made_of(sign_up.token))


def address_of(app: Flask, endpoint: str) -> str:
    """The address of a route with the ids of `VALUES`."""
    special: dict[str, dict[str, object]] = {
        "static": {"filename": "css/golub.css"},
        "admin.static": {"filename": "admin/js/form.js"},
        "blog.image": {"name": "0" * 32 + ".webp"},
        "tracking.follow": {"token": "x" * 20, "number": 1},
        "media.show_file": {"name": "0" * 32 + ".png"},
        "guide.show": {"name": "results"},
        "guide.picture": {"language": "ru", "name": "run.webp"},
        "auth.avatar": {"name": "0" * 32 + ".webp"},
        "messages.preview_draft_html": {"key": "0" * 64},
        "messages.starter_preview": {"name": "sale", "language": "ru"},
    }
    values = VALUES | special.get(endpoint, {})
    if endpoint.startswith("messages.") and ("letter" in endpoint or "earlier" in endpoint or "keep_" in endpoint):
        values["message_id"] = VALUES["letter_id"]  # a message of blocks
    if endpoint.startswith("auth."):
        values["token"] = "forged"
    rule = next(app.url_map.iter_rules(endpoint))
    with app.test_request_context():
        return app.url_for(endpoint, **{name: cast(Any, values[name]) for name in rule.arguments})


def query_of(endpoint: str) -> str:
    """What Flask-Admin's pages of one row want besides: the row's key."""
    keys = {
        "all_deliveries": "1,1",
        "all_attempts": "1,1,1",
        "all_suppressions": "1,gone@example..test",
    }  # as Flask-Admin writes a dot
    if endpoint in ("posts.edit_view", "posts.details_view", "posts.preview") or endpoint.endswith(".details_view"):
        return f"?id={keys.get(endpoint.partition('.')[0], '1')}"
    return ""
