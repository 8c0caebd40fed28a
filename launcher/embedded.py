"""PostgreSQL and Valkey of your own for the length of a `with`: what tests and benchmarks run on.

    with running_servers(state_dir) as (database_url, redis_url): ...

- `running_servers(state_dir: Path) -> ContextManager[tuple[str, str]]`: both, and when only one is wanted:
- `running_postgres(state_dir: Path, *, is_durable: bool = False) -> ContextManager[str]`
  yields `postgresql://golub:…@127.0.0.1:<port>/golub`, an empty database; its owner is a superuser of that
  server and may `CREATE DATABASE … TEMPLATE …`. Not durable means: kill -9 loses nothing, a power cut may.
- `running_valkey(state_dir: Path) -> ContextManager[str]` yields `redis://:…@127.0.0.1:<port>/0`.

`state_dir` is made when missing. The servers end with the process that started them, also when it is
killed -9 (call from the main thread). Errors: `launcher.part.StartError`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from launcher import nobody
from launcher.part import running
from launcher.postgres import Postgres, prepare_postgres
from launcher.valkey import prepare_valkey


@contextmanager
def running_servers(state_dir: Path) -> Iterator[tuple[str, str]]:
    """Both servers: (database URL, Redis URL)."""
    with running_postgres(state_dir) as database_url, running_valkey(state_dir) as redis_url:
        yield database_url, redis_url


@contextmanager
def running_postgres(state_dir: Path, *, is_durable: bool = False) -> Iterator[str]:
    """A PostgreSQL with an empty database."""
    with throw_away_postgres(state_dir, is_durable=is_durable) as server, running(server.part()):
        server.ensure_database()
        yield server.url()


@contextmanager
def throw_away_postgres(state_dir: Path, *, is_durable: bool = False) -> Iterator[Postgres]:
    """A server prepared and not started; root's data outside `state_dir` is removed at the end, whatever the end."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        home = stack.enter_context(nobody.throw_away_home(nobody.account())) if os.geteuid() == 0 else None
        yield prepare_postgres(state_dir, is_durable=is_durable, home=home)


@contextmanager
def own_postgres(state_dir: Path, *, may_be_new: bool) -> Iterator[str]:
    """The state folder's own database, which is not running (hold `launcher.lock` meanwhile), for this `with`."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = prepare_postgres(state_dir)
    with running(server.part()):
        server.ensure_database(is_expected=not may_be_new)
        yield server.url()


@contextmanager
def running_valkey(state_dir: Path) -> Iterator[str]:
    """A Valkey of its own."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = prepare_valkey(state_dir)
    with running(server.part()):
        yield server.url
