"""The role of the site and the workers in the embedded database."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psycopg2

from launcher.application_role import application_url, let_in
from launcher.embedded import throw_away_postgres
from launcher.part import start, stop, wait_until_ready


def test_a_first_start_and_later_ones_let_it_in_and_alarm_nobody(tmp_path: Path) -> None:
    with throw_away_postgres(tmp_path) as server:
        part = server.part()
        process = start(part)
        try:
            wait_until_ready(part, process)
            server.ensure_database()
            with closing(psycopg2.connect(server.url())) as owner, owner, owner.cursor() as cursor:
                cursor.execute("CREATE FUNCTION grant_to_application(text) RETURNS void LANGUAGE sql AS ''")
            for _start in range(2):
                let_in(server.url(), "secret")
                psycopg2.connect(application_url(server.url(), "secret")).close()
        finally:
            stop(part, process, 10)
        assert "authentication failed" not in server.log.read_text()
