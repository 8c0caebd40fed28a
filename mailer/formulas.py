"""Cells that a spreadsheet would run as a formula: disarmed on the way out, restored on the way in.

OWASP's CSV injection rules: a cell that begins with = + - @, a tab, a carriage return or NUL gets an apostrophe before
it. One that already begins with apostrophes and then such a character gets one more, so that taking one off always
gives the value back.
"""

from __future__ import annotations

import re

_DANGEROUS = re.compile(r"'*[=+\-@\t\r\0]")
_DISARMED = re.compile(r"'+[=+\-@\t\r\0]")


def disarm(value: str) -> str:
    """`value` as it may stand in a file that spreadsheets open."""
    return "'" + value if _DANGEROUS.match(value) else value


def restore(cell: str) -> str:
    """The value that `disarm` was given."""
    return cell[1:] if cell[:1] == "'" and _DISARMED.match(cell) else cell
