"""The block editor through its forms, as somebody without script uses it; and its answers to the script."""

from __future__ import annotations

import io
import json
import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from mailer.clients.fields import FieldRefused, create_field, require_unused
from mailer.extensions import db
from mailer.letters.document import blocks_from_json, from_json
from mailer.messages import letter_desk
from mailer.messages.letter_labels import first_words
from mailer.models.client import ClientFilter
from mailer.models.client_field import ClientField, FieldType
from mailer.models.letter import LetterVersion, OwnBlocks
from mailer.models.message import Message, MessageKind
from mailer.models.user import User
from tests.conftest import Browser
from tests.factories import make_client, make_user, save

JSON = {"Accept": "application/json"}


def begin(browser: Browser, starter: str = "sale") -> str:
    answer = browser.post("/messages/write/starter", data={"starter": starter, "language": "ru"})
    assert answer.status_code == 303, answer.text
    return str(answer.location).partition("?")[0]


def message() -> Message:
    db.session.expire_all()
    return db.session.query(Message).order_by(Message.id.desc()).first()  # type: ignore[return-value]


def form_of(browser: Browser, path: str, part: str) -> dict[str, str]:
    """The fields of the open part's form, as a browser would send them."""
    page = browser.get(f"{path}?part={part}").text
    form = re.search(r"<form[^>]*data-letter-part.*?</form>", page, re.DOTALL)[0]  # type: ignore[index]
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*?value="([^"]*)"', form))
    fields |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        fields[name] = re.search(r'value="([^"]*)" selected', options)[1]  # type: ignore[index]
    return {name: unescape(value) for name, value in fields.items()}


def blocks_of(browser: Browser, path: str) -> list[str]:
    return re.findall(r'data-block="(\w+)"', browser.get(path).text)


def test_a_letter_is_written_by_plain_forms(as_owner: Browser) -> None:
    assert as_owner.get("/messages/write").status_code == 200
    path = begin(as_owner)
    made = message()
    assert (made.kind, made.html_body[:9].lower()) == (MessageKind.BLOCKS, "<!doctype")
    assert as_owner.get(f"/messages/{made.id}/edit").location == path
    for part in ("", "head", "theme", *blocks_of(as_owner, path)):
        assert as_owner.get(f"{path}?part={part}").status_code == 200

    text = form_of(as_owner, path, "b4") | {"html": "Первая строка\n\nЗдравствуйте, {{ имя }}!"}
    assert as_owner.post(f"{path}/part/b4", data=text).status_code == 303
    assert "<p>Первая строка</p>" in unescape(as_owner.get(f"{path}?part=b4").text)
    assert "Первая строка" in as_owner.get(f"{path}/preview").text
    assert "Первая строка" not in message().html_body, "what is sent changes when the letter is saved"
    head = form_of(as_owner, path, "head") | {"subject": 'Скидки, {{ имя | "друг" }}', "preheader": "Только сегодня"}
    as_owner.post(f"{path}/part/head", data=head)

    answer = as_owner.post(f"{path}/save")
    assert answer.location == f"/messages/{made.id}"
    saved = message()
    assert (saved.subject, saved.version) == ('Скидки, {{ имя | "друг" }}', 2)
    assert "Только сегодня" in saved.html_body
    assert "Первая строка" in saved.text_body
    assert saved.document is not None
    assert "Первая строка" in as_owner.get(f"/messages/{made.id}/html").text


def test_one_button_keeps_what_was_typed_and_opens_the_next_block(as_owner: Browser) -> None:
    path = begin(as_owner)
    ids = blocks_of(as_owner, path)
    for part, following in zip(("head", *ids), ids, strict=False):
        page = as_owner.get(f"{path}?part={part}").text
        assert 'id="next-block"' in page, part
        answer = as_owner.post(f"{path}/part/{part}", data=form_of(as_owner, path, part) | {"act": "next"})
        assert answer.location == f"{path}?part={following}&focus=first"
    for part in ("theme", "text", ids[-1]):
        assert 'id="next-block"' not in as_owner.get(f"{path}?part={part}").text, part
    heading = form_of(as_owner, path, "b3") | {"text": "Чай дешевле", "act": "next"}
    as_owner.post(f"{path}/part/b3", data=heading)
    assert "Чай дешевле" in as_owner.get(path).text


def test_blocks_are_added_moved_copied_and_deleted_with_a_way_back(as_owner: Browser) -> None:
    path = begin(as_owner, "personal")
    assert blocks_of(as_owner, path) == ["b1", "b2"]
    as_owner.post(f"{path}/add", data={"kind": "divider", "after": "b1"})
    as_owner.post(f"{path}/add", data={"kind": "heading", "after": "b2"})
    assert blocks_of(as_owner, path) == ["b1", "b3", "b4", "b2"], "the way out stays last"
    answer = as_owner.post(f"{path}/block/b4", data={"act": "up"})
    assert "место 2 из 4" in as_owner.get(answer.location).text
    as_owner.post(f"{path}/block/b1", data={"act": "copy"})
    as_owner.post(f"{path}/block/b3", data={"act": "to", "place": "0"})
    assert blocks_of(as_owner, path) == ["b3", "b1", "b5", "b4", "b2"]
    page = as_owner.post(f"{path}/block/b1", data={"act": "delete"}, follow_redirects=True).text
    assert f"{path}/step/undo" in page
    assert blocks_of(as_owner, path) == ["b3", "b5", "b4", "b2"]
    as_owner.post(f"{path}/step/undo")
    assert blocks_of(as_owner, path) == ["b3", "b1", "b5", "b4", "b2"]
    as_owner.post(f"{path}/step/redo")
    as_owner.post(f"{path}/block/b2", data={"act": "delete"})
    assert blocks_of(as_owner, path) == ["b3", "b5", "b4", "b2"], "nor can it be deleted"
    for _each in range(60):
        as_owner.post(f"{path}/add", data={"kind": "spacer"})
    assert len(blocks_of(as_owner, path)) == 60
    assert db.session.query(LetterVersion).count() == 50
    assert as_owner.post(f"{path}/block/b3", data={"act": "to", "place": "9" * 5000}).status_code == 303


def test_things_for_sale_are_added_ordered_and_removed(as_owner: Browser) -> None:
    path = begin(as_owner)
    as_owner.post(f"{path}/part/b7", data=form_of(as_owner, path, "b7") | {"act": "add-item"})
    form = form_of(as_owner, path, "b7")
    assert form["items-3-name"] == ""
    as_owner.post(f"{path}/part/b7", data=form | {"items-3-name": "Батон", "act": "up-item-3"})
    form = form_of(as_owner, path, "b7")
    assert [form[f"items-{number}-name"] for number in range(4)] == ["Пшеничный", "Круассан", "Батон", "Бублик"]
    as_owner.post(f"{path}/part/b7", data=form | {"act": "remove-item-0"})
    assert form_of(as_owner, path, "b7")["items-0-name"] == "Круассан"


REFUSED = [
    ("b5", "link", "javascript:alert(1)", "https, http, mailto"),
    ("b5", "colour", "red", "#b5541c"),
    ("b2", "picture", "http://x.test/a.jpg", "https://"),
    ("b7", "items-1-link", "data:x", "https, http, mailto"),
    ("b3", "text", "x" * 201, "не больше 200"),
    ("theme", "text", "#cccccc", "контраст 1,6"),
]


def test_what_is_refused_is_kept_in_the_form_and_named(as_owner: Browser) -> None:
    path = begin(as_owner)
    for part, name, value, words in REFUSED:
        form = form_of(as_owner, path, part) | {name: value}
        answer = as_owner.post(f"{path}/part/{part}", data=form)
        assert answer.status_code == 422
        assert words in answer.text
        assert f'id="f-{name}-error"' in answer.text
        assert f'value="{value}"' in answer.text
        said: Any = as_owner.post(f"{path}/part/{part}", data=form, headers=JSON)
        assert (said.status_code, list(said.json["faults"])) == (422, [name])


def test_two_windows_get_a_choice_and_lose_nothing(as_owner: Browser) -> None:
    path = begin(as_owner)
    first, second = form_of(as_owner, path, "b3"), form_of(as_owner, path, "b3")
    kept: Any = as_owner.post(f"{path}/part/b3", data=first | {"text": "Мой"}, headers=JSON).json
    assert kept["words"] == "Мой"
    assert as_owner.post(f"{path}/part/b3", data=second | {"text": "Твой"}, headers=JSON).status_code == 409
    page = as_owner.post(f"{path}/part/b3", data=second | {"text": "Твой"})
    assert page.status_code == 409
    assert 'value="Твой"' in page.text
    seen = re.search(r'name="seen" value="(\w+)"', page.text)[1]  # type: ignore[index]
    assert as_owner.post(f"{path}/part/b3", data=second | {"text": "Твой", "seen": seen}).status_code == 303
    assert "Твой" in as_owner.get(f"{path}/preview").text
    as_owner.post(f"{path}/block/b3", data={"act": "delete"})
    assert as_owner.post(f"{path}/part/b3", data=first, headers=JSON).status_code == 409
    assert as_owner.post(f"{path}/part/b4", data=form_of(as_owner, path, "b4")).status_code == 303


def test_a_letter_that_cannot_be_a_mail_is_not_saved(as_owner: Browser) -> None:
    path = begin(as_owner)
    as_owner.post(f"{path}/part/b3", data=form_of(as_owner, path, "b3") | {"text": "Привет, {{ фамлия }}"})
    as_owner.post(f"{path}/part/head", data=form_of(as_owner, path, "head") | {"subject": ""})
    page = as_owner.post(f"{path}/save")
    assert page.status_code == 422
    assert "фамилия" in page.text
    assert message().subject
    assert as_owner.get(f"{path}/preview").status_code == 200


def test_html_is_a_way_with_a_way_back(as_owner: Browser) -> None:
    path = begin(as_owner)
    before = message().html_body
    number = message().id
    as_owner.post(f"{path}/html")
    assert message().kind is MessageKind.HTML
    assert as_owner.get(path).status_code == 404
    assert f"{path}/blocks" in as_owner.get(f"/messages/{number}/edit").text
    as_owner.post(f"{path}/blocks")
    assert (message().kind, message().html_body) == (MessageKind.BLOCKS, before)


def test_own_templates_themes_and_earlier_letters_begin_new_ones(as_owner: Browser, as_stranger: Browser) -> None:
    path = begin(as_owner)
    as_owner.post(f"{path}/template", data={"name": "Мой шаблон"})
    assert "уже занято" in as_owner.post(f"{path}/template", data={"name": "Мой шаблон"}, follow_redirects=True).text
    page = as_owner.get("/messages/write").text
    assert "Мой шаблон" in page
    own = re.search(r"/messages/templates/\d+", page)[0]  # type: ignore[index]
    assert as_stranger.post(own).status_code == as_stranger.get(f"{own}/preview").status_code == 404
    assert as_owner.get(f"{own}/preview").status_code == 200
    assert as_owner.post(own).status_code == 303
    as_owner.post(f"{path}/part/head", data=form_of(as_owner, path, "head") | {"name": "Осень"})
    files = path.replace("letter", "files")
    as_owner.post(files, data={"attachment": (io.BytesIO(b"%PDF-1"), "price.pdf")})
    told = as_owner.post(f"{path}/template", data={"name": "С файлом"}, follow_redirects=True).text
    assert "Файлы остаются" in told
    as_owner.post(f"{path}/html")
    html = {"subject": "Осень", "html_body": "<p>Осень</p>", "text_body": ""}
    again = as_owner.post("/messages/new", data={**html, "copied_from": path.split("/")[2]}).location
    assert "Вернуться к блокам" in as_owner.get(f"{again}/edit").text, "a copy of such HTML has its blocks, too"
    assert as_owner.post(f"{again}/letter/blocks").status_code == 303
    assert as_owner.post(f"{again}/letter/again").status_code == 303
    as_owner.post(f"{path}/blocks")
    copied = as_owner.post(f"{path}/again")
    assert "Осень (копия)" in as_owner.get(copied.location).text
    assert "price.pdf" in as_owner.get(copied.location.replace("letter", "files")).text
    assert (
        as_owner.post("/messages/theme", data={"accent": "#1b6b40", "logo": "https://x.test/l.png"}).status_code == 303
    )
    begin(as_owner)
    assert "#1b6b40" in message().html_body
    assert "https://x.test/l.png" in message().html_body
    assert as_owner.post(f"{own}/delete").status_code == 303
    assert as_owner.post(own).status_code == 404
    odd = {"logo": "https://x.test/l.png", "logo_alt": "{{", "link": "https://x.test"}  # no placeholder, and said later
    assert as_owner.post("/messages/theme", data=odd).status_code == 303
    assert as_owner.get("/messages/write/starter/news.ru").status_code == 200


def test_a_letter_has_a_bound_and_may_shrink_beyond_it(as_owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    path = begin(as_owner)
    block = blocks_of(as_owner, path)[0]
    monkeypatch.setattr(letter_desk, "MOST_BYTES", 500)
    copied = as_owner.post(f"{path}/block/{block}", data={"act": "copy"}, follow_redirects=True).text
    assert "Письмо стало бы слишком большим" in copied
    typed = form_of(as_owner, path, "b4") | {"html": "Длинный текст. " * 200}
    answer = as_owner.post(f"{path}/part/b4", data=typed)
    assert answer.status_code == 422 and "Длинный текст" in answer.text and "слишком большим" in answer.text
    assert as_owner.post(f"{path}/part/b4", data=typed, headers=JSON).status_code == 422
    count = len(blocks_of(as_owner, path))
    as_owner.post(f"{path}/block/{block}", data={"act": "delete"})
    assert len(blocks_of(as_owner, path)) == count - 1


def test_the_letter_is_shown_as_lists_of_mails_show_it(as_owner: Browser) -> None:
    path = begin(as_owner)
    head = form_of(as_owner, path, "head") | {"subject": 'Пироги ждут, {{ имя | "друг" }}!', "preheader": "Только &"}
    as_owner.post(f"{path}/part/head", data=head)
    someone = make_client(db.session.get_one(User, message().owner_id), first_name="Анна")
    shown = unescape(as_owner.get(f"{path}/inboxes?client={someone.id}").text)
    assert shown.count("Пироги ждут, Анна!") == 3 and shown.count("Только & ") == 3
    filled = re.search(r'data-filled="(\{.*\})"', shown)[1]  # type: ignore[index]
    assert json.loads(filled) == {'{{ имя | "друг" }}': "Анна"}
    typed = {"subject": "Весна, {{ имя }}", "text_body": "Здравствуйте, {{ имя }}!", "client": str(someone.id)}
    written = unescape(as_owner.post("/messages/preview", data=typed).text)
    assert written.count("Весна, Анна") == 4 and 'opening">Здравствуйте, Анна!' in written


def test_a_text_half_written_by_hand_is_held_against_the_letter(as_owner: Browser) -> None:
    path = begin(as_owner)
    flag, number = "Письмо с тех пор изменилось", message().id

    def text_form(**typed: str) -> str:
        as_owner.post(f"{path}/part/text", data=form_of(as_owner, path, "text") | typed)
        return form_of(as_owner, path, "text")["words"]

    assert "Пекарня" in text_form(act="take")
    assert text_form(words="{{ почт }}") == "{{ почт }}"
    assert "подстановк" in as_owner.post(f"{path}/save").text, "its placeholders are looked at too"
    text_form(words="Здравствуйте, {{ имя }}!\r\n\r\nПриходите.")
    assert flag not in as_owner.get(f"{path}?part=text").text
    as_owner.post(f"{path}/save")
    assert message().text_body == "Здравствуйте, {{ имя }}!\n\nПриходите.\n"
    as_owner.post(f"{path}/part/theme", data=form_of(as_owner, path, "theme") | {"accent": "#1b6b40"})
    assert flag not in as_owner.get(path).text, "another colour says nothing else"
    as_owner.post(f"{path}/part/b4", data=form_of(as_owner, path, "b4") | {"html": "Всё иначе"})
    assert flag in as_owner.get(path).text
    saved = as_owner.post(f"{path}/save", follow_redirects=True).text
    assert "написали вручную" in saved and flag in saved
    assert "написан для прежней версии письма" in as_owner.get(f"/messages/{number}/check").text
    text_form(act="fits")
    assert flag not in as_owner.get(f"{path}?part=text").text
    assert text_form(act="anew") == ""
    as_owner.post(f"{path}/save")
    assert "Всё иначе" in message().text_body


def test_the_same_of_html(as_owner: Browser) -> None:
    typed = {"subject": "x", "html_body": "<p>Хлеб {{ имя }}</p>", "text_body": "", "language": "ru"}
    taken = as_owner.post("/messages/new", data=typed | {"text_act": "take"})
    assert taken.status_code == 200 and "\nХлеб {{ имя }}</textarea>" in taken.text.replace("\r", "")
    assert not db.session.query(Message).all()
    as_owner.post("/messages/new", data=typed | {"text_body": "Свой хлеб, {{ имя }}"})
    path, flag = f"/messages/{message().id}", "написан для прежней версии письма"

    def save(**more: str) -> str:
        row = message()
        kept = {"html_body": row.html_body, "text_body": row.text_body, "version": str(row.version)}
        as_owner.post(f"{path}/edit", data=typed | kept | more)
        return as_owner.get(f"{path}/edit").text

    assert flag not in save(html_body='<p style="color:red">Хлеб {{ имя }}</p>')
    assert flag in save(html_body="<p>Булки {{ имя }}</p>")
    assert flag in as_owner.get(f"{path}/check").text
    assert flag in save(subject="y"), "until somebody has looked"
    assert flag not in save(text_fits="y")
    assert flag in save(html_body="<p>Квас</p>")
    assert flag not in save(text_body="Свой квас")
    row = message()
    row.text_written_for = None  # as one saved by a release before
    db.session.commit()
    assert flag in save(html_body="<p>Сбитень</p>")
    assert flag not in save(text_body="") and message().text_written_for is None


def test_a_block_is_shown_to_a_segment(as_owner: Browser) -> None:
    path = begin(as_owner)
    owner_id = message().owner_id
    vip = save(ClientFilter(owner_id=owner_id, name="Свои <b>", tree={"v": 1, "all": []}))
    foreign = save(ClientFilter(owner_id=make_user().id, name="Чужие", tree={"v": 1, "all": []}))
    field = form_of(as_owner, path, "b4")
    for wrong in (f"in:{foreign.id}", "in:0", "all:1", "x", "in:" + "9" * 30):
        answer = as_owner.post(f"{path}/part/b4", data=field | {"shown": wrong})
        assert answer.status_code == 422 and "Выберите из списка" in answer.text, wrong
    assert as_owner.post(f"{path}/part/b4", data=field | {"shown": f"in:{vip.id}"}).status_code == 303
    page = as_owner.get(f"{path}?part=b4").text
    assert f'value="in:{vip.id}" selected' in page and "только: Свои &lt;b&gt;" in page
    as_owner.post(f"{path}/part/b4", data=form_of(as_owner, path, "b4") | {"shown": f"in:{vip.id}", "html": "Другое"})
    as_owner.post(f"{path}/block/b4", data={"act": "copy"})
    assert as_owner.get(path).text.count("только: Свои") == 2, "a copy is for the same people"
    as_owner.post(f"{path}/part/text", data=form_of(as_owner, path, "text") | {"act": "take"})
    taken = form_of(as_owner, path, "text")["words"]
    assert "Пекарня" in taken and "Другое" not in taken and "{{if" not in taken
    as_owner.post(f"{path}/part/text", data=form_of(as_owner, path, "text") | {"words": "{{if:b4}} всё"})
    assert as_owner.post(f"{path}/save").status_code == 422, "nobody types a gate"
    as_owner.post(f"{path}/part/text", data=form_of(as_owner, path, "text") | {"act": "anew"})
    as_owner.post(f"{path}/save")
    assert sorted(message().conditions) == ["if:b11", "if:b4"]  # type: ignore[arg-type]
    refused = as_owner.post(f"{path}/html", follow_redirects=True).text
    assert "показываются не всем" in refused and message().kind is MessageKind.BLOCKS
    db.session.delete(db.session.get_one(ClientFilter, vip.id))
    db.session.commit()
    assert "сегмент удалён" in as_owner.get(path).text
    assert as_owner.post(f"{path}/save").status_code == 422
    for block in ("b4", "b11"):
        as_owner.post(f"{path}/part/{block}", data=form_of(as_owner, path, block) | {"shown": ""})
    assert as_owner.post(f"{path}/save").status_code == 303
    assert message().conditions is None and "{{if" not in message().html_body + message().text_body


def test_blocks_are_kept_and_copies_put_into_other_letters(as_owner: Browser, as_stranger: Browser) -> None:
    path = begin(as_owner)
    kept = {"name": "  Наши   контакты ", "first": "b4", "last": "b3"}
    assert as_owner.post(f"{path}/keep-blocks", data=kept).status_code == 303
    for wrong in ({"name": ""}, {"name": "я" * 151}, {}, {"name": "y", "first": "b99"}, {"name": "y", "last": "b10"}):
        as_owner.post(f"{path}/keep-blocks", data=kept | wrong)
    row = db.session.scalars(select(OwnBlocks)).one()
    assert (row.name, [each["id"] for each in row.blocks]) == ("Наши контакты", ["b3", "b4"])
    words = first_words(blocks_from_json(row.blocks)[0])
    other = begin(as_owner, "news")
    before = blocks_of(as_owner, other)
    assert as_owner.post(f"{other}/insert", data={"own": "x"}).status_code == 400
    as_owner.post(f"{other}/insert", data={"own": str(row.id), "after": before[0]})
    after = blocks_of(as_owner, other)
    assert after[0] == before[0] and after[3:] == before[1:] and words in unescape(as_owner.get(other).text)
    theirs = begin(as_stranger)
    assert as_stranger.post(f"{theirs}/insert", data={"own": str(row.id)}).status_code == 404
    page, name = as_owner.get("/messages/write").text, "Новое имя"
    assert "Наши контакты" in page and f"/messages/own-blocks/{row.id}/rename" in page
    for who in (as_stranger, as_owner):
        who.post(f"/messages/own-blocks/{row.id}/rename", data={"name": name})
        assert (name in as_owner.get("/messages/write").text) is (who is as_owner)
    as_stranger.post(f"/messages/own-blocks/{row.id}/delete")
    as_owner.post(f"/messages/own-blocks/{row.id}/delete")
    assert name not in as_owner.get("/messages/write").text and blocks_of(as_owner, other) == after


def condition(what: str, op: str, **more: str) -> dict[str, str]:
    """One row of the builder as its form says it."""
    return {"c-join": "all", "c.0-what": what, "c.0-op": op} | {f"c.0-{name}": value for name, value in more.items()}


def test_a_block_has_conditions_of_its_own_built_as_those_of_segments(as_owner: Browser, as_stranger: Browser) -> None:
    path = begin(as_owner)
    people = f"{path}/block/b4/people"
    first = as_owner.get(people).text
    assert 'name="c.0-what"' in first and "Кто увидит этот блок" in first
    grown = as_owner.post(people, data=condition("tag", "any", values="vip") | {"do": "add:c"}).text
    assert 'name="c.1-what"' in grown and "checked" in grown
    empty = as_owner.post(people, data=condition("tag", "any"))
    assert empty.status_code == 422 and "Выберите хотя бы одно" in empty.text
    seen = {"seen": re.findall(r'name="seen" value="([^"]*)"', first)[0]}
    kept = as_owner.post(people, data=condition("tag", "any", values="vip") | seen)
    assert kept.status_code == 303 and "part=b4" in kept.location
    page = as_owner.get(f"{path}?part=b4").text
    assert page.lower().count("метка «vip»") == 2 and 'value="meet" selected' in page
    as_owner.post(f"{path}/part/b4", data=form_of(as_owner, path, "b4") | {"shown": "meet", "html": "Другое"})
    as_owner.post(f"{path}/block/b4", data={"act": "copy"})
    assert as_owner.get(path).text.lower().count("метка «vip»") == 2, "what is typed changes none of it"
    late = as_owner.post(people, data=condition("tag", "none", values="vip") | seen)
    assert late.status_code == 409 and "в другом окне или после отмены" in late.text, (
        "another window has seen other people"
    )
    as_owner.post(f"{path}/save")
    tree = {"v": 1, "all": [{"what": "tag", "op": "any", "value": ["vip"]}]}
    assert message().conditions == {"if:b4": tree, "if:b11": tree}
    as_owner.post(f"{path}/keep-blocks", data={"name": "Своим", "first": "b4", "last": "b4"})
    as_owner.post(f"{path}/template", data={"name": "Для своих"})
    from_json(message().document)
    now = {"seen": re.findall(r'name="seen" value="([^"]*)"', as_owner.get(people).text)[0]}
    assert as_owner.post(people, data={"c-join": "all"} | now).status_code == 303
    assert "только если" not in as_owner.get(f"{path}?part=b4").text.partition('id="block-b11"')[0], (
        "nothing: everybody"
    )
    last = as_owner.get(f"{path}/block/b10/people", follow_redirects=True)
    assert "Кто увидит этот блок</h1>" not in last.text, "the way out is for everybody"
    assert as_stranger.get(people).status_code == 404


def test_conditions_that_say_nothing_are_everybody_and_what_is_too_deep_is_not_cut(as_owner: Browser) -> None:
    path = begin(as_owner)
    people = f"{path}/block/b4/people"
    seen = {"seen": re.findall(r'name="seen" value="([^"]*)"', as_owner.get(people).text)[0]}
    deep = {"c" + ".0" * depth + "-join": "any" for depth in range(30)}
    many = {f"c.{number}-what": "came" for number in range(90)} | {f"c.{number}-value": "hand" for number in range(90)}
    for forged in (deep | condition_at("c" + ".0" * 30), many | {"c-join": "all"}):
        for form in (people, "/clients/segments/new"):
            refused = as_owner.post(form, data=forged | seen | {"name": "Все"})
            assert refused.status_code == 422 and "Слишком много условий" in refused.text, form
    for join in ("all", "any", "none"):
        for empty in ({}, {"c.0-join": "any"}, {"c.0-join": "none", "c.0.0-join": "all"}):
            assert as_owner.post(people, data={"c-join": join} | empty | seen).status_code == 303
            assert "только если" not in as_owner.get(f"{path}?part=b4").text.lower(), (join, empty)


def condition_at(path: str) -> dict[str, str]:
    """A sound row there."""
    return {f"{path}-what": "came", f"{path}-op": "", f"{path}-value": "hand"}


def test_a_tag_or_field_of_a_blocks_conditions_is_not_lost(as_owner: Browser) -> None:
    """A new name is followed in what is sent, on the desk and in what is kept; nothing makes a part for some go to
    others."""
    path = begin(as_owner)
    owner_id = message().owner_id
    make_client(db.session.get_one(User, owner_id), tags=["vip", "old"])
    seen = {"seen": re.findall(r'name="seen" value="([^"]*)"', as_owner.get(f"{path}/block/b4/people").text)[0]}
    as_owner.post(f"{path}/block/b4/people", data=condition("tag", "any", values="vip") | seen)
    as_owner.post(f"{path}/keep-blocks", data={"name": "Своим", "first": "b4", "last": "b4"})
    as_owner.post(f"{path}/save")
    tags = as_owner.get("/clients/tags/").text
    assert message().title in tags.partition("vip")[2]
    refused = as_owner.post("/clients/tags/delete", data={"tag": "vip", "confirmed": "1"}, follow_redirects=True).text
    assert message().title in refused and message().conditions is not None
    as_owner.post("/clients/tags/rename", data={"tag": "vip", "name": "gold"}, follow_redirects=True)
    db.session.expire_all()
    tree = {"v": 1, "all": [{"what": "tag", "op": "any", "value": ["gold"]}]}
    assert message().conditions == {"if:b4": tree}
    document: Any = message().document
    assert document["blocks"][3]["shown"] == {"op": "meet", "segment": 0, "tree": tree}
    assert db.session.scalars(select(OwnBlocks)).one().blocks[0]["shown"]["tree"] == tree
    assert "метка «gold»" in as_owner.get(path).text.lower()
    field = create_field(db.session.get_one(User, owner_id), "Город", FieldType.TEXT)
    seen = {"seen": re.findall(r'name="seen" value="([^"]*)"', as_owner.get(f"{path}/block/b4/people").text)[0]}
    as_owner.post(f"{path}/block/b4/people", data=condition(f"f{field.id}", "is", value="Тула") | seen)
    as_owner.post(f"{path}/save")
    with pytest.raises(FieldRefused, match="письмах"):
        require_unused(db.session.get_one(ClientField, field.id))
