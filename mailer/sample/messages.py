"""Messages of an invented tea shop."""

from __future__ import annotations

from pathlib import Path

from mailer.composing.sieve import sieve
from mailer.extensions import db
from mailer.models.message import Message

HERE = Path(__file__).parent / "letters"
SUBJECTS = {
    "autumn.html": '{{ имя | "Друзья" }}, осенний сбор приехал: три новых чая',
    "morning.txt": "Сегодня в лавке",
    "club.html": "Чайный клуб: в субботу пробуем улуны",
    "survey.txt": "Какой чай привезти зимой?",
    "welcome.txt": "Рады знакомству",
    "brewing.txt": "Как заварить улун, чтобы он не горчил",
}


def add_messages(owner_id: int) -> dict[str, Message]:
    """The messages by file name; no commit."""
    messages = {}
    for name, subject in SUBJECTS.items():
        is_html = name.endswith(".html")
        body = (HERE / name).read_text("utf-8")
        body = sieve(body).html if is_html else body
        messages[name] = Message(
            owner_id=owner_id, subject=subject, text_body="" if is_html else body, html_body=body if is_html else ""
        )
    db.session.add_all(messages.values())
    db.session.flush()
    return messages
