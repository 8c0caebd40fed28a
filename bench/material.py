"""What everybody sends: the same people, the same letter of about 4 KiB on the wire, in Russian, with a name in it."""

from __future__ import annotations

PARAGRAPH = "<p>Спасибо, что читаете наши новости: этот абзац одинаков для всех.</p>\n"
SUBJECT = "Новости для {{ имя }}"
HTML = "<p>Здравствуйте, {{ имя }}!</p>\n" + PARAGRAPH * 3 + "<p>До встречи, {{ имя }}. Ваша «Голубятня».</p>\n"


def first_name(number: int) -> str:
    """The name of a person."""
    return f"Иван-{number}"


def email(number: int) -> str:
    """The address of a person."""
    return f"client{number}@example.test"


def plain(name: str) -> str:
    """The letter as text, for those who build their mails themselves."""
    import re

    return re.sub(r"<[^>]+>", "", HTML.replace("{{ имя }}", name))
