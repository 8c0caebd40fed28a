"""What the pages of imports read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select

from mailer.clients.importing.report import ImportReport
from mailer.clients.importing.rows import RowProblem
from mailer.clients.labels import FIELDS
from mailer.clients.reasons import explain
from mailer.extensions import db
from mailer.models.client_import import ClientImport
from mailer.models.user import User

SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class Problems:
    """The first problems of a report, and how many there are in all."""

    shown: list[RowProblem]
    count: int


def imports_of(user: User) -> list[ClientImport]:
    """The latest imports of `user`."""
    query = select(ClientImport).filter_by(owner_id=user.id).order_by(ClientImport.id.desc()).limit(10)
    return list(db.session.scalars(query))


def last_consent_of(user: User) -> str:
    """How people came to agree by what `user` said at their latest import; empty before the first."""
    said = ClientImport.options["consent"].astext
    query = select(said).where(ClientImport.owner_id == user.id, said.is_not(None)).order_by(ClientImport.id.desc())
    return db.session.scalars(query.limit(1)).first() or ""


def first_problems(report: ImportReport) -> Problems:
    """The first twenty problems of a report."""
    return Problems(list(report.read(limit=SHOWN_PROBLEMS)), len(report))


def report_rows(report: ImportReport) -> Iterator[list[object]]:
    """The whole report as a table: row, field, value, reason."""
    yield [_("Row"), _("Field"), _("Value"), _("Reason")]
    for problem in report.read():
        label = str(FIELDS.get(problem.field, problem.field))
        yield [problem.row, label, problem.value, explain(problem.code, problem.params)]
