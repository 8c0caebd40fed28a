"""The page of caught mails and its JSON twin, on the loopback interface only.

    GET    /?q=…&page=…             list, 50 to a page         GET /mails/<id>[/html|/raw]   one mail
    GET    /api/mails?to=…&since=…  {"total_count", "mails": [{id, at, from, to, subject, size}]}, newest first
    GET    /api/mails/<id>          the same and headers, text, html, attachments
    DELETE /api/mails               forget all (the page's button: POST /clear)

`to` is any part of a recipient or subject, `since` an ISO 8601 moment (UTC when it names no zone). Requests under
a foreign host name are refused, so that no web site can read mail by re-binding its name to this address.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, FileSystemLoader

from launcher.catcher.reading import Reading, read_mail
from launcher.catcher.spool import Caught, Spool
from launcher.catcher.words import DEFAULT, WORDS

HERE = Path(__file__).resolve().parent
PAGE_SIZE = 50
API_LIMIT = 1_000
OWN_NAMES = {"127.0.0.1", "localhost", "::1"}
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# A caught mail may be anything: no scripts, no forms, nothing fetched; its links open as ordinary pages.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'"
)
HTML = "text/html; charset=utf-8"
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


class CatcherPages(BaseHTTPRequestHandler):
    """One request; `spool` and `sends_back` are set by `serve_pages`."""

    spool: Spool
    sends_back = False
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "golub", ""

    def do_GET(self) -> None:
        """The list, a mail, its source, or the same as JSON."""
        if not self._is_own_name():
            return
        match self._path.strip("/").split("/"):
            case [""]:
                self._show_list()
            case ["health"]:
                self._send(b"ok", "text/plain")
            case ["catcher.css"]:
                self._send((HERE / "catcher.css").read_bytes(), "text/css")
            case ["language", language] if language in WORDS:
                self._redirect({"Set-Cookie": f"language={language}; Path=/; SameSite=Lax; Max-Age=31536000"})
            case ["mails", name]:
                self._show_mail(name)
            case ["mails", name, "html" | "raw" as form]:
                self._show_part(name, form)
            case ["api", "mails"]:
                self._list_as_json()
            case ["api", "mails", name]:
                self._mail_as_json(name)
            case _:
                self._show_gone()

    def do_POST(self) -> None:
        """The button that forgets all; only from our own page."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        origin = self.headers.get("Origin")
        if not self._is_own_name():
            return
        if self._path != "/clear" or (origin and urlsplit(origin).netloc != self.headers["Host"]):
            self._send(b"", "text/plain", HTTPStatus.FORBIDDEN)
            return
        self.spool.clear()
        self._redirect()

    def do_DELETE(self) -> None:
        """Forget all mails."""
        if not self._is_own_name():
            return
        if self._path == "/api/mails":
            self.spool.clear()
            self._send(b"", "text/plain", HTTPStatus.NO_CONTENT)
        else:
            self._show_gone()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the log is for faults."""

    @property
    def _path(self) -> str:
        return urlsplit(self.path).path

    @property
    def _query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def _language(self) -> str:
        cookie = self.headers.get("Cookie") or ""
        return next((name for name in WORDS if f"language={name}" in cookie), DEFAULT)

    def _show_list(self) -> None:
        query, page_text = self._query.get("q", "").strip(), self._query.get("page", "1")
        mails = self.spool.newest(query)
        page_count = max(1, -(-len(mails) // PAGE_SIZE))
        page = min(max(1, int(page_text)), page_count) if page_text.isdecimal() else 1
        shown = mails[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        self._render(
            "list.html", mails=shown, count=len(mails), query=query, page=page, page_count=page_count,
            sends_back=self.sends_back,
        )  # fmt: skip

    def _show_mail(self, name: str) -> None:
        found = self._find(name)
        if found:
            mail, content = found
            self._render("mail.html", mail=mail, reading=read_mail(content))
        else:
            self._show_gone()

    def _show_part(self, name: str, form: str) -> None:
        found = self._find(name)
        if not found:
            self._show_gone()
        elif form == "raw":
            self._send(found[1], "text/plain; charset=utf-8", policy=MAIL_POLICY)
        else:
            self._send(read_mail(found[1]).framed_html.encode(), HTML, policy=MAIL_POLICY)

    def _list_as_json(self) -> None:
        since_text = self._query.get("since")
        try:
            since = datetime.fromisoformat(since_text) if since_text else None
        except ValueError:
            self._send_json({"error": "since must be an ISO 8601 moment"}, HTTPStatus.BAD_REQUEST)
            return
        if since and since.tzinfo is None:
            since = since.replace(tzinfo=UTC)
        mails = self.spool.newest(self._query.get("to", ""), since)
        self._send_json({"total_count": len(mails), "mails": [_summary(mail) for mail in mails[:API_LIMIT]]})

    def _mail_as_json(self, name: str) -> None:
        found = self._find(name)
        if found:
            self._send_json(_summary(found[0]) | _details(read_mail(found[1])))
        else:
            self._send_json({"error": "no such mail"}, HTTPStatus.NOT_FOUND)

    def _find(self, name: str) -> tuple[Caught, bytes] | None:
        mail = self.spool.get(name)
        try:
            return (mail, self.spool.content(mail)) if mail else None
        except OSError:
            return None

    def _is_own_name(self) -> bool:
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname in OWN_NAMES:
            return True
        self._send(b"", "text/plain", HTTPStatus.MISDIRECTED_REQUEST)
        return False

    def _show_gone(self) -> None:
        self._render("gone.html", status=HTTPStatus.NOT_FOUND)

    def _render(self, template: str, status: HTTPStatus = HTTPStatus.OK, **values: object) -> None:
        language = self._language
        page = TEMPLATES.get_template(template).render(language=language, words=WORDS[language], **values)
        self._send(page.encode(), HTML, status)

    def _redirect(self, headers: dict[str, str] | None = None) -> None:
        self._send(b"", "text/plain", HTTPStatus.SEE_OTHER, headers={"Location": "/"} | (headers or {}))

    def _send_json(self, value: object, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(value, ensure_ascii=False).encode(), "application/json", status)

    def _send(
        self,
        body: bytes,
        kind: str,
        status: HTTPStatus = HTTPStatus.OK,
        policy: str = PAGE_POLICY,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        own = {"Content-Type": kind, "Content-Length": str(len(body)), "Content-Security-Policy": policy}
        fixed = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
        for name, value in (own | fixed | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _summary(mail: Caught) -> dict[str, Any]:
    return {
        "id": mail.id,
        "at": mail.caught_at.isoformat(),
        "from": mail.sender,
        "to": mail.recipients,
        "subject": mail.subject,
        "size": mail.size,
    }


def _details(reading: Reading) -> dict[str, Any]:
    return {
        "headers": reading.headers,
        "text": reading.text,
        "html": reading.html,
        "attachments": reading.attachments,
    }


def serve_pages(spool: Spool, port: int, *, sends_back: bool = False) -> ThreadingHTTPServer:
    """A server that listens already; call its `serve_forever`. `sends_back`: some addresses answer, and the page says
    which."""
    handler = type("BoundPages", (CatcherPages,), {"spool": spool, "sends_back": sends_back})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)
