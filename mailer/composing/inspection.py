"""What a reader will miss in a letter: looked for in its HTML as it would be sent, before anybody gets it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mailer.composing.contrast import LEAST_CONTRAST, Grounds
from mailer.composing.markup import Attribute, Token, attributes, tokens

LARGE, CLIPPED = 90 * 1024, 102 * 1024  # bytes of HTML: from 102 KB on Gmail hides the rest, the unsubscribe link too
LEAST_TEXT = 40  # characters, below which pictures are all there is
MOST_NAMED = 5  # places named for each finding
# Words of templates and of other people's examples, which nobody means to send.
_EXAMPLES = re.compile(
    r"lorem ipsum|example\.(?:com|org|net)|kolos\.example|your company|company name"
    r"|(?:\b\w{1,30} )?«Колос»|Kolos Bakery|\*\|[A-Z]+\|\*|%%[a-z_]+%%",
    re.IGNORECASE,
)
_SHOUTING = re.compile(
    r"!{3,}|\b100 ?%\s*(?:бесплатно|free)|act now|click here now|гарантированн\w+ доход", re.IGNORECASE
)
_HAS_HOST = re.compile(r"https?://[^\s/?#]+\.[^\s/?#.]{2,}", re.IGNORECASE)
# CSS that mail programs in wide use leave out (caniemail.com): what to look for, and the code of the sentence.
_FEATURES = {
    "rounded": re.compile(r"border-radius\s*:\s*[1-9]", re.IGNORECASE),
    "background": re.compile(r"background(?:-image)?\s*:[^;\"'}]*url\(|\bbackground\s*=", re.IGNORECASE),
    "layout": re.compile(r"display\s*:\s*(?:flex|grid|inline-flex)", re.IGNORECASE),
    "fonts": re.compile(r"@font-face", re.IGNORECASE),
    "inlined": re.compile(r"src\s*=\s*[\"']?data:", re.IGNORECASE),
}
_DARK = re.compile(r"prefers-color-scheme|color-scheme", re.IGNORECASE)
_VML = re.compile(r"<v:(?:rect|roundrect|background)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LetterFinding:
    """Something to look at. `level`: `bad` (readers are harmed), `warning`, or `note`; `places` name where, a few."""

    code: str
    level: str
    places: tuple[str, ...] = ()
    count: int = 0


@dataclass(slots=True)
class _Seen:
    links: list[tuple[str, str]] = field(default_factory=list)  # address, and what is said of it
    ids: set[str] = field(default_factory=set)
    pictures: list[tuple[str, str | None]] = field(default_factory=list)  # address and alternative text
    words: list[str] = field(default_factory=list)


def inspect(html: str, unsubscribe_url: str, own: Sequence[str] = ()) -> list[LetterFinding]:
    """The findings for one mail's HTML, the worst first. `own`: how the addresses of our own pictures begin, which are
    as the installation has them."""
    seen, grounds = _Seen(), Grounds()
    for token in tokens(html):
        found = attributes(token.inside)[0] if token.kind == "start" else []
        grounds.follow(token, found)
        _note(token, found, seen)
    every = [*_pictures(seen, tuple(own)), *_links(seen, unsubscribe_url), *_whole(html, seen), *_features(html)]
    if grounds.pale:
        pale = tuple(f"“{words}” {ratio:.1f}" for words, ratio in grounds.pale[:MOST_NAMED])
        every.append(
            LetterFinding(
                "contrast", "bad" if grounds.pale[0][1] < LEAST_CONTRAST / 2 else "warning", pale, len(grounds.pale)
            )
        )
    order = ("bad", "warning", "note")
    return sorted(every, key=lambda finding: order.index(finding.level))


def links_of(html: str) -> list[str]:
    """The addresses of its links, in order."""
    seen = _Seen()
    for token in tokens(html):
        _note(token, attributes(token.inside)[0] if token.kind == "start" else [], seen)
    return [address for address, _said in seen.links]


def _is_web(value: str | None) -> bool:
    return value is not None and value.strip().lower().startswith(("http://", "https://"))


def _note(token: Token, found: list[Attribute], seen: _Seen) -> None:
    if token.kind == "text":
        seen.words.append(token.source)
        if seen.links and not seen.links[-1][1]:
            seen.links[-1] = (seen.links[-1][0], " ".join(token.source.split()))
    values = {each.name: each.value for each in found}
    if found:
        seen.ids.update(value for name in ("id", "name") if (value := values.get(name)))
    if token.name in ("a", "area") and token.kind == "start" and "href" in values:
        seen.links.append(((values["href"] or "").strip(), ""))
    if token.name == "img" and token.kind == "start":
        seen.pictures.append((values.get("src") or "", values.get("alt")))


def _pictures(seen: _Seen, own: tuple[str, ...]) -> Iterator[LetterFinding]:
    silent = [source for source, alt in seen.pictures if alt is None]
    if silent:
        yield _finding("no_alt", "warning", silent)
    lost = [source for source, _alt in seen.pictures if source.lower().startswith("cid:")]
    if lost:
        yield _finding("lost_picture", "bad", lost)
    plain = [source for source, _alt in seen.pictures if source.lower().startswith("http://")]
    plain = [source for source in plain if not source.startswith(own)]
    if plain:
        yield _finding("http_picture", "warning", plain)
    if len("".join("".join(seen.words).split())) < LEAST_TEXT and seen.pictures:
        yield LetterFinding("only_pictures", "bad")


def _links(seen: _Seen, unsubscribe_url: str) -> Iterator[LetterFinding]:
    nowhere = [said or address or "#" for address, said in seen.links if address in ("", "#")]
    if nowhere:
        yield _finding("empty_link", "bad", nowhere)
    broken = [address for address, _said in seen.links if _is_web(address) and not _is_sound(address, unsubscribe_url)]
    if broken:
        yield _finding("broken_link", "bad", broken)
    lost = [
        address
        for address, _said in seen.links
        if len(address) > 1 and address[0] == "#" and address[1:] not in seen.ids
    ]
    if lost:
        yield _finding("lost_anchor", "warning", lost)
    if not any(address == unsubscribe_url for address, _said in seen.links):
        yield LetterFinding("no_unsubscribe", "bad")


def _is_sound(address: str, unsubscribe_url: str) -> bool:
    if address == unsubscribe_url:
        return True
    try:
        return bool(_HAS_HOST.match(address) and not re.search(r"\s|\{\{", address) and urlsplit(address).hostname)
    except ValueError:
        return False


def _whole(html: str, seen: _Seen) -> Iterator[LetterFinding]:
    size = len(html.encode("utf-8", "replace"))
    if size > LARGE:
        yield LetterFinding(
            "clipped" if size > CLIPPED else "large", "bad" if size > CLIPPED else "warning", count=size
        )
    said = " ".join(seen.words)
    examples = [found[0] for found in _EXAMPLES.finditer(" ".join([said, *(address for address, _said in seen.links)]))]
    if examples:
        yield _finding("example", "warning", examples)
    loud = [found[0] for found in _SHOUTING.finditer(said)]
    if loud:
        yield _finding("shouting", "note", loud)
    if not _DARK.search(html):
        yield LetterFinding("dark", "note")


def _features(html: str) -> Iterator[LetterFinding]:
    for code, pattern in _FEATURES.items():
        if pattern.search(html) and not (code in ("background", "rounded") and _VML.search(html)):
            yield LetterFinding(code, "note")


def _finding(code: str, level: str, places: list[str]) -> LetterFinding:
    return LetterFinding(code, level, tuple(place[:80] for place in dict.fromkeys(places))[:MOST_NAMED], len(places))
