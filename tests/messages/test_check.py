"""The page before sending: holes and whom they are for, and what readers would miss, each with what to do."""

from copy import deepcopy

from mailer.extensions import db
from mailer.models.letter import LetterVersion
from mailer.models.message import Message
from mailer.models.user import User
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_message


def test_the_page_says_what_to_do(as_owner: Browser, as_stranger: Browser, owner: User) -> None:
    named = make_client(owner, first_name="Ян", attributes={"город": "Тверь"})
    make_client(owner, first_name="")
    html = '<a href="{{ сайт }}">x</a><img src="https://a.test/a.png">{{ имя }} {{ город }} {{ отчество | "x" }}'
    message = make_message(owner, html_body=html, text_body="")
    page = as_owner.get(f"/messages/{message.id}/check").text
    assert "Для 2 человек" in page and "{{ имя }} | " not in page
    assert page.count("check-warning") == 4  # имя, город, сайт; no alt
    mailing = make_mailing(owner, [named], message=message)
    page = as_owner.get(f"/messages/{message.id}/check?mailing={mailing.id}").text
    assert "{{ имя }}" not in page and "{{ сайт }}" in page
    assert as_stranger.get(f"/messages/{message.id}/check").status_code == 404
    assert as_owner.get(f"/messages/{message.id}/check?mailing=999").status_code == 404


def test_words_of_an_example_and_blocks_that_nobody_gets_are_named_with_the_way_there(as_owner: Browser) -> None:
    letter = as_owner.post("/messages/write/starter", data={"starter": "sale", "language": "ru"}).location
    message = db.session.get_one(Message, int(letter.split("/")[2]))
    page = as_owner.get(f"/messages/{message.id}/check").text
    assert "Остались слова или картинки из примера" in page and "никто не получит" not in page
    for part in ("head", "b2", "b7"):
        assert f"/messages/{message.id}/letter?part={part}&amp;focus=first" in page, part
    assert "part=b10&" not in page, "why the reader gets it names nobody"

    # Older forms could be saved with "any of" over nothing: nobody gets such a block, and so it stays in what is sent.
    changed = deepcopy(message.document)
    assert changed is not None
    changed["blocks"][3]["shown"] = {"op": "meet", "tree": {"v": 1, "any": []}}  # b4
    message.document = changed
    db.session.query(LetterVersion).filter_by(message_id=message.id).update({"document": changed})
    db.session.commit()
    page = as_owner.get(f"/messages/{message.id}/check").text
    assert "Эти блоки никто не получит" in page and "letter?part=b4&amp;focus=first" in page
    desk = as_owner.get(f"/messages/{message.id}/letter?part=b4").text
    assert "Выберите, кому" in desk.partition('id="letter-desk"')[0], "told at opening, above the blocks"
    assert as_owner.post(f"/messages/{message.id}/letter/save").status_code == 422
