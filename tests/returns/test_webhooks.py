"""The webhook door, as providers use it: a run that leaves by each of them, and what they tell of it."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from mailer import outgoing
from mailer.bounces.providers.known import PROVIDERS
from mailer.bounces.tokens import ReturnPath
from mailer.extensions import db
from mailer.models.delivery import Delivery
from mailer.models.mail_report import MailReport, UnreadMail
from mailer.models.run import Run
from mailer.returns import certificates, webhooks
from mailer.smtp.testserver import Lab
from setting_values import ConfigError, webhook_secrets
from tests.bounces import provider_calls as calls
from tests.bounces.provider_calls import HARD, SECRETS, Made
from tests.conftest import Browser
from tests.sending.certificates import Authority
from tests.sending.conftest import assert_adds_up, finish

MakeRun = Callable[..., Run]


@pytest.fixture(autouse=True)
def hooks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """All six are set up, and SNS's certificate was fetched before."""
    monkeypatch.setitem(app.config, "WEBHOOKS", dict(SECRETS))
    certificates.keep(calls.CERTIFICATE_URL, calls.certificate())


def call(web: Browser, name: str, made: Made) -> int:
    """The status of the answer."""
    answer = web.post(f"/hooks/{name}", data=made.body, headers=made.headers)
    assert answer.status_code != 200 or "Set-Cookie" not in answer.headers
    db.session.rollback()
    return answer.status_code


def outcomes() -> list[tuple[str, str, str | None]]:
    """Who said what, and what became of the delivery."""
    same = (Delivery.run_id == MailReport.run_id) & (Delivery.position == MailReport.position)
    query = select(MailReport.read_by, MailReport.kind, Delivery.came_back).join(Delivery, same)
    found = db.session.execute(query.order_by(MailReport.id))
    return [(by, kind.value, what and what.value) for by, kind, what in found]


def test_every_provider_brings_our_token_back(
    app: Flask,
    lab: Lab,
    make_run: Callable[..., Run],
    web: Browser,
    as_manager: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = app.config["MAILINGS_SMTP_URL"]
    lab.obey("MAIL bounces* -> 550 5.7.1 A provider puts a return path of its own")
    for number, (name, made_of) in enumerate(HARD.items(), start=1):
        app.config["MAILINGS_SMTP_URL"] = f"{url}&provider={name}"
        if number > 3:
            monkeypatch.setitem(app.config, "BOUNCE_ADDRESS", None)  # then webhooks are the only door
        run = finish(make_run(f"{name}@far.example"))
        content = lab.accepted[-1].content
        assert content is not None
        before, after = PROVIDERS[name].header("TOKEN").split("TOKEN")
        line = next(line for line in content.decode().splitlines() if line.startswith(before))
        made = made_of(line.removeprefix(before).removesuffix(after))
        forged = Made(made.body, {}) if made.headers and name != "ses" else Made(made.body.replace(b"e", b"f", 1))
        assert call(web, name, forged) == 403, name
        assert len(outcomes()) == number - 1
        assert [call(web, name, made) for _twice in range(2)] == [200, 200], "a retry is known"
        assert outcomes()[number - 1 :] == [(name, "bounce", "permanent")]
        assert_adds_up(run)
        assert (run.bounced_count, run.accepted_count) == (1, 1)
        assert web.get(f"/hooks/{name}").status_code == 200
    page = as_manager.get("/operations/returns").text
    assert all(f'id="door-{name}"' in page for name in HARD)
    assert page.count("provider=") == len(HARD) - 1
    assert not any(secret in page for name, secret in SECRETS.items() if name != "ses")


def test_what_is_not_understood_is_kept_and_shown(
    web: Browser, as_manager: Browser, sent: Run, path: ReturnPath
) -> None:
    token = path.tokens_of(sent.id)(1)
    odd = calls.sendgrid_call(
        [{"event": "group_unsubscribe", "sg_event_id": "g", "golub": token}, {"event": "open"}, 7]
    )
    assert [call(web, "sendgrid", odd) for _twice in range(2)] == [200, 200]
    kept = db.session.scalars(select(UnreadMail).order_by(UnreadMail.id)).all()
    assert [(mail.sender, mail.subject) for mail in kept] == [("sendgrid", "group_unsubscribe"), ("sendgrid", "")]
    assert token.encode() in kept[0].content
    assert outcomes() == []
    assert call(web, "mailgun", calls.mailgun("forged" * 4)) == 200, "theirs, and about no email of ours"
    assert outcomes() == []
    # A signature of Mailgun's binds no content: it may not come again with another event.
    once = calls.mailgun(token, "other", id="e2")
    assert call(web, "mailgun", once) == 200
    assert call(web, "mailgun", calls.mailgun(token, "other", id="e3", event="complained")) == 403
    assert call(web, "mailgun", once) == 200
    assert outcomes() == [("mailgun", "bounce", "permanent")]
    page = as_manager.get("/operations/returns").text
    assert 'id="door-mailgun"' in page


def test_a_call_too_large_or_to_nobody_or_while_the_database_is_away(
    app: Flask, web: Browser, sent: Run, path: ReturnPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = calls.postmark(path.tokens_of(sent.id)(1))
    assert call(web, "postmark", Made(made.body + b" " * 1024 * 1024, made.headers)) == 413
    assert call(web, "nobody", made) == 404
    with db.engine.connect() as holder:
        holder.exec_driver_sql("LOCK TABLE mail_reports IN ACCESS EXCLUSIVE MODE")
        monkeypatch.setattr(webhooks, "LOCK_MS", 200)
        answer = web.post("/hooks/postmark", data=made.body, headers=made.headers)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
        holder.rollback()
    assert call(web, "postmark", made) == 200
    assert outcomes() == [("postmark", "bounce", "permanent")]
    monkeypatch.setitem(app.config, "WEBHOOKS", {})
    assert call(web, "postmark", made) == 404


def test_a_subscription_that_cannot_be_confirmed_is_asked_for_again(
    web: Browser, as_manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own network answers for no name of Amazon's, whatever a name server says."""
    monkeypatch.setattr(outgoing, "PORT", 1)
    monkeypatch.setattr("mailer.bounces.providers.ses.host_of", lambda _topic: "localhost")
    confirm = calls.sns({}, Type="SubscriptionConfirmation", Token="t", SubscribeURL="https://evil.example/",
                        SigningCertURL="https://localhost/SimpleNotificationService-0a.pem")  # fmt: skip
    certificates.keep("https://localhost/SimpleNotificationService-0a.pem", calls.certificate())
    assert call(web, "ses", confirm) == 503
    assert outcomes() == []


class Answers(http.server.BaseHTTPRequestHandler):
    """By path: a file, a redirect, or too much."""

    def do_GET(self) -> None:
        self.send_response({"/away": 302, "/error": 403}.get(self.path, 200))
        self.send_header("Location", "https://127.0.0.1/elsewhere")
        self.end_headers()
        self.wfile.write(b"x" * (20_000 if self.path == "/big" else 10))

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[int, Authority]]:
    """A site with a certificate, on loopback."""
    authority = Authority(tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.socket = authority.server().wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_address[1], authority
        server.shutdown()
        thread.join()


def test_files_are_fetched_from_the_internet_only(site: tuple[int, Authority]) -> None:
    port, authority = site
    trusted = ssl.create_default_context(cafile=str(authority.file))
    url = f"https://127.0.0.1:{port}"
    assert outgoing.fetch(f"{url}/file", may_ask=lambda _address: True, context=trusted) == b"x" * 10
    for path in ("/away", "/error", "/big"):
        with pytest.raises(outgoing.NotFetched):
            outgoing.fetch(url + path, may_ask=lambda _address: True, context=trusted)
    with pytest.raises(outgoing.NotFetched, match="certificate"):
        outgoing.fetch(url, may_ask=lambda _address: True)
    for refused in (url, f"https://localhost:{port}", url.replace("https", "http"), f"https://u@127.0.0.1:{port}", "x"):
        with pytest.raises(outgoing.NotFetched):
            outgoing.fetch(refused, context=trusted)
    private = "10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 127.0.0.1 0.0.0.0 100.64.0.1 224.0.0.1 ::1 fe80::1%eth0"
    private += " fd00::1 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:a00:1:: 240.0.0.1"
    assert [address for address in private.split() if outgoing.is_public(address)] == []
    assert outgoing.is_public("52.94.5.1") and outgoing.is_public("2600:1f14::1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK_SES_TOPIC", "arn:aws:sns:eu-central-1:1:x"), ("WEBHOOK_SENDGRID_KEY", "secret"),
        ("WEBHOOK_POSTMARK_PASSWORD", "secret"), ("WEBHOOK_BREVO_PASSWORD", "secret/secret/secret/secret"),
        ("WEBHOOK_MAILGUN_KEY", "secret"),
    ],
)  # fmt: skip
def test_a_secret_that_cannot_be_right_is_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name) as refused:
        webhook_secrets(lambda asked, _default=None: value if asked == name else None)
    assert "secret" not in str(refused.value)
