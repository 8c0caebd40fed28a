"""An import from the upload to its end, as a person does it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from mailer.clients.importing.files import report_of
from mailer.clients.importing.job import run_import
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.client_import import ClientImport
from tests.conftest import Browser


@dataclass
class Importer:
    """Uploads, previews and starts imports in one browser."""

    web: Browser

    def upload(self, content: str | bytes, name: str = "clients.csv") -> Any:
        """The answer to an upload."""
        data = content.encode() if isinstance(content, str) else content
        return self.web.post("/clients/import/", data={"file": (io.BytesIO(data), name)})

    def preview(self, content: str | bytes, **reading: str) -> tuple[str, dict[str, str]]:
        """Address of the preview, and the form on it as a browser would send it back."""
        answer = self.upload(content)
        assert answer.status_code == 303, answer.text
        page = self.web.get(answer.location, query_string=reading)
        assert page.status_code == 200
        return answer.location, form_on(page.text)

    def run(self, content: str | bytes, reading: dict[str, str] | None = None, **choices: str) -> ClientImport:
        """The import at its end."""
        address, form = self.preview(content, **(reading or {}))
        return self.finish(address, form | {key.replace("_", "-"): value for key, value in choices.items()})

    def finish(self, address: str, form: dict[str, str]) -> ClientImport:
        """Start what the preview at `address` shows; the import at its end."""
        answer = self.web.post(address, data=form)
        assert answer.status_code == 303, answer.text
        import_id = int(address.rsplit("/", 1)[1])
        run_import(import_id)
        db.session.remove()
        return db.session.get_one(ClientImport, import_id)


def form_on(html: str) -> dict[str, str]:
    """Names and values of the hidden fields, selects and chosen radio buttons of the page's POST form, and how people
    agreed."""
    form = html[html.index('<form method="post" novalidate') :]
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    for name, options in re.findall(r'<select[^>]* name="([^"]+)".*?>(.*?)</select>', form, re.S):
        found[name] = re.findall(r'<option value="([^"]*)"[^>]*\bselected', options)[0]
    for tag in re.findall(r"<input[^>]*type=\"radio\"[^>]*>", form):
        if "checked" in tag:
            found[re.findall(r'name="([^"]+)"', tag)[0]] = re.findall(r'value="([^"]+)"', tag)[0]
    found["consent"] = "Asked in the shop"
    return found


@pytest.fixture
def importer(as_owner: Browser) -> Importer:
    """The owner's imports."""
    return Importer(as_owner)


@pytest.fixture
def problems() -> Callable[[ClientImport], list[tuple[int, str, str]]]:
    """The report of an import as (row, field, code)."""
    return lambda done: [(one.row, one.field, one.code) for one in report_of(done.stored_file).read()]


def live_clients() -> list[Client]:
    """All clients not deleted, in the order they were made."""
    db.session.expire_all()
    return list(db.session.scalars(db.select(Client).where(Client.deleted_at.is_(None)).order_by(Client.id)))
