"""What somebody decides behind the link of a mail, and what becomes of it."""

from __future__ import annotations

import json
from datetime import timedelta

from flask import Flask

from mailer.clients.services import add_tag
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, Suppression
from mailer.models.delivery import Delivery, Reason
from mailer.models.mailing import Audience
from mailer.models.run import Run
from mailer.models.topic import Topic
from mailer.models.user import User
from mailer.sending.mail_headers import unsubscribe_url
from mailer.sending.runs.audience import summary_of
from mailer.sending.runs.recipient_list import write_recipient_list
from tests.conftest import Browser
from tests.factories import make_client, make_due_run, make_message, save


def test_a_topic_given_back_stays_off_whoever_adds_it(
    web: Browser, as_owner: Browser, as_stranger: Browser, owner: User
) -> None:
    for tag in ("news", "sales"):
        answer = as_owner.post("/clients/topics/", data={"tag": tag, "label": tag.title(), "hint": ""})
        assert answer.status_code == 303
    assert as_owner.post("/clients/topics/", data={"tag": "news", "label": "x"}).status_code == 422
    news, sales = db.session.scalars(db.select(Topic).order_by(Topic.id)).all()
    client = make_client(owner, tags=["news", "vip"])
    path = f"/u/{client.token}/preferences"
    page = web.get(path)
    assert page.status_code == 200 and "Set-Cookie" not in page.headers and client.email not in page.text
    assert web.post(f"{path}/topics", data={"topics": [sales.id, "x", "9" * 30]}).status_code == 303
    db.session.expire_all()
    assert (client.tags, client.refused_tags) == (["vip", "sales"], ["news"])
    add_tag([Client.owner_id == owner.id], "news")
    db.session.expire_all()
    assert client.tags == ["vip", "sales"], "the person's word outweighs the owner's hand"
    make_client(owner, tags=["news"])
    as_owner.post("/clients/tags/rename", data={"tag": "news", "name": "letters"})
    db.session.expire_all()
    assert news.tag == "letters" and client.refused_tags == ["letters"]
    web.post(f"{path}/topics", data={"topics": [news.id]})
    db.session.expire_all()
    assert (client.tags, client.refused_tags) == (["vip", "letters"], ["sales"])
    assert as_stranger.post(f"/clients/topics/{news.id}/delete").status_code == 404


def test_a_mail_of_one_topic_offers_to_leave_just_that(web: Browser, owner: User) -> None:
    topics = [save(Topic(owner_id=owner.id, tag=tag, label=tag.title())) for tag in ("news", "sales")]
    client = make_client(owner, tags=["news", "sales", "vip"])
    run = make_due_run(owner, audience=Audience.TAGS, tags=["news"])
    write_recipient_list(run.id)
    page = web.get(f"/u/{client.token}/{run.link_code}").text
    assert 'data-topic="News"' in page and f'name="topics" value="{topics[1].id}"' in page
    assert "data-topic" not in web.get(f"/u/{client.token}").text, "the link of no run"
    web.post(f"/u/{client.token}/preferences/topics", data={"topics": topics[1].id})
    db.session.expire_all()
    assert client.tags == ["sales", "vip"]
    assert "data-topic" not in web.get(f"/u/{client.token}/{run.link_code}").text


def test_who_paused_is_left_out_when_the_list_is_made_and_when_it_is_sent(
    web: Browser, owner: User, as_owner: Browser
) -> None:
    client = make_client(owner)
    path = f"/u/{client.token}/preferences"
    assert "done=paused" in web.post(f"{path}/pause", data={"do": "pause"}).location
    db.session.expire_all()
    assert client.paused_until is not None and client.paused_until > utcnow() + timedelta(days=29)
    summary = summary_of([Client.owner_id == owner.id], owner.id)
    assert (summary.total, summary.paused, summary.will_get) == (1, 1, 0)
    make_client(owner)
    run = make_due_run(owner)
    write_recipient_list(run.id)
    found = db.session.execute(db.select(Delivery.client_id, Delivery.reason)).all()
    assert dict(map(tuple, found))[client.id] is Reason.PAUSED
    web.post(f"{path}/pause", data={"do": "resume"})
    db.session.expire_all()
    assert client.paused_until is None


def test_a_name_is_corrected_data_are_taken_along_and_the_person_is_erased(
    app: Flask, web: Browser, as_owner: Browser, owner: User
) -> None:
    client = make_client(owner, "anna@example.test", first_name="Ана", attributes={"city": "Казань"})
    other = make_client(owner, "boris@example.test")
    run = make_due_run(owner)
    write_recipient_list(run.id)
    path, view = f"/u/{client.token}/preferences", f"/u/{client.token}/{run.link_code}/view"
    assert web.post(f"{path}/name", data={"first_name": "А" * 151}).status_code == 422
    assert web.post(f"{path}/name", data={"first_name": "Анна", "last_name": ""}).status_code == 303
    data = json.loads(web.post(f"{path}/data").text)
    assert data["person"]["first_name"] == "Анна" and data["person"]["attributes"] == {"city": "Казань"}
    assert [mail["address"] for mail in data["emails"]] == ["anna@example.test"]
    assert "boris" not in json.dumps(data)
    assert web.post(f"{path}/erase").status_code == 422, "only who means it"
    assert 'data-state="erased"' in web.post(f"{path}/erase", data={"sure": "yes"}).text
    assert db.session.scalars(db.select(Client.id)).all() == [other.id]
    assert db.session.get(Suppression, (owner.id, "anna@example.test")) is not None
    assert db.session.scalar(db.select(db.func.count()).select_from(Delivery)) == 2, "what was sent stays evidence"
    for gone in (path, f"{path}/data", view):
        answer = web.post(gone) if gone.endswith("data") else web.get(gone)
        assert 'data-state="gone"' in answer.text, gone


def test_a_mail_is_read_in_a_browser_as_its_run_keeps_it(web: Browser, owner: User) -> None:
    message = make_message(
        owner,
        subject="News for {{ first_name }}",
        html_body='<p>Hello, {{ first_name }}!</p><a href="{{ view_url }}">V</a><a href="{{ preferences_url }}">P</a>',
    )
    client, other = make_client(owner, first_name="<Анна>"), make_client(owner, first_name="Борис")
    run = make_due_run(owner, [client], message=message)
    write_recipient_list(run.id)
    message.html_body = "<p>changed</p>"
    db.session.commit()
    run = db.session.get_one(Run, run.id)
    path = f"/u/{client.token}/{run.link_code}"
    shown = web.get(f"{path}/view")
    assert "News for &lt;Анна&gt;" in shown.text and 'sandbox=""' in shown.text
    frame = web.get(f"{path}/view.html")
    assert "Hello, &lt;Анна&gt;!" in frame.text and "sandbox" in frame.headers["Content-Security-Policy"]
    link = unsubscribe_url(client.token, run.link_code)
    assert f'href="{link}/view"' in frame.text and f'href="{link}/preferences"' in frame.text
    assert web.get(f"/u/{other.token}/{run.link_code}/view").status_code == 404, "of that person only"
    assert web.get(f"/u/{client.token}/{'0' * 8}/view").status_code == 404
    assert web.get(f"{path}/preferences").status_code == 200


def test_a_reader_chooses_language_and_zone_and_the_pages_speak_it(
    web: Browser, as_owner: Browser, owner: User
) -> None:
    client = make_client(owner)
    path, german = f"/u/{client.token}/preferences", {"Accept-Language": "de, en;q=0.5"}
    for wrong in ({"language": "tlh", "timezone": ""}, {"language": "ru", "timezone": "Атлантида"}):
        answer = web.post(f"{path}/language", data=wrong, headers=german)
        assert answer.status_code == 422 and "-error" in answer.text, wrong
    assert '<html lang="en"' in web.get(path, headers=german).text, "what the browser asks for"
    chosen = web.post(f"{path}/language?lang=en", data={"language": "ru", "timezone": "Vladivostok"}, headers=german)
    assert (chosen.status_code, "lang=" in chosen.location) == (303, False)
    db.session.expire_all()
    assert (client.language, client.timezone) == ("ru", "Asia/Vladivostok")
    for page in (chosen.location, f"/u/{client.token}", path, f"/u/{client.token}/00000000/view"):
        assert '<html lang="ru"' in web.get(page, headers=german).text, page
    assert '<html lang="en"' in web.get(f"{path}?lang=en", headers=german).text, "the one picked on the page"
    assert 'value="Владивосток (UTC+10)"' in web.get(path, headers=german).text
    person = json.loads(web.post(f"{path}/data").text)["person"]
    assert (person["language"], person["timezone"]) == ("ru", "Asia/Vladivostok")
    web.post(f"{path}/language", data={"language": "ru"})  # as who changes nothing else
    assert client.timezone == "Asia/Vladivostok"
    web.post(f"{path}/language", data={"language": "", "timezone": ""})
    assert "data-zone" not in web.get(path).text, "nobody gets the zone of a device unasked"
    db.session.expire_all()
    assert (client.language, client.timezone) == ("", "")
