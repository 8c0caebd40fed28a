from __future__ import annotations

import smtplib
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from launcher.catcher.spool import Spool
from tests.catchers import Catcher, running


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[Catcher]:
    with running(tmp_path) as catcher:
        yield catcher


def test_a_sent_mail_is_listed_and_read(catcher: Catcher) -> None:
    catcher.send(html="<p>Здравствуйте</p>", text="Ссылка: http://127.0.0.1/confirm?token=a.b-c.")
    (mail,) = catcher.api(to="ANNA@")["mails"]
    assert (mail["subject"], mail["to"]) == ("Привет", ["anna@example.test"])
    whole = catcher.api(f"/{mail['id']}")
    assert whole["html"] == "<p>Здравствуйте</p>\n"
    page = catcher.ask(f"mails/{mail['id']}")[0]
    assert '<a href="http://127.0.0.1/confirm?token=a.b-c" rel="noopener noreferrer">' in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page


def test_mails_survive_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as catcher:
        catcher.send()
    with running(tmp_path) as catcher:
        catcher.send(subject="Второе")
        assert [mail["subject"] for mail in catcher.api()["mails"]] == ["Второе", "Привет"]


def test_mails_are_found_by_recipient_subject_and_time(catcher: Catcher) -> None:
    catcher.send(to="boris@example.test", subject="Первое")
    after_first = datetime.now(UTC).isoformat()
    catcher.send(to="vera@example.test", subject="Скидки")
    assert [mail["subject"] for mail in catcher.api(to="boris")["mails"]] == ["Первое"]
    assert [mail["subject"] for mail in catcher.api(to="скидки")["mails"]] == ["Скидки"]
    assert [mail["subject"] for mail in catcher.api(since=after_first)["mails"]] == ["Скидки"]


def test_a_hostile_mail_cannot_do_anything(catcher: Catcher) -> None:
    catcher.send(subject="<script>alert(1)</script>", html="<script>alert(2)</script><a href='http://x.test'>x</a>")
    name = catcher.api()["mails"][0]["id"]
    for path in ("", f"mails/{name}"):
        page, headers = catcher.ask(path)
        assert "<script" not in page
        assert "default-src 'none'" in headers["Content-Security-Policy"]
    for form in ("html", "raw"):
        policy = catcher.ask(f"mails/{name}/{form}")[1]["Content-Security-Policy"]
        assert policy.startswith("sandbox ")
        assert "allow-scripts" not in policy


def test_a_foreign_host_name_is_refused(catcher: Catcher) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        catcher.ask("api/mails", Host="evil.test")
    assert refused.value.code == 421


def test_the_button_forgets_all_mail_but_not_for_a_foreign_page(catcher: Catcher) -> None:
    catcher.send()
    with pytest.raises(urllib.error.HTTPError) as refused:
        catcher.ask("clear", "POST", Origin="http://evil.test")
    assert refused.value.code == 403
    assert catcher.api()["total_count"] == 1
    catcher.ask("clear", "POST", Origin=catcher.url.rstrip("/"))
    assert catcher.api()["total_count"] == 0


def test_the_page_speaks_both_languages(catcher: Catcher) -> None:
    assert "Пойманные письма" in catcher.ask("")[0]
    assert "Caught mail" in catcher.ask("", Cookie="language=en")[0]


def test_a_long_list_is_cut_into_pages(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "mail")
    for number in range(120):
        spool.add(b"a@b", [b"c@d"], b"Subject: mail-%03d\r\n\r\n" % number)
    with running(tmp_path) as catcher:
        first, last = catcher.ask("")[0], catcher.ask("?page=3")[0]
    assert first.count("<tr>") == 51
    assert "mail-119" in first
    assert "mail-000" in last
    assert last.count("<tr>") == 21


@pytest.mark.parametrize("body", ["", ".", "..", ".\r\n.", "a\r\n.b\r\n..c\r\n.", "я" * 20_000, "x\r\n" * 50_000])
def test_every_body_arrives_as_it_was_sent(catcher: Catcher, body: str) -> None:
    content = f"Subject: x\r\n\r\n{body}\r\n".encode()
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port) as smtp:
        smtp.sendmail("a@b.test", ["c@d.test"], content)
    raw = catcher.ask(f"mails/{catcher.api()['mails'][0]['id']}/raw")[0]
    assert raw.encode() == b"X-Envelope-From: a@b.test\r\nX-Envelope-To: c@d.test\r\n" + content


def test_pipelined_commands_are_answered_in_order(catcher: Catcher) -> None:
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port) as smtp:
        smtp.ehlo()
        assert all(smtp.has_extn(name) for name in ("pipelining", "8bitmime", "smtputf8", "size"))
        smtp.send("MAIL FROM:<> SIZE=10\r\nRCPT TO:<a@b.test>\r\nRCPT TO:broken\r\nDATA\r\n")
        assert [smtp.getreply()[0] for _ in range(4)] == [250, 250, 501, 354]
        smtp.send("Subject: 1\r\n\r\n.\r\nRCPT TO:<a@b.test>\r\nDATA\r\nFLY\r\n")
        assert [smtp.getreply()[0] for _ in range(4)] == [250, 503, 503, 502]


def test_only_the_newest_mails_are_kept(tmp_path: Path) -> None:
    spool = Spool(tmp_path, kept_count=20, segment_count=10)
    for number in range(95):
        spool.add(b"", [b"a@b"], b"Subject: %d\r\n\r\n" % number)
    subjects = [mail.subject for mail in Spool(tmp_path, kept_count=20).newest()]
    assert subjects == [str(number) for number in range(94, 69, -1)]


def test_a_record_cut_short_by_a_crash_is_passed_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add(b"", [b"a@b"], b"Subject: whole\r\n\r\n")
    spool.add(b"", [b"a@b"], b"Subject: torn\r\n\r\nbody")
    (segment,) = (path for path in tmp_path.glob("*.mails") if path.stat().st_size)
    segment.write_bytes(segment.read_bytes()[:-3])
    again = Spool(tmp_path)
    again.add(b"", [b"a@b"], b"Subject: later\r\n\r\n")
    assert [mail.subject for mail in again.newest()] == ["later", "whole"]
