"""Named refusals of the services, and error pages in the design of the site."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlencode

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import AnonymousUserMixin
from psycopg2.errors import DeadlockDetected, DiskFull, LockNotAvailable, QueryCanceled
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    InternalServerError,
    NotFound,
    SecurityError,
    ServiceUnavailable,
)
from werkzeug.exceptions import Conflict as ConflictPage

from mailer import storage
from mailer.error_texts import explanation
from mailer.extensions import db
from mailer.picture_names import StoreAway

log = structlog.get_logger()
P = ParamSpec("P")
R = TypeVar("R")


class InsufficientStorage(HTTPException):
    """RFC 4918, section 11.5."""

    code = 507


def shown(typed: str) -> str:
    """Something typed, short enough and with nothing in it that cannot be shown."""
    return "".join(character if character.isprintable() else "�" for character in typed[:40])


class Refusal(Exception):
    """A service says no; `str()` is a sentence for the person, in their language."""


class Conflict(Refusal):
    """What the person acted on is no longer what they saw: somebody changed it meanwhile. Nothing is written.

    A view that can show what is there now does so with status 409; any other leaves it to the error page, which says
    `str()` with the same status.
    """


class Busy(ServiceUnavailable):
    """The few places that there are for such work in this process are taken; ask again in a few seconds."""

    def __init__(self) -> None:
        super().__init__(retry_after=5)


class PicturesAway(ServiceUnavailable):
    """The storage of pictures does not answer, or refuses us."""

    def __init__(self) -> None:
        super().__init__(retry_after=10)


class UnknownChoice(BadRequest):
    """A list is asked for by something it does not know: the page says by what, and leads to the list without it."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__()
        self.argument, self.value = name, value


def choice_in(args: Mapping[str, str], name: str, known: Collection[str], default: str = "") -> str:
    """The value of `name` in an address, `default` where there is none; UnknownChoice for one that is not `known`."""
    value = args.get(name) or default
    if value != default and value not in known:
        raise UnknownChoice(name, value)
    return value


def order_in(args: Mapping[str, str], default: str = "desc") -> str:
    """Which way a list is sorted: `asc` or `desc`."""
    return choice_in(args, "order", {"asc", "desc"}, default)


class TookTooLong(ServiceUnavailable):
    """The database was told to give up."""


def undone_when_refused(service: Callable[P, R]) -> Callable[P, R]:
    """A service whose Refusal ends the transaction: nothing of it is written, and nobody waits for its locks."""

    @wraps(service)
    def undoing(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return service(*args, **kwargs)
        except Refusal:
            db.session.rollback()
            raise

    return undoing


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint or unique index that the database refused the statement by."""
    diagnostics = getattr(error.orig, "diag", None)
    return diagnostics.constraint_name if diagnostics is not None else None


@contextmanager
def refused_by(constraint: str, refusal: Exception) -> Iterator[None]:
    """Around a write: `refusal` is raised when the database refuses it by this constraint, or unique index.

    What another constraint refuses is a fault of ours, and raised as it is. The transaction is over either way.
    """
    try:
        yield
    except IntegrityError as error:
        db.session.rollback()
        if constraint_of(error) != constraint:
            raise
        raise refusal from error


def init_app(app: Flask) -> None:
    """Give every request an id, and every failure a page that says what to do."""
    app.before_request(_name_request)
    app.before_request(_refuse_files)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(StaleDataError, lambda _error: http_error(ConflictPage()))
    app.register_error_handler(Conflict, _conflict)
    app.register_error_handler(DataError, _bad_data)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(OSError, _disk_or_crash)
    app.register_error_handler(Exception, _crash)


def _name_request() -> None:
    g.request_id = uuid.uuid4().hex[:12]
    structlog.contextvars.clear_contextvars()
    # The route, never the path: addresses carry live tokens.
    route = request.url_rule.rule if request.url_rule is not None else None
    structlog.contextvars.bind_contextvars(request_id=g.request_id, route=route, method=request.method)


def http_error(error: HTTPException) -> ResponseReturnValue:
    """The page for an HTTP status, or the same as JSON."""
    if error.response is not None:
        return error.response
    if isinstance(error, SecurityError):  # under a name that is not ours no address of a page can be built
        return Response("This site is not known by that name.\n", 400, mimetype="text/plain")
    if not db.session.is_active:  # the fault was met amid a statement: its page reads in a new transaction
        db.session.rollback()
    code = error.code or 500
    title, text = _special_explanation(error) or explanation(code)
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        response = jsonify(error=title, detail=text, request_id=g.get("request_id"))
    else:
        values = {"code": code, "title": title, "text": text, "way_out": _way_out(error)}
        response = make_response(render_template("errors/error.html", request_id=g.get("request_id"), **values))
    response.headers.extend((k, v) for k, v in error.get_headers() if k.lower() in {"allow", "retry-after"})
    return response, code


def answer_of(error: HTTPException) -> ResponseReturnValue:
    """The page that says what went wrong, for handlers of particular errors."""
    return http_error(error)


def _conflict(refusal: Conflict) -> ResponseReturnValue:
    db.session.rollback()
    return http_error(ConflictPage(str(refusal)))


def _bad_data(error: DataError) -> ResponseReturnValue:
    """A value the database cannot hold (a number out of range) names nothing that exists."""
    db.session.rollback()
    log.info("value out of range", error=str(error.orig))
    return http_error(NotFound())


def _no_database(error: OperationalError) -> ResponseReturnValue:
    _forget_user()
    if isinstance(error.orig, (QueryCanceled, LockNotAvailable)):
        log.warning("statement ended by its time limit", error=str(error.orig))
        return http_error(TookTooLong())
    if isinstance(error.orig, DeadlockDetected):
        log.error("two transactions locked each other out", error=str(error.orig))
        return http_error(ConflictPage())
    if isinstance(error.orig, DiskFull):
        log.error("the database's disk takes no more", error=str(error.orig))
        return http_error(InsufficientStorage())
    log.error("database away", error=str(error.orig))
    return http_error(ServiceUnavailable())


def _refuse_files() -> None:
    """A thread that writes to a disk that does not answer cannot be ended, and soon there would be none for pages."""
    if request.mimetype == "multipart/form-data" and not storage.takes_files():
        raise InsufficientStorage


def _disk_or_crash(error: OSError) -> ResponseReturnValue:
    """A disk that takes no more is nobody's mistake: say so, and that nothing was kept."""
    if isinstance(error, StoreAway):
        db.session.rollback()
        return http_error(PicturesAway())
    if not storage.is_about_room(error):
        return _crash(error)
    _forget_user()
    log.error("the disk takes no more", error=str(error))
    return http_error(InsufficientStorage())


def _crash(error: Exception) -> ResponseReturnValue:
    _forget_user()
    log.exception("unhandled error", exc_info=error)
    return http_error(InternalServerError())


def _forget_user() -> None:
    """Let the error page be drawn without asking a database that may be away."""
    db.session.rollback()
    g._login_user = AnonymousUserMixin()


def _way_out(error: HTTPException) -> str | None:
    """The address that was asked for, without what nobody knows."""
    if not isinstance(error, UnknownChoice) or request.method not in {"GET", "HEAD"}:
        return None
    dropped = {"from", "to"} if error.argument in {"from", "to"} else {error.argument}
    others = [(name, value) for name, value in request.args.items(multi=True) if name not in dropped]
    return f"{request.path}?{urlencode(others)}" if others else request.path


def _special_explanation(error: HTTPException) -> tuple[str, str] | None:
    if isinstance(error, Busy):
        return (
            _("Too much at once"),
            _("Others are doing the same kind of work right now. Nothing is lost; try again in a few seconds."),
        )
    if isinstance(error, PicturesAway):
        return _("Pictures are unavailable"), _(
            "The picture storage is not answering right now. The pictures in it are safe; nothing you sent just "
            "now was saved. Try again in a minute."
        )
    if isinstance(error, UnknownChoice):
        return _("There is no such choice"), _(
            "The address contains “%(name)s=%(value)s”, which does not exist here. The link may be out of date "
            "or incomplete.",
            name=error.argument[:40],
            value=shown(error.value),
        )
    if error.code == 400 and request.method in {"GET", "HEAD"}:
        return explanation(400)[0], _("Something in the address is wrong. The link may be out of date or incomplete.")
    if isinstance(error, ConflictPage) and error.description != ConflictPage.description:
        return explanation(409)[0], str(error.description)
    if isinstance(error, TookTooLong):
        return _("This took too long"), _(
            "We stopped it so that others need not wait. Ask for less, or try again later."
        )
    return None
