"""What no keyboard types and no column holds: NUL, lone surrogates, numbers beyond a bigint. Refused in one place.

In an address they name nothing (404); in a form the field is named and the form kept (`mailer.forms`); whatever comes
to the database past both is a bad request, never a fault of ours.
"""

from __future__ import annotations

import re

import structlog
from flask import Flask, abort, has_request_context, request
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from werkzeug.exceptions import BadRequest

MOST = 2**63 - 1  # of a bigint
DIGITS_OF_ID = 18  # always within a bigint
DIGITS_OF_PAGE = 12  # of the number of a page in a list
_IMPOSSIBLE = re.compile("[\0\ud800-\udfff]")
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)

log = structlog.get_logger()


class ImpossibleText(BadRequest):
    """A character that no text can hold."""


def init_app(app: Flask) -> None:
    """Look at every address."""
    app.before_request(_refuse_impossible_addresses)


def listen(engine: Engine) -> None:
    """Let a text that cannot be sent to the database be the asker's fault."""
    event.listen(engine, "handle_error", _name_the_fault)


def is_impossible(text: str) -> bool:
    """Whether PostgreSQL could not hold it."""
    return _IMPOSSIBLE.search(text) is not None


def without_impossible(text: str) -> str:
    """The same without the characters that cannot be held."""
    return _IMPOSSIBLE.sub("", text)


def whole_number(text: str) -> int:
    """The number in ASCII digits, 0 to `MOST`; raises ValueError, as `int` does, for anything else."""
    if not _DIGITS.fullmatch(text) or int(text) > MOST:
        raise ValueError("no whole number of ours")
    return int(text)


def number_or_none(typed: str | int | None, digits: int = DIGITS_OF_ID) -> int | None:
    """The number in so many ASCII digits at most; None for anything else."""
    text = str("" if typed is None else typed)
    return int(text) if len(text) <= digits and text.isascii() and text.isdecimal() else None


def page_number() -> int:
    """The page of a list that the address asks for, 1 unless it says so; 404 when that is no number of a page."""
    number = request.args.get("page", "1")
    if not _DIGITS.fullmatch(number) or len(number) > DIGITS_OF_PAGE or int(number) == 0:
        abort(404)
    return int(number)


def _refuse_impossible_addresses() -> None:
    if is_impossible(request.path):
        abort(404)
    if b"page" in request.query_string and _is_beyond_all_pages(request.args.get("page", "")):
        abort(404)


def _is_beyond_all_pages(number: str) -> bool:
    """Whether the rows before such a page would be more than a bigint counts; `int` reads digits of any script."""
    return number.strip().isdecimal() and len(number) > DIGITS_OF_PAGE


def _name_the_fault(context: ExceptionContext) -> None:
    error = context.original_exception
    if not has_request_context():
        return
    if isinstance(error, UnicodeEncodeError) or (isinstance(error, ValueError) and "NUL" in str(error)):
        log.info("a text that cannot be held", error=str(error))
        raise ImpossibleText from error
