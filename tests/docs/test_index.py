"""docs/README.md leads to every document, and docs/adr/README.md to every decision."""

from __future__ import annotations

from tests.conftest import ROOT

DOCS = ROOT / "docs"


def test_the_index_leads_to_every_document() -> None:
    index = (DOCS / "README.md").read_text()
    assert [
        file.name for file in DOCS.glob("*.md") if f"]({file.name})" not in index and file.name != "README.md"
    ] == []
