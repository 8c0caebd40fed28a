"""Files that are written while they are sent. Whoever holds the last byte holds the whole file, or the download breaks.

The only place that streams: a stream outlives its request, and with it the request's database session, so it brings
its own; a fault before the first byte is an ordinary error page, a later one cuts the connection.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Generator, Iterable, Iterator
from urllib.parse import quote

import structlog
from flask import Response, stream_with_context
from sqlalchemy.orm import Session
from werkzeug.http import dump_options_header

from mailer.extensions import db
from mailer.formulas import disarm
from mailer.long_work import exporting

Table = Callable[[Session], Iterable[Iterable[object]]]
CHUNK = 64 * 1024

log = structlog.get_logger()


def csv_download(name: str, table: Table) -> Response:
    """An answer that carries the rows of `table` as the CSV file `name`.

    `table` is given a database session that lives as long as the stream, and must read through no other. Its first
    rows are made before the answer begins: what it raises or aborts with by then is the answer.
    """
    pieces = _pieces(table)
    first = next(pieces)
    response = Response(stream_with_context(_resumed(first, pieces)), mimetype="text/csv")
    response.call_on_close(pieces.close)  # also when nobody reads it: HEAD, a reader who has left
    response.headers["Content-Disposition"] = saved_as(name)
    return response


def saved_as(name: str) -> str:
    """The value of Content-Disposition for a file to be saved as `name`, whatever letters are in it.

    Headers are Latin-1: a name of other letters is written as RFC 6266 (5) and RFC 8187 say, beside one in ASCII for
    programs that know of neither.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    if plain == name:
        return dump_options_header("attachment", {"filename": name})
    stem, dot, ending = plain.rpartition(".")
    if not any(sign.isalnum() for sign in stem):
        plain = f"file{dot}{ending.strip()}"
    letters = quote(name, safe="!#$&+-.^_`|~", encoding="utf-8", errors="replace")
    return dump_options_header("attachment", {"filename": plain, "filename*": f"UTF-8''{letters}"})


def csv_of(rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """RFC 4180 with a byte order mark and semicolons, as a Russian Excel expects; no cell is left to be a formula.

    Yields chunks of about 64 KB, at least one.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    text.write("\ufeff")
    for row in rows:
        writer.writerow([disarm("" if cell is None else str(cell)) for cell in row])
        if text.tell() > CHUNK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _pieces(table: Table) -> Generator[bytes, None, None]:
    with exporting.one(), Session(db.engine) as session:
        yield from csv_of(table(session))


def _resumed(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    try:
        yield from rest
    except Exception:
        log.error("a download broke off")  # what broke it is logged by the server, which cuts the connection
        raise
