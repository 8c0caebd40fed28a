"""A mail in a list of mails: what is seen of it before it is opened."""

from __future__ import annotations

from mailer.composing.inbox import cut, inbox_rows, opening_of, width


def test_the_first_words_follow_the_subject_hidden_ones_too() -> None:
    page = (
        "<!doctype html><html><head><title>Not this</title><style>p{color:red}</style></head><body><!-- nor this -->"
        '<div style="display:none">Только&nbsp;сегодня&#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;</div>'
        "<table><tr><td>Привет,</td><td>Анна&nbsp;&amp; Ко</td></tr></table><p>!</p></body></html>"
    )
    assert opening_of(page, "unread") == "Только сегодня Привет, Анна & Ко !"
    assert opening_of("", "  Здравствуйте,\nАнна!\n") == "Здравствуйте, Анна!"
    assert width(opening_of("<p>" + "слово " * 300, "")) == 200
    assert opening_of('<img src="https://a.test/a.png" alt="x">', "unread") == ""


def test_each_list_cuts_where_it_has_no_more_room() -> None:
    gmail, mail_ru, phone = inbox_rows("Пекарня «Колос»", "ж" * 60, "о" * 300)
    assert (gmail.subject, mail_ru.subject, phone.subject) == ("ж" * 60, "ж" * 60, "ж" * 39 + "…")
    assert [width(row.opening) for row in (gmail, mail_ru, phone)] == [50, 35, 80]
    assert [row.sender for row in inbox_rows("я" * 30, "x", "")] == ["я" * 19 + "…", "я" * 23 + "…", "я" * 25 + "…"]
    assert [row.opening for row in inbox_rows("a", "x", "")] == ["", "", ""]


def test_signs_are_counted_as_people_do_and_never_cut_in_two() -> None:
    family, hand, heart, i_ = "👨‍👩‍👧", "👍🏽", "❤️", "й"
    assert [width(sign) for sign in (family, hand, heart, i_)] == [1, 1, 1, 1]
    for sign in (family, hand, heart, i_):
        assert cut(sign * 6, 6) == sign * 6
        assert cut(sign * 7, 4) == sign * 3 + "…"
    assert cut("один два", 6) == "один…"
