"""What every page shares: security headers, static files with hashes, language, and the globals of the templates."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, current_app, g, has_request_context, request, session, url_for
from flask_babel import (
    format_date,
    format_datetime,
    format_decimal,
    format_percent,
    format_timedelta,
    get_locale,
    gettext,
)
from flask_login import current_user
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from mailer import places
from mailer.clock import utcnow
from mailer.forms import faults_of
from mailer.readable import readable_address, readable_domain
from mailer.recipient_domains import NAMES
from mailer.redirects import is_too_long

log = structlog.get_logger()
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
TLS_ONLY = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


class IdConverter(IntegerConverter):
    """`<int:…>` that only matches numbers a bigint column can hold, in ASCII digits."""

    regex = "[0-9]{1,19}"

    def __init__(self, url_map: Any, **options: Any) -> None:
        super().__init__(url_map, **{"min": 0, "max": 2**63 - 1, **options})


def init_app(app: Flask) -> None:
    """Wire the hooks above into `app`."""
    app.url_map.converters["int"] = IdConverter
    app.after_request(set_headers)
    app.jinja_env.globals.update(
        static_url=static_url,
        absolute_url=absolute_url,
        sample_is_loading=sample_is_loading,
        has_endpoint=lambda name: name in current_app.view_functions,
        get_locale=get_locale,
        format_datetime=format_datetime,
        format_date=format_date,
        format_decimal=format_decimal,
        format_percent=format_percent,
        format_timedelta=format_timedelta,
        utcnow=utcnow,
        faults_of=faults_of,
    )
    app.jinja_env.filters["relative"] = relative
    app.jinja_env.filters["accusative"] = accusative
    app.jinja_env.filters["zone"] = zone_label
    app.jinja_env.filters["language"] = language_name
    app.jinja_env.filters["address"] = readable_address
    app.jinja_env.filters["domain"] = readable_domain
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if not app.config["PROXY_COUNT"]:
        app.before_request(_notice_a_proxy)


def believe_proxies(app: Flask) -> None:
    """Around all else that stands before Flask: who asks is then who the proxies say."""
    if count := app.config["PROXY_COUNT"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]


def _notice_a_proxy() -> None:
    """Without PROXY_COUNT everybody behind a proxy has its address: said once by each process."""
    if "X-Forwarded-For" in request.headers and not current_app.extensions.get("golub_proxy_noticed"):
        current_app.extensions["golub_proxy_noticed"] = True
        log.warning("a proxy stands in front and PROXY_COUNT is 0: all visitors share its address, and its limits")


def chosen_language() -> str:
    """The account's language, else the one picked in this browser, else what the browser asks for, else the default."""
    languages = current_app.config["LANGUAGES"]
    if (picked := g.get("language")) in languages:
        return str(picked)
    if not has_request_context():
        return str(current_app.config["BABEL_DEFAULT_LOCALE"])
    if current_user.is_authenticated:
        return str(current_user.language)
    if (remembered := session.get("language")) in languages:
        return str(remembered)
    return str(request.accept_languages.best_match(languages) or current_app.config["BABEL_DEFAULT_LOCALE"])


def relative(distance: timedelta) -> str:
    """How far away a moment is, in words; Russian says «неделю назад», not «1 неделю назад»."""
    if abs(distance) < timedelta(seconds=0.5):
        return str(gettext("now"))
    text = str(format_timedelta(distance, add_direction=True))
    return re.sub(r"(^|\s)1\s", r"\1", text) if str(get_locale()) == "ru" else text


def accusative(distance: timedelta | float) -> str:
    """A length of time, or of seconds, as it stands after "in" and before "ago": «через 1 минуту», not «1 минута»."""
    span = distance if isinstance(distance, timedelta) else timedelta(seconds=distance)
    text = str(format_timedelta(-abs(span), add_direction=True)).removesuffix(" назад").removesuffix(" ago")
    return text.removeprefix("через ").removeprefix("in ")  # a span of nought has no sign: Babel says «in 0 seconds»


def zone_label(zone: str) -> str:
    """An IANA zone as its reader calls it: by its city."""
    return places.city(zone, str(get_locale()))


def language_name(code: str) -> str:
    """A language of mails and people as its reader calls it; empty where it is not known."""
    return places.language_name(code, str(get_locale())) if code else ""


def chosen_timezone() -> str:
    """The account's time zone, else the default one."""
    if has_request_context() and current_user.is_authenticated:
        return str(current_user.timezone)
    return str(current_app.config["BABEL_DEFAULT_TIMEZONE"])


@lru_cache(maxsize=512)
def _digest(path: Path, mtime_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def static_url(filename: str) -> str:
    """Address of a static file, with its content's hash: it may be kept for ever. A page asks for one file once."""
    known: dict[str, str] = g.setdefault("static_urls", {})
    if filename not in known:
        path = Path(current_app.static_folder or "") / filename
        try:
            known[filename] = url_for("static", filename=filename, v=_digest(path, path.stat().st_mtime_ns))
        except OSError:
            known[filename] = url_for("static", filename=filename)
    return known[filename]


def headers_of_every_page(app: Flask) -> dict[str, str]:
    """Security headers, for an answer that does not say otherwise."""
    return dict(SECURITY_HEADERS) | (TLS_ONLY if app.config["PRODUCTION"] else {})


def set_headers(response: Response) -> Response:
    """Security headers on every answer; what is private is never stored."""
    headers = response.headers
    for name, value in headers_of_every_page(current_app).items():
        headers.setdefault(name, value)
    if request.endpoint == "static" and response.status_code in (200, 304):
        hashed = "v" in request.args
        headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "public, max-age=300"
    elif "Cache-Control" not in headers:
        headers["Cache-Control"] = "private, no-store"
    if "request_id" in g:
        headers["X-Request-Id"] = g.request_id
    return response


def sample_is_loading() -> bool:
    """Whether the launcher is loading a new installation's sample data at this moment (see `launcher.service`)."""
    return Path(current_app.config["VAR_DIR"], "sample-loading").exists()


def absolute_url(endpoint: str, **values: Any) -> str:
    """The address of a page under `SITE_URL`, whatever Host header a request came with; works outside one too."""
    site = urlsplit(current_app.config["SITE_URL"])
    adapter = current_app.url_map.bind(site.netloc, site.path or "/", url_scheme=site.scheme)
    return adapter.build(endpoint, values, force_external=True)


def provider_label(name: str) -> str:
    """A group of `recipient_domains`, or a domain, as people call it."""
    return NAMES.get(name) or readable_domain(name)


def own_path(target: str | None) -> str | None:
    """The path if it is one of this site and no longer than an answer may lead to, else None.

    Browsers take `//host`, `/\\host` and addresses with tabs or line breaks in them for other sites.
    """
    if not target or is_too_long(target) or not target.startswith("/") or target[1:2] in {"/", "\\"}:
        return None
    if any(character == "\\" or ord(character) < 33 or ord(character) == 127 for character in target):
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else target
