"""Zones come from the pinned package, whatever the host has."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import tzdata

from mailer import zone_data
from mailer.recurrence.rule import RuleError, zone_named
from tests.conftest import ROOT

ASK = """
import mailer
from datetime import datetime
from zoneinfo import ZoneInfo
print(datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Moscow")).utcoffset())
"""


def test_no_file_of_the_host_is_asked(tmp_path: Path) -> None:
    zone = tmp_path / "Europe" / "Moscow"
    zone.parent.mkdir()
    zone.write_bytes((Path(tzdata.__file__).parent / "zoneinfo" / "Asia" / "Tokyo").read_bytes())
    environment = os.environ | {"PYTHONTZPATH": str(tmp_path)}
    command = [sys.executable, "-c", ASK]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "3:00:00"


def test_canada_keeps_its_summer_time() -> None:
    """British Columbia leaves its clocks alone from 2026 on: release 2026b and later say so."""
    winter = datetime(2027, 1, 15, 12, tzinfo=UTC).astimezone(zone_named("America/Vancouver"))
    assert winter.utcoffset() == timedelta(hours=-7)


@pytest.mark.parametrize("key", ["localtime", "posixrules", "Factory", "right/Europe/Moscow", "posix/UTC", "../UTC"])
def test_what_is_no_zone_of_people(key: str) -> None:
    with pytest.raises(RuleError):
        zone_named(key)


@pytest.mark.parametrize(
    ("first_line", "newer"),
    [("# version 2999a\n", "2999a"), ("# version 2020a\n", None), ("no such line\n", None), ("", None), ("\xff", None)],
)
def test_a_later_release_of_the_host_is_told(first_line: str, newer: str | None, tmp_path: Path) -> None:
    (tmp_path / "tzdata.zi").write_text(first_line, encoding="latin-1")
    assert zone_data.newer_of_system([tmp_path / "missing", tmp_path / "tzdata.zi"]) == newer
