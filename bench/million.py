"""How long pages and counts take over a list of a million: `make bench-list`, about a quarter of an hour.

Everything is measured beside `SELECT count(*)` of the owner's live clients, in the same minute, and the best of
several tries counts: on a machine shared with others a ratio says more than milliseconds. Nothing fails for slowness.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from flask import current_app, g
from flask.testing import FlaskClient
from sqlalchemy import select, text

from bench.long_list import LongList, fill
from bench.service import running_service
from mailer.accounts import sessions
from mailer.clients.segment_queries import count_within
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, ClientFilter
from mailer.segments.conditions import condition_of
from mailer.segments.scope import scope_of
from mailer.sending.series.places import with_work

Work = Callable[[], object]
MINUTE = 60_000  # milliseconds


def trees(made: LongList) -> dict[str, list[Any]]:
    """Conditions that people make, by what the docs call them."""
    ids = {name: field.id for name, field in made.fields.items()}
    kazan = {"field": ids["Город"], "op": "is", "value": "Казань"}
    not_bought = {"field": ids["Покупка"], "op": "before", "value": {"days": -90}}
    clicked = {"what": "happened", "op": "yes", "outcome": "clicked"}
    quiet = {"what": "happened", "op": "no", "outcome": "accepted", "days": 30}
    rich = {"field": ids["Сумма"], "op": "at_least", "value": 85000}
    return {
        "a text field": [kazan],
        "a number field": [rich],
        "no purchase for 90 days": [not_bought],
        "text, date and consent": [kazan, not_bought, {"not": {"field": ids["Согласие"], "op": "no"}}],
        "birthday in 3 days": [{"field": ids["Рождение"], "op": "yearly", "value": {"days": 3}}],
        "tag and not tag": [
            {"what": "tag", "op": "any", "value": ["тег 7"]},
            {"what": "tag", "op": "none", "value": ["метка 3"]},
        ],
        "nothing accepted for 30 days": [quiet],
        "never written to": [{"what": "happened", "op": "no", "outcome": "sent"}],
        "refused in the last 5 runs": [{"what": "happened", "op": "yes", "outcome": "refused", "runs": 5}],
        "clicked in the mailing": [clicked | {"mailing": made.mailing.id}],
        "clicked in 30 days": [clicked | {"days": 30}],
        "nested, with clicks": [
            {"any": [{"all": [kazan, not_bought]}, clicked | {"days": 90}, {"not": {"any": [rich, quiet]}}]}
        ],
    }


def pages(made: LongList, segment: ClientFilter, count: int) -> dict[str, str]:
    """Addresses of the list, without its path. Middle pages are where half of the rows come before."""
    middle = max(1, count // 100)
    own = {name: f"field-{field.id}" for name, field in made.fields.items()}
    return {
        "first page": "",
        "middle by time": f"page={middle}",
        "by name": "sort=name",
        "middle by name": f"sort=name&page={middle}",
        "middle by address": f"sort=email&page={middle}",
        "by a number field": f"sort={own['Сумма']}",
        "by a text field": f"sort={own['Город']}",
        "middle by a number field": f"sort={own['Сумма']}&page={middle}",
        "searched, rare": "q=client77123",
        "searched, common": "q=фамилия1",
        "a tag": "tag=тег 7",
        "middle of a tag": f"tag=тег 7&page={max(1, middle // 40)}",
        "a segment": f"filter={segment.id}",
        "left out of mailings": "state=unsubscribed",
    }


def works(made: LongList, count: int) -> Iterator[tuple[str, Work]]:
    """What is measured, by name: numbers as the builder counts them, pages whole as the browser gets them."""
    browser = _browser(made)
    owner, scope = made.owner, scope_of(made.owner)
    segment = ClientFilter(owner_id=owner.id, name="x", tree={"v": 1, "all": trees(made)["text, date and consent"]})
    db.session.add(segment)
    db.session.commit()
    for name, parts in trees(made).items():
        condition = condition_of({"v": 1, "all": parts}, scope)
        yield f"number: {name}", lambda condition=condition: count_within(owner.id, condition, MINUTE)  # type: ignore[misc]
    for name, address in pages(made, segment, count).items():
        yield f"page: {name}", lambda address=address: _fetch(browser, f"/clients/?{address}")  # type: ignore[misc]
    yield "tick: series", lambda: with_work(utcnow())


def _browser(made: LongList) -> FlaskClient:
    """A browser in which the owner has signed in."""
    browser = current_app.test_client()
    key = sessions.begin(made.owner, False, "127.0.0.1", "bench", utcnow())
    db.session.commit()
    with browser.session_transaction() as session:
        session["_user_id"] = key
    return browser


def _fetch(browser: FlaskClient, path: str) -> None:
    g.__dict__.clear()  # the context outside lends its own to every request
    db.session.expire_all()
    answer = browser.get(path)
    if answer.status_code != 200 or b"data-client" not in answer.data:
        raise RuntimeError(f"{path}: {answer.status_code}")


def measure(made: LongList, count: int, tries: int, only: str) -> dict[str, tuple[float, float]]:
    """Milliseconds and multiples of a plain count, the best of the tries, printed as they come."""
    live = select(text("count(*)")).select_from(Client)
    live = live.where(Client.owner_id == made.owner.id, Client.deleted_at.is_(None))
    found: dict[str, tuple[float, float]] = {}
    for name, work in works(made, count):
        if only and only not in name:
            continue
        plain = _best(lambda: db.session.scalar(live), tries)
        taken = _best(work, tries)
        found[name] = round(taken, 1), round(taken / plain, 2)
        print(f"{name:44}{taken:10.1f} ms{taken / plain:9.2f}  (a count: {plain:.0f} ms)", flush=True)
    return found


def _best(work: Work, tries: int) -> float:
    taken = []
    for _number in range(tries):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
        db.session.rollback()
    return min(taken)


def main(words: Sequence[str]) -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.million", description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--tries", type=int, default=5, help="the best of so many counts")
    parser.add_argument("--only", default="", help="only what has this in its name")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    parser.add_argument("--hold", action="store_true", help="print the database's address afterwards, and wait")
    asked = parser.parse_args(words)
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="golub-bench-") as folder, running_service(Path(folder)) as service:
        made = fill(service, asked.clients, lambda what: print(f"… {what}", file=sys.stderr, flush=True))
        found = measure(made, asked.clients, asked.tries, asked.only)
        if asked.json:
            asked.json.write_text(json.dumps(found, indent=2, ensure_ascii=False))
        if asked.hold:
            print(service.database_url, flush=True)
            sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
