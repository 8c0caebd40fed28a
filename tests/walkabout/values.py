"""What people type: first what the form asks for, then what no form asks for."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from PIL import Image

from tests.walkabout.pages import Field

NUMBERS = count(1)
NUL, SURROGATE = "a\0b", "a\ud800b"
LONG_DIGITS, LARGE = "9" * 4000, "ы" * 50_000  # 100 KB in UTF-8
ODD = (
    NUL, SURROGATE, "²", "٣", str(2**31), str(2**63), LONG_DIGITS, "", LARGE, "0001-01-01", "0001-01-01T00:00",
    "9999-12-31T23:59", "an-unknown-word", "-1", "0", "1e400", "NaN", "%", "{{", "[]", "\r\nX-Header: x",
)  # fmt: skip
LEFT_OUT, REPEATED = "(left out)", "(repeated)"  # what is done with a field, and no value
# What pages and libraries take from an address without showing it on the page.
HIDDEN_PARAMETERS = (
    "q", "search", "page", "page_size", "sort", "desc", "order", "id", "after", "before", "at", "next", "url", "year",
    "month", "state", "outcome", "filter", "tag", "born_from", "mailing", "shown", "flt1_0", "flt0_0", "_method",
    "_scheme", "_anchor", "_external", "endpoint", "lang",
)  # fmt: skip
TEXTS: dict[str, Callable[[], str]] = {
    "email": lambda: f"somebody{next(NUMBERS)}@walkabout.test",
    "name": lambda: f"Имя {next(NUMBERS)}",
    "title": lambda: f"Статья {next(NUMBERS)}",
    "subject": lambda: f"Новости {next(NUMBERS)}",
    "phone": lambda: "+7 999 123-45-67",
    "tag_name": lambda: "друзья",
    "tags": lambda: f"метка {next(NUMBERS)}",
    "also_at": lambda: "12:00, 18:30",
    "exception_dates": lambda: "31.12.2030",
    "sentence": str,  # the fields beneath say it
    "dates": str,
    "month_days": str,
    "working_days": str,
    "timezone": lambda: "Europe/Moscow",
    "slug": lambda: f"article-{next(NUMBERS)}",
    "attributes": lambda: f"Размер {next(NUMBERS)}: 42",  # one that is no field yet
    "logo": lambda: "https://shop.example/logo.png",
    "logo_dark": lambda: "https://shop.example/logo-dark.png",
    "link": lambda: "https://shop.example/",
    "birth_year": lambda: "1990",
    "domain": lambda: f"walkabout{next(NUMBERS)}.example",
    "local_part": lambda: "news",
}
CSV = "E-mail;Имя;Фамилия\nanna@walkabout.test;Анна;Зуева\nnonsense;Борис;\nvera@walkabout.test;Вера;Юдина\n"
ODD_NAMES = ("x.png", "x.csv", "", "../../x.csv", "²" * 300, "a\0b.csv")
ODD_CONTENTS = (b"", b"\0" * 1000, b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"\xff\xfe\0", b"PK\x03\x04", b"a;b\n" * 9)


def plausible(field: Field, password: str, random: Random, variant: int = 0) -> list[str]:
    """What somebody in earnest sends for it; the first variant touches as little as possible, others choose."""
    kind, offered = field.attributes.get("type", field.kind), [value for value in field.options if value]
    if field.kind in ("checkbox", "radio", "select"):
        if variant and offered:
            return [random.choice(offered)]
        needs = (
            field.kind == "radio"
            or "required" in field.attributes
            or field.name in ("consent", "ids", "rowid", "message_id")
        )
        return [value for value in field.values if value or not needs] or (offered[-1:] if needs else field.values)
    if field.kind == "hidden" or (field.values and field.values[0]):
        return field.values
    if kind == "password":
        return [password]
    now = datetime.now(UTC)
    by_kind: dict[str, Callable[[], str]] = {
        "email": TEXTS["email"],
        "number": lambda: field.attributes.get("min", "1") or "1",
        "date": lambda: f"{now + timedelta(days=2):%Y-%m-%d}",
        "time": lambda: "",
        "month": lambda: f"{now:%Y-%m}",
        "datetime-local": lambda: f"{now + timedelta(days=1):%Y-%m-%dT%H:%M}" if field.name != "ends_at" else "",
    }
    if field.attributes.get("inputmode") == "decimal":
        return ["12"]
    if kind in by_kind:
        return [by_kind[kind]()]
    if field.name in TEXTS:
        return [TEXTS[field.name]()]
    return ["Всем привет!"]


def file_for(name: str, random: Random | None = None) -> tuple[str, bytes]:
    """A file for that control; with `random` one that nobody should send."""
    if random is not None:
        return random.choice(ODD_NAMES), random.choice(ODD_CONTENTS)
    if name == "file":
        return f"people{next(NUMBERS)}.csv", CSV.encode()
    if name == "letter":
        return "letter.html", "<h1>Всем привет!</h1><p>{{ имя }}, у нас новости.</p>".encode()
    picture = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(picture, "PNG")
    return "picture.png", picture.getvalue()
