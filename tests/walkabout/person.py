"""Somebody with a browser's manners: cookies of their own, one connection kept open, and an eye for what is broken."""

from __future__ import annotations

import csv
import http.client
import io
import json
import time
import uuid
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urljoin, urlsplit
from xml.etree import ElementTree

SECONDS = 60  # no machine is so slow, and no page may be
Pairs = Iterable[tuple[str, str]]
Files = dict[str, tuple[str, bytes]]


@dataclass
class Answer:
    """What came back; `status` 0 when nothing whole did, and then `fault` says why."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes
    fault: str = ""
    seconds: float = 0.0

    @property
    def kind(self) -> str:
        """The media type."""
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> str:
        """Where it leads on to, "" when it does not."""
        if "hx-redirect" in self.headers:
            return urljoin(self.path, self.headers["hx-redirect"])
        return urljoin(self.path, self.headers.get("location", "")) if 300 <= self.status < 400 else ""

    @property
    def leads_to_login(self) -> bool:
        """A way to the login page is none into the room that asks for it."""
        return urlsplit(self.location).path == "/login"


@dataclass
class Person:
    """One visitor of `site`; `name` is the role, `logins` what may open the account."""

    name: str
    site: str
    logins: list[tuple[str, str]]  # address and password; of the unregistered: those they have in mind
    has_account: bool = True
    secret: str = ""  # of the second factor, once it is set up
    secret_shown: str = ""  # of one that is about to be
    addresses: set[str] = field(default_factory=set)  # named in forms of accounts: their mails are read too
    cookies: dict[str, str] = field(default_factory=dict)
    _connection: http.client.HTTPConnection | None = None

    @property
    def password(self) -> str:
        """What opens the account at present."""
        return self.logins[0][1]

    def get(self, path: str, **headers: str) -> Answer:
        """Look at a page."""
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, pairs: Pairs, files: Files | None = None, **headers: str) -> Answer:
        """Send a form as a browser encodes it."""
        if files is None:
            body = urlencode([(name, value) for name, value in pairs], errors="surrogatepass").encode()
            kind = "application/x-www-form-urlencoded"
        else:
            body, kind = _multipart(pairs, files)
        return self.ask("POST", path, body, {"Content-Type": kind, **headers})

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """One request and its whole answer."""
        sent = {"Origin": self.site, "Referer": f"{self.site}/", "Accept": "text/html,*/*;q=0.8", **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        for is_last in (False, True):  # one kept open may be closed by now: a browser tries again
            try:
                return self._ask(method, path, body, sent)
            except http.client.RemoteDisconnected as error:
                self._close()
                if is_last or method == "POST":
                    return Answer(method, path, 0, {}, b"", f"no answer: {error}")
            except http.client.IncompleteRead as error:
                self._close()
                return Answer(method, path, 0, {}, error.partial, "the answer broke off")
            except (OSError, http.client.HTTPException) as error:
                self._close()
                if is_last or method == "POST":
                    return Answer(method, path, 0, {}, b"", f"{type(error).__name__}: {error}")
        raise AssertionError("unreachable")

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        if method == "POST":
            self._close()  # so that a closed connection is never taken for a broken answer
        if self._connection is None:
            self._connection = http.client.HTTPConnection(urlsplit(self.site).netloc, timeout=SECONDS)
        started_at = time.monotonic()
        self._connection.request(method, path, body, headers)
        reply = self._connection.getresponse()
        content = reply.read()
        self._take_cookies(reply)
        answer = Answer(method, path, reply.status, {k.lower(): v for k, v in reply.getheaders()}, content)
        answer.seconds = time.monotonic() - started_at
        answer.fault = "" if method == "HEAD" else broken(answer)
        return answer

    def _take_cookies(self, reply: http.client.HTTPResponse) -> None:
        for line in reply.msg.get_all("Set-Cookie", []):
            pair, _, rest = line.partition(";")
            name, _, value = pair.strip().partition("=")
            if "max-age=0" in rest.lower() or "01 jan 1970" in rest.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def address(path: str, pairs: Pairs) -> str:
    """`path` with a query of these, as a browser encodes it."""
    query = urlencode(list(pairs), errors="surrogatepass", quote_via=quote)
    return f"{path}?{query}" if query else path


def broken(answer: Answer) -> str:
    """What is wrong with an answer that came whole: a fault, a page not ours, a file that does not open."""
    if answer.status >= 500:
        return f"status {answer.status}"
    if "content-security-policy" not in answer.headers:
        return f"a raw page of the server, status {answer.status}: {answer.text[:80]!r}"
    if answer.status != 200 or not answer.body:
        return ""
    try:
        _open(answer)
    except (ValueError, zipfile.BadZipFile, ElementTree.ParseError) as error:
        return f"{answer.kind} that does not open: {error}"
    return ""


def _open(answer: Answer) -> None:
    match answer.kind:
        case "text/csv":
            rows = list(
                csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline=""), delimiter=";", strict=True)
            )
            if len({len(row) for row in rows}) != 1:
                raise ValueError("rows of different lengths")
        case "application/zip":
            if name := zipfile.ZipFile(io.BytesIO(answer.body)).testzip():
                raise ValueError(f"{name} is damaged")
        case "application/json":
            json.loads(answer.body)
        case "text/calendar":
            if not answer.text.rstrip().endswith("END:VCALENDAR"):
                raise ValueError("no end")
        case "application/xml" | "application/rss+xml" | "application/atom+xml" | "image/svg+xml":
            ElementTree.fromstring(answer.body)
        case "text/html" if "<html" in answer.text[:500] and "</html>" not in answer.text[-200:]:
            raise ValueError("no end")


def _multipart(pairs: Pairs, files: Files) -> tuple[bytes, str]:
    boundary, parts = uuid.uuid4().hex, []
    for name, value in pairs:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        parts.append(head + value.encode("utf-8", "surrogatepass") + b"\r\n")
    for name, (file_name, content) in files.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'.encode()
        parts.append(head + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
