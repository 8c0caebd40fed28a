"""What nobody would send: each odd value meets each kind of field, and each part of an address, somewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tests.walkabout.forms import Kind
from tests.walkabout.person import address
from tests.walkabout.values import HIDDEN_PARAMETERS, LARGE, LEFT_OUT, ODD, REPEATED, file_for
from tests.walkabout.walk import FAREWELLS, ONLY_LEAVER, Walk
from tests.walkabout.walked_service import WalkedService

IN_FORMS = (*ODD, LEFT_OUT, REPEATED)
IN_ADDRESSES = tuple(value for value in ODD if value != LARGE)
PANEL = "_view"
UNTOUCHED = (*FAREWELLS, ONLY_LEAVER, "auth.password")  # or nobody could go on


@dataclass(frozen=True)
class Target:
    """A field of a form (`of`), or a part or a parameter of an address (`of`), within one person's reach."""

    walk: Walk
    of: Kind | str
    name: str
    group: str  # each value meets each of these


def be_odd(walked: WalkedService, walks: list[Walk], done: set[Kind], is_meeting_all: bool) -> None:
    """Send odd values in the forms that were sent since `done`, and with `is_meeting_all` in the addresses seen too;
    everybody at once. The forms that come later may shut somebody out."""
    chance, bounds = Random(f"{walked.seed} oddities"), walks[0].bounds
    fields = fields_of(walks, done, chance)
    done |= {target.of for target in fields if isinstance(target.of, tuple)}
    todo = deal(fields, IN_FORMS, chance, bounds.odd_values, is_meeting_all)
    if is_meeting_all:
        parts = parts_of(walks, chance, bounds.hidden)
        todo += deal(parts, IN_ADDRESSES, chance, max(bounds.odd_values, 1), is_meeting_all)
    mine: dict[str, list[tuple[Target, str]]] = defaultdict(list)
    for target, value in todo:
        mine[target.walk.name].append((target, value))

    def send(walk: Walk) -> None:
        for target, value in mine[walk.name]:
            _try(target, value)

    walked.together(walks, send, may_shut_out=not is_meeting_all)


def deal(
    targets: list[Target], values: tuple[str, ...], chance: Random, each: int, is_meeting_all: bool
) -> list[tuple[Target, str]]:
    """Every value for every group, and for every target so many (`each`) of them."""
    groups: dict[str, list[Target]] = defaultdict(list)
    for target in targets:
        groups[target.group].append(target)
    dealt = []
    for group in sorted(groups):
        members = chance.sample(groups[group], len(groups[group]))
        count = max(len(values) if is_meeting_all else 1, len(members) * each)
        deck = (value for _round in range(count) for value in chance.sample(values, len(values)))
        dealt += [(members[index % len(members)], next(deck)) for index in range(count)]
    return dealt


def fields_of(walks: list[Walk], done: set[Kind], chance: Random) -> list[Target]:
    """Each field of each form that somebody has sent, once, by one of those who can."""
    found: dict[tuple[str, str, str], list[Target]] = defaultdict(list)
    for walk in walks:
        for kind in walk.sent:
            if kind in done or kind[0] in UNTOUCHED:
                continue
            for field in walk.forms.seen(kind).fields:
                if field.name != "csrf_token":
                    group = f"{kind[1]} {field.kind}"
                    found[kind[0], kind[1], field.name].append(Target(walk, kind, field.name, group))
    return [chance.choice(found[key]) for key in sorted(found)]


def parts_of(walks: list[Walk], chance: Random, hidden: int) -> list[Target]:
    """Each part and each parameter of each route's address, once, and so many hidden parameters."""
    found: dict[tuple[str, str], list[Target]] = defaultdict(list)
    for walk in walks:
        for path in sorted(walk.seen):
            for name, group in _parts(walk, path):
                found[walk.visitor.routes.match("GET", path)[0], name].append(Target(walk, path, name, group))
    chosen = [chance.choice(found[key]) for key in sorted(found)]
    pages = [target for target in chosen if not target.name]
    more = []
    for name in chance.choices(HIDDEN_PARAMETERS, k=hidden):
        page = chance.choice(pages)
        more.append(Target(page.walk, page.of, name, f"hidden {page.group}"))
    return [target for target in chosen if target.name] + more


def _parts(walk: Walk, path: str) -> Iterator[tuple[str, str]]:
    rule, parts = walk.visitor.routes.rule_of("GET", path)
    if rule is None:
        return
    yield "", "of the panel" if rule.endpoint.endswith(PANEL) else "elsewhere"
    for name in parts:
        yield name, type(rule._converters[name]).__name__
    for name in {name for name, _ in parse_qsl(urlsplit(path).query, True)} - set(parts):
        yield name, "parameter"


def _try(target: Target, value: str) -> None:
    if isinstance(target.of, tuple):
        _send(target.walk, target.of, target.name, value)
    else:
        _ask(target.walk, target.of, target.name, value)


def _send(walk: Walk, kind: Kind, name: str, value: str) -> None:
    if value == LARGE and kind[1] == "GET":
        return  # no address is so long
    form = walk.forms.seen(kind)
    pairs, files = walk.forms.filled(form, 0)
    if files and name in files:
        files[name] = file_for(name, walk.visitor.chance((kind, name, value)))
    rest, mine = [pair for pair in pairs if pair[0] != name], [pair for pair in pairs if pair[0] == name]
    odd = {LEFT_OUT: [], REPEATED: [*mine, *mine, (name, "x")]}.get(value, [(name, value)])
    end, _refused = walk.forms.send(form, rest + odd, files, f"{name}={_short(value)}")
    walk.visitor.page_of(end)


def _ask(walk: Walk, path: str, name: str, value: str) -> None:
    url, parts = urlsplit(path), walk.visitor.routes.match("GET", path)[1]
    why = f"{name}={_short(value)}"
    if name in parts:
        odd = quote(value, safe="", errors="surrogatepass")
        changed = "/".join(odd if unquote(part) == str(parts[name]) else part for part in url.path.split("/"))
        walk.visitor.get(changed + (f"?{url.query}" if url.query else ""), why)
    else:
        pairs: list[Any] = [pair for pair in parse_qsl(url.query, True) if pair[0] != name]
        walk.visitor.get(address(url.path, [*pairs, (name, value)]), why)


def _short(value: str) -> str:
    text = value.encode("unicode_escape").decode()
    return text if len(text) < 40 else f"{text[:12]}… ({len(text)})"
