"""Parts of a letter that only some people get: compiled once, let through or left out for each."""

from __future__ import annotations

import pytest

from mailer.composing.placeholders import PlaceholderError, gated, parse, without_gates
from mailer.composing.tracking import Tracking, with_links
from tests.composing.emails import compiled, content_of, received, recipient

FOR_VIP = gated('<p>Дорогой друг {{ фамилия }}, вот <a href="{{ url }}">скидка</a>.</p>', "b2")
TEXT = (
    "Здравствуйте, {{ имя }}!\n\n" + gated("Скидка для вас, {{ фамилия }}.\n\n", "b2") + "Ждём. {{ unsubscribe_url }}\n"
)
HTML = (
    f"<p>Привет, {{{{ имя }}}}</p>{FOR_VIP}{gated('<p>Всем прочим.</p>', 'b3')}"
    '<a href="{{ unsubscribe_url }}">x</a>'
)


def test_each_gets_the_parts_that_are_let_through() -> None:
    mail = compiled("Новости", TEXT, HTML)
    vip = recipient(first_name="Анна", last_name="Ли", url="https://a.test", **{"if:b2": "1", "if:b3": ""})
    other = recipient(first_name="Пётр", **{"if:b2": "", "if:b3": "1"})
    unknown = recipient(first_name="Кто")
    for reader, texts in (
        (vip, ("Здравствуйте, Анна!\n\nСкидка для вас, Ли.\n\nЖдём.", "Дорогой друг Ли", "https://a.test")),
        (other, ("Здравствуйте, Пётр!\n\nЖдём.", "Всем прочим.")),
        (unknown, ("Здравствуйте, Кто!\n\nЖдём.",)),
    ):
        sent, look = received(mail.build(reader)), mail.preview(reader)
        text, html = content_of(sent, "plain"), content_of(sent, "html")
        assert (text, html) == (look.text, look.html), "what is looked at is what is sent"
        assert text.startswith(texts[0])
        assert [each in html for each in ("Дорогой друг Ли", "https://a.test", "Всем прочим.")] == [
            each in texts for each in ("Дорогой друг Ли", "https://a.test", "Всем прочим.")
        ]
        assert "{{" not in text + html and "if:" not in text + html
    assert mail.missing(vip) == [] and mail.missing(other) == [], "nobody lacks what stands in a part they do not get"
    assert mail.missing(recipient(first_name="А", **{"if:b2": "1"})) == ["last_name", "url"]


def test_no_author_can_write_a_gate_and_none_is_a_placeholder() -> None:
    with pytest.raises(PlaceholderError):
        parse(FOR_VIP, ["url"], markup=True)
    assert parse(FOR_VIP, None, markup=True).names == ("last_name", "url")
    assert without_gates(FOR_VIP).startswith("<p>Дорогой") and "{{end" not in without_gates(FOR_VIP)


def test_links_in_a_part_for_some_are_led_through_the_service_as_others() -> None:
    part = gated('<a href="https://a.test/for-some">x</a> {{ имя }}', "b2")
    tracking = Tracking("https://golub.test/l/", ("https://a.test/for-some",))
    template = with_links(parse(f"<p>{{{{ фамилия }}}}</p>{part}", None, markup=True), tracking, markup=True)
    assert [type(place).__name__ for place in template.marked_places] == [
        "Placeholder", "Gate", "Placeholder", "Placeholder", "Gate",
    ]  # fmt: skip
    assert template.names == ("last_name", "/l", "first_name")
