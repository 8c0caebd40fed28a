"""The page before sending: holes and whom they are for, and what readers would miss, each with what to do."""

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
