"""docs/README.md leads to every document, and docs/adr/README.md to every decision, which all have the same parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "adr").glob("[0-9]*.md"))
STATUS = re.compile(
    r"Status: (Accepted|(Accepted, (amends|amended by|supersedes)|Superseded by) \[\d{4}\]\(.+\.md\))\."
)


def test_the_index_leads_to_every_document() -> None:
    index = (DOCS / "README.md").read_text()
    assert [
        file.name for file in DOCS.glob("*.md") if f"]({file.name})" not in index and file.name != "README.md"
    ] == []


def test_decisions_are_numbered_without_a_hole() -> None:
    assert [file.name[:4] for file in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_has_its_number_status_and_parts(decision: Path) -> None:
    text = decision.read_text()
    title, _, status, *_ = text.splitlines()
    assert title.startswith(f"# {decision.name[:4]} ")
    assert STATUS.fullmatch(status), status
    for part in ("**Decided.**", "**Why.**"):
        assert part in text, part


def test_the_index_of_decisions_is_complete() -> None:
    index = (DOCS / "adr" / "README.md").read_text()
    listed = re.findall(r"^- \[(\d{4})\]\((.+)\) (.+)$", index, re.MULTILINE)
    there = [(file.name[:4], file.name, file.read_text().splitlines()[0][7:]) for file in DECISIONS]
    assert listed == there
