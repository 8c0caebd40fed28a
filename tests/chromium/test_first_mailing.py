"""A newcomer's first quarter of an hour, from registration to the server's answer.

The mailing goes out at a whole minute: other tests fill the time until then, and the file test_punctuality.py looks.
"""

from __future__ import annotations

import re

import pytest

from tests.chromium.newcomer import BAD_ROWS, Newcomer

pytestmark = pytest.mark.browser


def test_a_newcomer_comes_as_far_as_a_mailing_with_a_date(newcomer: Newcomer) -> None:
    for row in BAD_ROWS:
        assert re.search(rf"^\s*{row + 1}\b", newcomer.import_report, re.MULTILINE), (row, newcomer.import_report)
    assert re.search(r"1\s?000", newcomer.import_report)
    assert "996" in newcomer.import_report
    assert "фамилия" in newcomer.form_with_a_misspelt_name
    assert newcomer.kept_body == "<p>{{ фамлия }}</p>"
