"""Two hundred invented clients. Their domains end in `.test`, which no mail ever leaves for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

CLIENT_COUNT = 200
SUBSCRIBER_TAG = "клуб"  # about forty people: the mailing that starts by itself goes to them
DIGEST_TAG = "дайджест"
NEW_TAG = "новый"

MEN = (
    "Александр Алексей Андрей Артём Борис Вадим Виктор Глеб Денис Егор "
    "Иван Кирилл Лев Максим Никита Олег Павел Роман Сергей Тимур"
)
WOMEN = (
    "Алина Анна Вера Галина Дарья Евгения Жанна Зоя Ирина Ксения "
    "Лидия Мария Нина Ольга Полина Раиса Софья Татьяна Ульяна Юлия"
)
SURNAMES = (
    "Абрамов Белов Виноградов Громов Данилов Ефимов Жуков Зайцев Исаков Королёв Лебедев Морозов Новиков Орлов Панов "
    "Рыбаков Соколов Тихонов Уваров Фролов Храмов Цветков Чернов Шаров Щербаков Юдин Яковлев Снегирёв Воробьёв Журавлёв"
)
FATHERS = (
    "Александров Алексеев Андреев Борисов Викторов Иванов Максимов Николаев Олегов Павлов Петров Романов Сергеев "
    "Фёдоров"
)
CITIES = "Москва Казань Тверь Пермь Самара Омск Томск Псков Рязань Калуга"
DOMAINS = ("example.test", "mail.example.test", "post.example.test", "xn--e1afmkfd.test")  # the last is пример.test
TAGS = ("постоянный клиент", NEW_TAG, "опт", "оффлайн")
COMMENTS = (
    "Просила звонить после обеда.",
    "Познакомились на выставке.",
    "Предпочитает самовывоз.",
    "Пишет стихи о чае.",
)
ZONES = {"Пермь": "Asia/Yekaterinburg", "Самара": "Europe/Samara", "Омск": "Asia/Omsk", "Томск": "Asia/Tomsk"}
LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e e zh z i y k l m n o p r s t u f h ts ch sh sch _ y _ e yu ya".split(),  # noqa: SIM905
        strict=True,
    )
)


def clients(owner_id: int, now: datetime) -> Iterator[dict[str, Any]]:
    """Rows of clients, the same people at each call."""
    random = Random(2026)  # noqa: S311 - nothing secret about invented people
    for number in range(CLIENT_COUNT):
        yield _client(random, owner_id, number, now - timedelta(days=90) + timedelta(hours=10 * number))


def _client(random: Random, owner_id: int, number: int, created_at: datetime) -> dict[str, Any]:
    is_woman = number % 2 == 0
    first = random.choice((WOMEN if is_woman else MEN).split())
    last = random.choice(SURNAMES.split()) + ("а" if is_woman else "")
    patronymic = random.choice(FATHERS.split()) + ("на" if is_woman else "ич") if random.random() < 0.8 else ""
    is_first_name_known = number % 25 != 24  # some names nobody knows: the default of a placeholder shows
    email = f"{_latin(first)}.{_latin(last)}{number}@{DOMAINS[number % len(DOMAINS)]}"
    row: dict[str, Any] = {
        "owner_id": owner_id,
        "email": email,
        "email_key": email,
        "last_name": last,
        "first_name": first if is_first_name_known else "",
        "patronymic": patronymic if is_first_name_known else "",
        "birth_year": random.randint(1950, 2006) if random.random() < 0.7 else None,
        "language": "" if number % 10 == 7 else "en" if number % 40 == 11 else "ru",
        "comment": random.choice(COMMENTS) if random.random() < 0.2 else "",
        "tags": _tags(random, number),
        "attributes": {"город": random.choice(CITIES.split())} if random.random() < 0.85 else {},
        "created_at": created_at,
        "updated_at": created_at,
    }
    city = row["attributes"].get("город")
    return row | {"timezone": ZONES.get(city, "Europe/Moscow") if city else ""}


def _tags(random: Random, number: int) -> list[str]:
    tags = [SUBSCRIBER_TAG] if number % 5 == 1 else []
    tags += [DIGEST_TAG] if number % 8 == 3 else []
    return sorted({*tags, *random.sample(TAGS, random.randint(0, 2))})


def _latin(name: str) -> str:
    return "".join(LATIN[letter] for letter in name.lower()).replace("_", "")
