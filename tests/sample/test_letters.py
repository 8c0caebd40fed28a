"""The sample's own letters are as we advise others to make them."""

from __future__ import annotations

import pytest

from mailer.composing.inspection import inspect
from mailer.composing.sieve import sieve
from mailer.sample.messages import HERE

LINK = "https://golub.test/u/0"


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.html")))
def test_nothing_is_to_be_mended_in_a_sample_letter(name: str) -> None:
    sieved = sieve((HERE / name).read_text("utf-8"))
    assert not sieved.removed
    assert {finding.code for finding in inspect(sieved.html.replace("{{ ссылка_отписки }}", LINK), LINK)} <= {"rounded"}
