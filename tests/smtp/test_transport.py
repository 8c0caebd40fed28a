"""The mail server's URL."""

import pytest

from mailer.smtp.transport import Security, Timeouts, Transport


def test_a_url_says_everything() -> None:
    transport = Transport.from_url(
        "smtp+starttls://us%40er:p%2Fss@mail.test?connections=3&rate=14&dot=60&pipelining=0&ca_file=/ca.pem",
        sender="news@golub.test",
        helo="golub.test",
    )
    assert transport == Transport(
        "mail.test", 587, "news@golub.test", Security.STARTTLS, "us@er", "p/ss", "golub.test",
        connections=3, rate=14.0, pipelining=False, ca_file="/ca.pem", timeouts=Timeouts(dot=60.0),
    )  # fmt: skip


@pytest.mark.parametrize(("url", "port"), [("smtp://h", 25), ("smtps://h", 465), ("smtp://h:1025", 1025)])
def test_a_port_follows_from_the_scheme(url: str, port: int) -> None:
    assert Transport.from_url(url).port == port


@pytest.mark.parametrize(
    "url",
    ["http://h", "h:25", "smtp://", "smtp://h?unknown=1", "smtp://h?connections=many", "smtp://h?host=other",
     "smtp://h?sender=a@b>c", "smtp://h?helo=two%20words", "smtp://h?pipelining=maybe"],
)  # fmt: skip
def test_a_url_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Transport.from_url(url)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Transport.from_url("smtp://user:secret@h"))
    with pytest.raises(ValueError, match="unknown") as refusal:
        Transport.from_url("smtp://user:secret@h?unknown=1")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("host", "is_loopback"), [("127.0.0.1", True), ("localhost", True), ("[::1]", True), ("h.test", False)]
)
def test_only_this_machine_is_loopback(host: str, is_loopback: bool) -> None:
    assert Transport.from_url(f"smtp://{host}").is_loopback is is_loopback
