"""Whatever people are called and write, the wire is clean and says what a plain EmailMessage would say."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP, compat32
from email.utils import parseaddr

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailer.composing.headers import one_line
from mailer.composing.placeholders import parse
from tests.composing.emails import LINK, compiled, content_of, received, recipient

FAMILY = "👩\u200d👩\u200d👧"
WORDS = [
    *(
        "Иван",
        "{{x}}",
        "<script>",
        "=",
        "==3D",
        ".",
        "..",
        "\n.",
        "\n..\n",
        "\t",
        " ",
        "  \n",
        "🎉",
        FAMILY,
        '"',
        "\\",
        "'",
    ),
    *("O'Neil", "a" * 90, "щ" * 70, "=?utf-8?b?eA==?=", ",", "<a@b>", "From ", "--", "\r\n", "\r", "é", "e\u0301"),
]
words = st.sampled_from(WORDS) | st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=9)
values = st.lists(words).map("".join)
literals = values.map(lambda text: re.sub(r"[{}]", "", text))
holes = st.sampled_from(["{{ имя }}", '{{ фамилия | "друг" }}', "{{ unsubscribe_url }}"])
templates = st.lists(literals | holes, max_size=8).map("".join)


def with_plain_breaks(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def normal(text: str) -> str:
    return with_plain_breaks(text).rstrip("\n")


def straightforward(text: str) -> EmailMessage:
    """The same body by the standard library, parsed again. Its headers are no measure: folding long ones loses spaces,
    and what looks like an encoded word goes out as one."""
    message = EmailMessage(policy=SMTP)
    message.set_content(text, cte="quoted-printable")
    return received(b"\r\n".join(re.sub(rb"^\.", b"..", line) for line in message.as_bytes().split(b"\r\n")))


@given(subject=literals, text=templates, first=values, last=values)
@settings(deadline=None, max_examples=150)
@example(subject="", text="{{ имя }}", first=".", last="")
@example(subject="a" * 75 + " б", text="a\n{{ имя }}\n.\n", first=" ", last="")
@example(subject="x", text="a" * 75 + "{{ имя }}" + "b" * 75, first="c" * 76, last="")
@example(subject="x", text=" {{ имя }} \n{{ имя }}{{ фамилия }}", first=" \n", last=" ")
def test_the_reader_sees_what_the_author_and_the_client_wrote(subject: str, text: str, first: str, last: str) -> None:
    to = recipient(first_name=first, last_name=last)
    text += " {{ unsubscribe_url }}"
    email = compiled(subject, text)
    data = email.build(to)
    assert_clean(data)
    message = received(data)
    expected_text = normal(email.preview(to).text)
    if "http" not in text:
        assert expected_text == normal(parse(text).render(to.known_values, escape=with_plain_breaks))
    expected = straightforward(expected_text)
    assert normal(content_of(message, "plain")) == normal(content_of(expected, "plain"))
    assert one_line(message["Subject"]) == one_line(subject)
    assert addressee(data) == (one_line(to.display_name), "ivan@example.com")


@given(first=values, last=values)
@settings(deadline=None, max_examples=100)
def test_both_halves_of_a_mail_survive(first: str, last: str) -> None:
    html = (
        '<p title="{{ имя }}">{{ имя }}\n.{{ фамилия }}</p>'
        + "<b>x</b>" * 40
        + '<a href="https://x.test/{{ имя }}">y</a>'
    )
    email = compiled("{{ фамилия }} {{ имя }}", "", html)
    to = recipient(first_name=first, last_name=last)
    data = email.build(to)
    assert_clean(data)
    message, preview = received(data), email.preview(to)
    assert content_of(message, "plain") == preview.text
    assert content_of(message, "html") == preview.html
    assert message["Subject"] == preview.subject
    assert LINK in preview.text and LINK in preview.html
    assert len(list(message.walk())) == 3


def addressee(data: bytes) -> tuple[str, str]:
    """Name and address of `To`, by the library's older reader: the newer one of Python 3.11 puts a space between the
    encoded words of a name, which RFC 2047 (section 6.2) forbids."""
    name, address = parseaddr(message_from_bytes(data, policy=compat32)["To"])
    return str(make_header(decode_header(name))), address


def assert_clean(data: bytes) -> None:
    """Only CRLF, only ASCII, no line that ends the mail, none too long."""
    assert data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n")
    assert data.isascii()
    lines = data.split(b"\r\n")
    head = lines.index(b"")
    assert max(map(len, lines)) <= 998
    assert all(len(line) <= 78 or line.startswith((b"List-Unsubscribe", b"To: ")) for line in lines[:head])
    assert all(len(line.removeprefix(b".")) <= 76 for line in lines[head:])
    assert not any(re.fullmatch(rb"\.|\.[^.].*", line) for line in lines)
