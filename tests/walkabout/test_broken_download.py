"""A download that fails amid its way, on the running service: it ends as broken, never as a shorter file."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from tests.walkabout.walked_service import WalkedService

MANY_CLIENTS = """
    INSERT INTO clients (owner_id, email, email_key, last_name, first_name, patronymic, comment, tags, attributes)
    SELECT %s, 'n' || n || '@many.test', 'n' || n || '@many.test', 'Иванов', 'Пётр', '', repeat('слово ', 100), '{}',
           '{}'
    FROM generate_series(1, 30000) AS n
"""  # 20 MB: some are still being read when the first part has come
NO_MORE = "DELETE FROM clients WHERE email LIKE '%%@many.test'"
# A worker may be reading people too, for the list of a run, which it holds the lock of.
END_THE_READING = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity AS backends WHERE query LIKE 'FETCH %%'
    AND NOT EXISTS (SELECT FROM pg_locks WHERE pg_locks.pid = backends.pid AND locktype = 'advisory')
"""


def test_a_download_breaks_visibly(walked: WalkedService) -> None:
    email, password = walked.accounts()["user"]
    person = walked.visitor("user", email, password).person
    walked.service.rows(MANY_CLIENTS, walked.id_of(email))
    connection = http.client.HTTPConnection(urlsplit(person.site).netloc, timeout=60)
    cookies = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    connection.request("GET", "/clients/export", headers={"Cookie": cookies})
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read(100_000)
    assert walked.service.rows(END_THE_READING) == [(True,)]
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer.read()
    connection.close()
    walked.service.rows(NO_MORE)
    for log in (walked.service.var_dir / "logs").glob("web-*.log"):
        log.write_text("")  # the walk judges what comes later
    assert person.get("/clients/").status == 200, "the site goes on"
