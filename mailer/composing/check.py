"""What a subject and a body may be: sizes and characters. Placeholders are checked by `placeholders.parse`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass

SUBJECT_LENGTH = 200  # characters
BODY_SIZE = 300 * 1024  # bytes of UTF-8, of the text and of the HTML each
# Everything that ends a line for somebody: CR, LF, VT, FF, FS–RS, NEL, LS, PS.
_LINE_BREAK = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_BODY = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class TextFault:
    """Why a field is refused. `field` is `subject`, `text`, `html` or `body` (both); the codes are

    `empty`, `too_long` (length, limit in characters), `line_break`, `too_large` (size, limit in bytes),
    `control_character` (line) and `broken_character` (line: half of a UTF-16 pair).
    """

    field: str
    code: str
    params: Mapping[str, int] = dataclasses.field(default_factory=dict)


def check_subject(subject: str) -> list[TextFault]:
    """The faults of a subject: 1…200 characters, one line, nothing but text."""
    faults = []
    if _is_blank(subject):
        faults.append(TextFault("subject", "empty"))
    if len(subject) > SUBJECT_LENGTH:
        faults.append(TextFault("subject", "too_long", {"length": len(subject), "limit": SUBJECT_LENGTH}))
    if _LINE_BREAK.search(subject):
        faults.append(TextFault("subject", "line_break"))
    elif _CONTROL.search(subject):
        faults.append(TextFault("subject", "control_character", {"line": 1}))
    if _SURROGATE.search(subject):
        faults.append(TextFault("subject", "broken_character", {"line": 1}))
    return faults


def check_body(text: str, html: str) -> list[TextFault]:
    """The faults of a body, of which one half may be empty. Check before `sieve`, which takes time."""
    if _is_blank(text) and _is_blank(html):
        return [TextFault("body", "empty")]
    return [*_check_half("text", text), *_check_half("html", html)]


def _check_half(name: str, body: str) -> list[TextFault]:
    faults = []
    size = len(body.encode("utf-8", "surrogatepass"))
    if size > BODY_SIZE:
        faults.append(TextFault(name, "too_large", {"size": size, "limit": BODY_SIZE}))
    for code, pattern in (("control_character", _CONTROL_IN_BODY), ("broken_character", _SURROGATE)):
        if found := pattern.search(body):
            faults.append(TextFault(name, code, {"line": body.count("\n", 0, found.start()) + 1}))
    return faults


def _is_blank(text: str) -> bool:
    return not _INVISIBLE.sub("", text).strip()
