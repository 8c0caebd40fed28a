"""A mail is what its author wrote, with one person's values in it."""

import pytest

from mailer.composing.headers import HeaderError
from mailer.composing.placeholders import PlaceholderError
from tests.composing.emails import LINK, compiled, content_of, received, recipient


def test_the_headers_of_a_mailing() -> None:
    message = received(compiled("Новости для {{ имя }}", "x").build(recipient(first_name="Иван", last_name="Петров")))
    assert {name: str(message[name]) for name in message.keys() if not name.startswith("Content")} == {  # noqa: SIM118
        "To": "Иван Петров <ivan@example.com>",
        "Subject": "Новости для Иван",
        "Message-ID": "<run.5@golub.example.com>",
        "List-Unsubscribe": f"<{LINK}>",
        "From": "Пекарня «Голубь» <news@example.com>",
        "Reply-To": "baker@example.com",
        "Date": "Sun, 01 Mar 2026 12:30:00 +0000",
        "List-Id": "Новости пекарни <m7.golub.example.com>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
        "MIME-Version": "1.0",
    }
    assert all(len(message.get_all(name) or []) == 1 for name in message)


def test_a_text_only_mail() -> None:
    message = received(compiled(text="Привет, {{ имя }}! {{ ссылка_отписки }}").build(recipient(first_name="Иван")))
    assert message.get_content_type() == "text/plain"
    assert content_of(message, "plain") == f"Привет, Иван! {LINK}\n"


def test_html_brings_its_own_text() -> None:
    message = received(
        compiled(html='<p>Привет, {{ имя }}! <a href="{{ ссылка_отписки }}">Хватит</a></p>').build(recipient())
    )
    assert message.get_content_type() == "multipart/alternative"
    assert content_of(message, "plain") == f"Привет, ! Хватит ({LINK})\n"
    assert f'<p>Привет, ! <a href="{LINK}">Хватит</a></p>' in content_of(message, "html")


def test_the_unsubscribe_link_is_added_where_it_was_left_out() -> None:
    message = received(compiled(text="Привет", html="<p>Привет</p>").build(recipient()))
    assert content_of(message, "plain") == f"Привет\n\n-- \nОтписаться от рассылки: {LINK}\n"
    assert f'<a href="{LINK}">Отписаться от рассылки</a>' in content_of(message, "html")
    assert '<html lang="ru">' in content_of(message, "html")


@pytest.mark.parametrize(
    ("html", "value", "expected"),
    [
        ("<p>{{ имя }}</p>", "<script>&\"'", "<p>&lt;script&gt;&amp;&quot;&#x27;</p>"),
        ('<img alt="{{ имя }}">', '" onerror="x', '<img alt="&quot; onerror=&quot;x">'),
        ('<a href="https://x.test/?q={{ имя }}&amp;r=1">', 'a&b=c "я"', "?q=a%26b%3Dc%20%22%D1%8F%22&amp;r=1"),
        ('<a href="{{ имя }}">', "https://x.test/?a=1&b=ж", '<a href="https://x.test/?a=1&amp;b=%D0%B6">'),
        ('<a href="{{ имя }}">', "javascript:alert(1)", '<a href="#">'),
        ('<a href="mailto:{{ имя }}">', "a@example.com", '<a href="mailto:a@example.com">'),
        ('<p title="a">x</p>{{ имя }}', "a&b", "</p>a&amp;b"),
        ('<a href="https://x.test/{{ имя }}/{{ имя }}" title="{{ имя }}">', "a b", 'a%20b/a%20b" title="a b">'),
    ],
)
def test_a_value_stays_a_value_in_html(html: str, value: str, expected: str) -> None:
    assert expected in compiled(html=html).preview(recipient(first_name=value)).html


def test_a_value_in_an_address_in_plain_text_is_encoded() -> None:
    preview = compiled(text="{{ имя }}: https://x.test/?q={{ имя }}&r={{ имя }} {{ имя }}").preview(
        recipient(first_name="a b")
    )
    assert preview.text.startswith("a b: https://x.test/?q=a%20b&r=a%20b a b\n")


@pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\u2028", "\x85", "\v", "\0", "\r\n\r\n"])
def test_no_value_begins_a_header_of_its_own(breaker: str) -> None:
    name = f"Иван{breaker}Bcc: x@example.com"
    message = received(compiled("Для {{ имя }}", "x").build(recipient(first_name=name)))
    assert message["Bcc"] is None
    assert message["Subject"] == "Для Иван Bcc: x@example.com"


def test_a_value_like_an_encoded_word_stays_itself() -> None:
    name = "=?utf-8?q?=0D=0ABcc=3A_x?="
    message = received(compiled("{{ имя }}", "x").build(recipient(first_name=name)))
    assert message["Subject"] == name
    assert message["To"].addresses[0].display_name == name


def test_the_domain_goes_out_in_ascii() -> None:
    assert received(compiled(text="x").build(recipient("ivan@пример.рф")))["To"] == "ivan@xn--e1afmkfd.xn--p1ai"


@pytest.mark.parametrize(
    "address",
    [
        "a@b>\r\nRCPT TO:<x@y",
        '"q"@x.test',
        "a b@x.test",
        "a@x.test, b@x.test",
        "я\u00a0ж@x.test",
        "я\u2028@x.test",
        "a@",
        "a@x..\n",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(HeaderError, match="address"):
        compiled(text="x").build(recipient(address))


@pytest.mark.parametrize("link", ["javascript:x", "https://x.test/>\r\nX: y", "https://x.test/я", ""])
def test_what_is_no_link_is_refused(link: str) -> None:
    with pytest.raises(HeaderError, match="url"):
        compiled(text="x").build(recipient(link=link))


def test_a_broken_template_does_not_compile() -> None:
    with pytest.raises(PlaceholderError):
        compiled("{{ имя", "x")


def test_holes_are_named_over_all_parts() -> None:
    email = compiled("{{ имя }}", 'x {{ фамилия | "друг" }}', "<p>{{ город }} {{ имя }}</p>")
    assert email.names == ("first_name", "last_name", "город")
    assert email.missing(recipient()) == ["first_name", "город"]
    assert email.missing(recipient(first_name="Иван", Город="Тверь")) == []


def test_the_same_input_gives_the_same_bytes() -> None:
    assert compiled("a", "b", "<p>c</p>").build(recipient()) == compiled("a", "b", "<p>c</p>").build(recipient())
