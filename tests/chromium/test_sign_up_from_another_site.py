"""The snippet on a page of another web server, in a real browser: three sign up, two confirm."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from werkzeug.serving import make_server

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.sign_up import SignUp, SignUpForm
from mailer.signup.views import snippet_of
from tests.auth.conftest import Mailbox, lab, mailbox, text_of  # noqa: F401 - fixtures
from tests.signup.conftest import form  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    """The address of a server that answers meanwhile."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def page_with(code: str) -> type[BaseHTTPRequestHandler]:
    """A shop's page around the snippet."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"<!doctype html><title>Shop</title><h1>Shop</h1>{code}".encode())

        def log_message(self, *_args: object) -> None:
            pass

    return Page


def test_three_sign_up_on_another_site_and_two_confirm(
    app: Flask,
    form: SignUpForm,  # noqa: F811
    mailbox: Mailbox,  # noqa: F811
    chromium: Chromium,
) -> None:
    with app.test_request_context():
        code = snippet_of(form)
    with serving(make_server("127.0.0.1", 0, app, threaded=True)) as golub:  # type: ignore[arg-type]
        shop = ThreadingHTTPServer(("localhost", 0), page_with(code.replace("http://golub.test", golub)))
        with serving(shop) as site:
            context = chromium.new_context(locale="en")
            said: list[str] = []
            context.on("console", lambda message: said.append(message.text))
            pages = [context.new_page() for _name in range(3)]
            for page, name in zip(pages, ("anna", "boris", "vera"), strict=True):
                page.goto(f"http://localhost:{site.rpartition(':')[2]}")
                page.fill("[name=email]", f"{name}@example.test")
                page.check("[name=consent_mail]")
                page.check("[name=consent_data]")
                page.click("button")
                page.locator("form[data-proof-now]").wait_for()
                page.wait_for_load_state()  # the script is there
            for page in pages:
                page.locator("form[data-proof-now] button").click()
                page.locator("[data-state=sent]").wait_for()
            page = pages[0]
            for mail in mailbox.fetch():
                link = re.search(r"http://golub\.test(/s/confirm/\S+)", text_of(mail))
                assert link
                page.goto(golub + link[1])
                if "vera" not in mail["To"]:
                    page.click("form button")
                    page.locator("[data-state=confirmed]").wait_for()
            assert context.cookies() == []
            context.close()
    assert said == [], "nothing is against the policy"
    db.session.expire_all()
    emails = db.session.scalars(db.select(Client.email).order_by(Client.email)).all()
    assert emails == ["anna@example.test", "boris@example.test"]
    asked = db.session.scalars(db.select(SignUp).order_by(SignUp.id)).all()
    assert [one.confirmed_ip for one in asked] == ["127.0.0.1", "127.0.0.1", None]
    assert all(one.page.startswith("http://localhost:") and "Chrome" in one.user_agent for one in asked)
