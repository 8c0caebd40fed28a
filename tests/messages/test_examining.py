"""Links asked and mails composed for everybody, from the button through a worker to the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from sqlalchemy import update

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.messages import examined_people, examining
from mailer.models.examination import Examination, ExaminationState
from mailer.models.user import User
from mailer.outgoing import is_public
from mailer.outgoing_links import LinkEnd, ask
from mailer.queue import IMPORTS
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_message
from tests.jobs.test_jobs import work_off


class Site(BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        status, place = {"/moved": (302, "/a%20b"), "/round": (301, "/round"), "/out": (302, "http://10.0.0.1/"),
                         "/no": (404, ""), "/heads": (405 if self.command == "HEAD" else 200, ""),
                         "/broken": (500, ""), "/mine": (403, ""), "/nowhere": (302, "http://["),
                         "/nul": (302, "/n\0o")}.get(self.path, (200, ""))  # fmt: skip
        self.send_response(status)
        if place:
            self.send_header("Location", place)
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Site.asked = []
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_link_is_asked_as_a_browser_would_and_never_within(site: int) -> None:
    def end(path: str, *, only_loopback: bool = True) -> LinkEnd:
        may_ask = (lambda address: address.startswith("127.")) if only_loopback else is_public
        return ask(f"http://127.0.0.1:{site}{path}", may_ask=may_ask, ports=[site, 80]).end

    assert [end(path) for path in ("/", "/heads", "/moved", "/no", "/mine", "/broken", "/round", "/out")] == [
        LinkEnd.THERE, LinkEnd.THERE, LinkEnd.THERE, LinkEnd.GONE, LinkEnd.REFUSED, LinkEnd.BROKEN, LinkEnd.CIRCLES,
        LinkEnd.PRIVATE,
    ]  # fmt: skip
    assert Site.asked[:4] == ["HEAD /", "HEAD /heads", "GET /heads", "HEAD /moved"]
    assert ask(f"http://127.0.0.1:{site}/moved", may_ask=bool, ports=[site]).led_to.endswith("/a%20b")
    assert ask(f"http://127.0.0.1:{site}/nowhere", may_ask=bool, ports=[site]).end is LinkEnd.NO_HOST
    assert ask(f"http://127.0.0.1:{site}/nul", may_ask=bool, ports=[site]).led_to.endswith("/no"), "as it can be kept"
    assert ask(f"https://127.0.0.1:{site}/", may_ask=bool, ports=[site]).end is LinkEnd.UNSAFE, "it speaks no TLS"
    Site.asked.clear()
    assert end("/", only_loopback=False) is LinkEnd.PRIVATE
    odd = (f"http://127.0.0.1:{site}/", "http://[::1]/", "http://localhost/", "http://a@b.test/", "http://169.254.1.1/")
    assert [ask(url).end for url in odd] == [LinkEnd.PRIVATE] * 5
    assert [ask(url).end for url in ("http://нет.invalid/", "http://" + "x" * 300, "http://[", "http://..")] == [
        LinkEnd.NO_HOST
    ] * 4
    assert Site.asked == []


def test_links_are_asked_by_a_worker_and_told_line_by_line(
    as_owner: Browser, as_stranger: Browser, owner: User, site: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = (
        f'<a href="http://127.0.0.1:{site}/no#x">a</a><a href="https://нет.invalid/?a=1&amp;b=2">b</a>'
        '<a href="{{ сайт }}">c</a><a href="mailto:a@b.test">d</a><a href="{{ unsubscribe_url }}">e</a>'
    )
    path = f"/messages/{make_message(owner, html_body=html, text_body='').id}/check"
    assert as_stranger.post(f"{path}/links").status_code == 404
    assert as_owner.post(f"{path}/links").status_code == 303
    assert 'hx-trigger="every 1s"' in as_owner.get(f"{path}/links").text
    assert "уже проверяется" in as_owner.post(f"{path}/links", follow_redirects=True).text
    work_off(IMPORTS)
    page = as_owner.get(path).text
    part = as_owner.get(f"{path}/links").text
    assert part.count("check-places") == 2 and "every 1s" not in part
    assert "адрес не из интернета" in page and "Такого сайта нет" in page and "b=2" in page
    assert Site.asked == [], "nothing within the operator's network is asked"


def test_a_mail_is_composed_for_everybody_turn_by_turn(
    as_owner: Browser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examined_people, "BATCH", 5)
    people = [make_client(owner, first_name="", last_name=f"Безымянный {number}") for number in range(12)]
    people += [make_client(owner, first_name="Ян" * 40, last_name="")]
    message = make_message(owner, subject="{{ имя }}", text_body="{{ имя }}", html_body="")
    mailing_id = make_mailing(owner, people, message=message).id
    path = f"/messages/{message.id}/check"
    as_owner.post(f"{path}/people", data={"mailing": str(mailing_id)})
    begun = db.session.query(Examination).one()
    assert examining.due_examinations(utcnow()) == [] and examining.examine(begun.id, 0.0)
    db.session.expire_all()
    assert (begun.state, begun.done_count, begun.total_count) == (ExaminationState.QUEUED, 0, 13)
    fifth = people[4].id
    # A worker dies amid a turn: another one takes it over, and goes on behind what was kept.
    old = utcnow() - 2 * examining.LOST_AFTER
    values = {"state": ExaminationState.RUNNING, "done_count": 5, "moved_at": old,
              "result": {"after": fifth, "found": {"no_subject": {"count": 5, "first": []}}}}  # fmt: skip
    db.session.execute(update(Examination).values(**values))
    db.session.commit()
    assert examining.due_examinations(utcnow()) == [begun.id]
    work_off(IMPORTS)
    begun = db.session.query(Examination).one()
    assert (begun.state, begun.done_count) == (ExaminationState.DONE, 13)
    page = as_owner.get(f"{path}?mailing={mailing_id}").text.split('id="people"')[1]
    assert "У 12 человек тема пустая" in page and "У 1 человека тема не поместится" in page
    assert re.search(r"У 7 человек не заполнено поле {{ имя }}", page)
    assert page.count("Безымянный") == 2 * 7 and "других получателей" in as_owner.get(path).text
    as_owner.post(f"{path}/people")
    assert as_owner.post(f"{path}/people/cancel").status_code == 303
    work_off(IMPORTS)
    assert "Остановлено" in as_owner.get(f"{path}/people").text
