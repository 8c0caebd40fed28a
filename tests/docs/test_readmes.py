"""The two READMEs say the same."""

from __future__ import annotations

import re

from tests.conftest import ROOT
from tests.docs.test_names import BLOCK

SIGNS = re.compile(r"`[^`\n]+`|https?://\S+?(?=[\s)])|\]\([^)]+\)")
COMMENT = re.compile(r"^#.*$", re.MULTILINE)


def test_both_have_the_same_parts_commands_and_links() -> None:
    english, russian = ((ROOT / name).read_text() for name in ("README.md", "README.ru.md"))
    for sign in (r"^## ", r"^\d\. ", r"^\|", r"^!\["):
        assert len(re.findall(sign, english, re.MULTILINE)) == len(re.findall(sign, russian, re.MULTILINE)), sign
    blocks = [[COMMENT.sub("", block) for block in BLOCK.findall(text)] for text in (english, russian)]
    assert blocks[0] == blocks[1]
    signs = [set(SIGNS.findall(BLOCK.sub("", text))) for text in (english, russian)]
    only = {"](README.md)", "](README.ru.md)", "`user`", "`manager`", "`editor`", "`admin`"}
    assert signs[0] - only == signs[1] - only


def test_each_leads_to_the_other() -> None:
    assert "](README.ru.md)" in (ROOT / "README.md").read_text()
    assert "](README.md)" in (ROOT / "README.ru.md").read_text()
