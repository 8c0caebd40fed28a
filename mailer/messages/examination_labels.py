"""What was found of links and people, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from mailer.messages.labels import typed_name
from mailer.models.examination import Examination
from mailer.outgoing_links import LinkEnd


@dataclass(frozen=True, slots=True)
class SaidOfLink:
    """A line about a link: `level` is `good`, `note`, `warning` or `bad`."""

    address: str
    level: str
    words: str


@dataclass(frozen=True, slots=True)
class SaidOfPeople:
    """A line about people: how many, what to do, and the first of them by id and name."""

    words: str
    advice: str
    first: list[tuple[int, str]]
    count: int


def said_of_links(examination: Examination) -> list[SaidOfLink]:
    """The worst first."""
    lines = [_said_of_link(answer) for answer in examination.result.get("links", ())]
    order = ("bad", "warning", "note", "good")
    return sorted(lines, key=lambda line: order.index(line.level))


def _said_of_link(answer: dict[str, Any]) -> SaidOfLink:
    end, status = LinkEnd(answer["end"]), answer["status"]
    if end is LinkEnd.THERE and answer["led_to"]:
        return SaidOfLink(answer["address"], "note", _("Works, redirects to %(address)s", address=answer["led_to"]))
    level, words = {
        LinkEnd.THERE: ("good", _("Works")),
        LinkEnd.GONE: ("bad", _("There is no such page (%(status)s)", status=status)),
        LinkEnd.REFUSED: (
            "warning",
            _("The site refuses automatic requests (%(status)s): open it yourself", status=status),
        ),
        LinkEnd.BROKEN: ("bad", _("The site reports an error (%(status)s)", status=status)),
        LinkEnd.NO_HOST: ("bad", _("There is no such site")),
        LinkEnd.PRIVATE: ("warning", _("Not checked: not a public address, or an unusual port")),
        LinkEnd.UNSAFE: ("bad", _("Browsers will warn: the site’s certificate is not valid")),
        LinkEnd.SILENT: ("warning", _("The site does not answer")),
        LinkEnd.CIRCLES: ("bad", _("It redirects in circles")),
    }[end]
    return SaidOfLink(answer["address"], level, words)


def said_of_people(examination: Examination) -> list[SaidOfPeople]:
    """What concerns most people first."""
    found = examination.result.get("found") or {}
    ordered = sorted(found.items(), key=lambda pair: -pair[1]["count"])
    return [_said_of_people(fault, seen["count"], seen["first"]) for fault, seen in ordered]


def _said_of_people(fault: str, count: int, first: list[tuple[int, str]]) -> SaidOfPeople:
    if fault.startswith("hole "):
        name = "{{ " + typed_name(fault.removeprefix("hole ")) + " }}"
        words = ngettext(
            "%(num)s person has no value for %(name)s", "%(num)s people have no value for %(name)s", count, name=name
        )
        return SaidOfPeople(words, _("Set a default value, or fill in the field."), first, count)
    words, advice = {
        "long_subject": (
            ngettext(
                "For %(num)s person the subject is too long to be shown in full",
                "For %(num)s people the subject is too long to be shown in full",
                count,
            ),
            _("About 70 characters are visible: put the main point first."),
        ),
        "no_subject": (
            ngettext("For %(num)s person the subject is empty", "For %(num)s people the subject is empty", count),
            _("Write something beside the placeholder, or a default."),
        ),
        "not_composed": (
            ngettext(
                "The email cannot be composed for %(num)s person",
                "The email cannot be composed for %(num)s people",
                count,
            ),
            _("Check the address and the name."),
        ),
    }[fault]
    return SaidOfPeople(words, advice, first, count)
