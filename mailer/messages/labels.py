"""What the composing tools find, in words for a person and beside the field it is about."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import format_decimal, get_locale
from flask_babel import gettext as _

from mailer.composing.check import TextFault
from mailer.composing.names import FIELDS
from mailer.composing.placeholders import PlaceholderProblem

FIELD_OF = {"subject": "subject", "text": "text_body", "html": "html_body", "body": "html_body"}


def fault_text(fault: TextFault) -> str:
    """A sentence for a fault of `check_subject` or `check_body`."""
    if fault.code == "empty":
        return _("Write a subject.") if fault.field == "subject" else _("Write a text: formatted, plain or both.")
    if fault.code == "too_long":
        limit = format_decimal(fault.params["limit"])
        return _(
            "Make it shorter: %(length)s characters, %(limit)s at most.", length=fault.params["length"], limit=limit
        )
    if fault.code == "too_large":
        kilobytes = format_decimal(round(fault.params["size"] / 1024))
        limit = format_decimal(fault.params["limit"] // 1024)
        return _("This text is too large: %(size)s KB, %(limit)s KB at most.", size=kilobytes, limit=limit)
    if fault.code == "line_break":
        return _("The subject must be a single line.")
    if fault.code == "broken_character":
        return _("Line %(line)s contains half of a character. Type it again.", line=fault.params["line"])
    return _("Line %(line)s contains a control character that emails cannot contain.", line=fault.params["line"])


def problem_text(problem: PlaceholderProblem, field: str) -> str:
    """A sentence for a placeholder of the form field `field` that cannot be used; a subject has no lines to tell of."""
    what = _what_is_wrong(problem)
    if field == "subject":
        return what
    return _("Line %(line)s: %(what)s", line=problem.line, what=what[0].lower() + what[1:])


def _what_is_wrong(problem: PlaceholderProblem) -> str:
    if problem.code == "unclosed":
        return _("The placeholder that begins with “%(name)s” is not closed with }}.", name=problem.name)
    if problem.code == "empty":
        return _("There is no name between the braces {{ }}.")
    if problem.code == "syntax":
        return _(
            "“%(name)s” is not a placeholder. Only a name and a default can stand between the braces: %(example)s.",
            name=problem.name,
            example=_in_braces(typed_name("first_name") + ' | "' + _("friend") + '"'),
        )
    said = _("There is no placeholder %(name)s.", name=_in_braces(problem.name))
    if problem.suggestion:
        return said + " " + _("Did you mean %(suggestion)s?", suggestion=_in_braces(problem.suggestion))
    known = ", ".join(placeholder_names())
    return said + " " + _("You can use: %(names)s, and your own client fields.", names=known)


def _in_braces(name: str) -> str:
    return f"{{{{ {name} }}}}"


def by_field(faults: Iterable[TextFault]) -> dict[str, list[str]]:
    """Sentences for faults, by form field."""
    reasons: dict[str, list[str]] = {}
    for fault in faults:
        reasons.setdefault(FIELD_OF[fault.field], []).append(fault_text(fault))
    return reasons


def placeholder_names() -> list[str]:
    """Our placeholders as readers of this language write them."""
    return [typed_name(field) for field in FIELDS]


def placeholder_labels() -> dict[str, str]:
    """What the buttons that insert a placeholder say, by the name that is inserted; in the order of `FIELDS`."""
    said = {
        "unsubscribe_url": _("unsubscribe link"),
        "preferences_url": _("link to preferences"),
        "view_url": _("link to view in a browser"),
        "tracking_notice": _("notice about tracking"),
    }
    return {typed_name(field): said.get(field, typed_name(field).replace("_", " ")) for field in FIELDS}


def typed_name(key: str) -> str:
    """What a person would type for a placeholder's key; an attribute's name is its own."""
    return FIELDS.get(key, key) if get_locale().language == "ru" else key
