"""Real PostgreSQL, real Valkey, one application; every test starts with empty tables.

The application is the role that owns nothing, as in production; what needs the owner of the tables says so.
"""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psycopg2
import pytest
from flask import Flask, current_app, g
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import HealthCheck, settings
from redis import Redis
from sqlalchemy import Connection, Engine, create_engine, text
from werkzeug.test import TestResponse
from xdist.scheduler import LoadFileScheduling

from config import TestingConfig
from config import database_url as sqlalchemy_url
from launcher.application_role import application_url, let_in
from mailer import create_app
from mailer.accounts import sessions
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.user import Role, User
from tests.factories import make_user

# A busy machine makes no test fail: Hypothesis neither measures an example nor how fast it makes them up.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
os.environ["LC_ALL"] = "C.UTF-8"  # the language that commands speak to the tests

ROOT = Path(__file__).resolve().parent.parent
LARGE = 4 * 2**20  # bytes of a table
ROLE_PASSWORD = "secret"
OWNER = "engine of the owner"
TOGETHER = ("tests/chromium/", "tests/walkabout/")  # each of these folders shares a running service
# The longest groups come first, so that no process is left alone with one at the end. Those that share a service make
# the longest two, and the two processes begin with one each; then what starts services of its own; the rest is short.
FIRST = (
    *TOGETHER, "tests/faults/", "tests/launcher/", "tests/security/", "tests/test_access.py", "tests/sending/",
    "tests/backup/", "tests/jobs/", "tests/smtp/",
)  # fmt: skip
NOT_QUICK = (*TOGETHER, "tests/faults/", "tests/launcher/", "tests/backup/")  # start services of their own
QUICK_PER_FILE = 2  # tests on the database
SERVICES = {"subprocess", "flask", "Lab", "lab", "Process", "sleep"}  # among a test's fixtures or the names it uses


@dataclass(frozen=True)
class Servers:
    """Where the test run's own servers listen; both URLs name databases of this process alone."""

    database_url: str
    redis_url: str


class Scheduling(LoadFileScheduling):
    """A file stays with one process, and so do the folders that share a service."""

    def _split_scope(self, nodeid: str) -> str:
        folder = next((folder for folder in TOGETHER if nodeid.startswith(folder)), None)
        return folder or super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """With `-n`; the groups of xdist itself are silently ignored by pytest 9."""
    return Scheduling(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--quick`: for `make test-quick`."""
    parser.addoption(
        "--quick",
        action="store_true",
        help="an early warning: all tests without a database, some of each file with one",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first; quickly, an early warning from every file."""
    items.sort(key=lambda item: next((at for at, name in enumerate(FIRST) if item.nodeid.startswith(name)), len(FIRST)))
    for item in items:
        if starts_a_service(item):
            item.add_marker("services")
    if config.getoption("--quick"):
        kept = early_warning(items)
        config.hook.pytest_deselected(items=list(set(items) - set(kept)))
        items[:] = kept


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Quickly, what is left out is not even read."""
    folder = f"{collection_path.relative_to(ROOT).as_posix()}/" if collection_path.is_relative_to(ROOT) else ""
    return True if config.getoption("--quick") and folder in NOT_QUICK else None


def starts_a_service(item: pytest.Item) -> bool:
    """By where it stands, by its fixtures or by its own text."""
    names = set(getattr(item, "fixturenames", ()))
    if isinstance(item, pytest.Function):
        names.update(item.function.__code__.co_names)
    return item.nodeid.startswith(NOT_QUICK) or not SERVICES.isdisjoint(names)


def early_warning(items: list[pytest.Item]) -> list[pytest.Item]:
    """One case of each test without a server, and of those on the database the first few of each file."""
    kept: list[pytest.Item] = []
    seen: set[str] = set()
    per_file: Counter[Path] = Counter()
    for item in items:
        name = item.nodeid.partition("[")[0]
        if name in seen or item.get_closest_marker("slow") or item.get_closest_marker("services"):
            continue
        seen.add(name)
        if "servers" in getattr(item, "fixturenames", ()):
            per_file[item.path] += 1
            if per_file[item.path] > QUICK_PER_FILE:
                continue
        kept.append(item)
    return kept


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Embedded PostgreSQL and Valkey (or those that TEST_DATABASE_URL and TEST_REDIS_URL name)."""
    with ExitStack() as stack:
        database_url, redis_url = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
        if not (database_url and redis_url):
            from launcher.embedded import running_servers

            database_url, redis_url = stack.enter_context(running_servers(tmp_path_factory.mktemp("servers")))
        name = f"golub_test_{os.getpid()}_{uuid.uuid4().hex[:6]}"
        run_sql(database_url, f"CREATE DATABASE {name}")
        yield Servers(database_url.rsplit("/", 1)[0] + "/" + name, redis_url)
        run_sql(database_url, f"DROP DATABASE {name} WITH (FORCE)")


def run_sql(url: str, statement: str) -> None:
    """Run one statement outside a transaction."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@pytest.fixture(scope="session")
def migrated_app(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on a database that the migrations made, by the role that `make run` gives it."""
    var_dir = tmp_path_factory.mktemp("var")
    make_migrated_app(servers.database_url, servers.redis_url, var_dir)
    let_in(servers.database_url, ROLE_PASSWORD)
    app = make_app(application_url(servers.database_url, ROLE_PASSWORD), servers.redis_url, var_dir)
    app.extensions[OWNER] = create_engine(sqlalchemy_url(servers.database_url), pool_pre_ping=True)
    return app


def make_migrated_app(database_url: str, redis_url: str, var_dir: Path) -> Flask:
    """Migrate that database and give the application on it, as the owner of the tables."""
    app = make_app(database_url, redis_url, var_dir)
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
    return app


def make_app(database_url: str, redis_url: str, var_dir: Path) -> Flask:
    """The application of the tests."""
    return create_app(
        TestingConfig(
            DATABASE_URL=database_url,
            REDIS_URL=redis_url,
            VAR_DIR=str(var_dir),
            SECRET_KEY="a secret of the tests, long enough to be one",
            SITE_URL="http://golub.test",
            WTF_CSRF_ENABLED=False,
        )
    )


def owner_engine() -> Engine:
    """The current application's database by the owner of its tables."""
    return cast(Engine, current_app.extensions.get(OWNER, db.engine))


def rewrite(statement: str, **values: Any) -> None:
    """Change what never changes, such as a time: as the owner of the tables, past their triggers."""
    db.session.commit()
    with owner_engine().begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(text(statement), values)
    db.session.expire_all()


@pytest.fixture
def by_the_owner(app: Flask) -> Iterator[None]:
    """The application is the owner of its tables for this test, which does what the application may not."""
    plain, name = db.engine, "SQLALCHEMY_DATABASE_URI"
    url = owner_engine().url.render_as_string(hide_password=False)
    db.session.remove()
    engines = cast(dict[str | None, Engine], db.engines)  # it gives the very dictionary it uses
    engines[None], app.config[name], plain_url = owner_engine(), url, app.config[name]
    yield
    db.session.remove()
    engines[None], app.config[name] = plain, plain_url


@pytest.fixture
def app(migrated_app: Flask, servers: Servers) -> Iterator[Flask]:
    """The application inside its context, tables and Redis empty, its settings those of before again at the end."""
    Redis.from_url(servers.redis_url).flushdb()
    with settings_kept(migrated_app), migrated_app.app_context():
        yield migrated_app
        db.session.remove()
        empty_the_tables()


@contextmanager
def settings_kept(app: Flask) -> Iterator[None]:
    """Give every setting its value of before back at the end: a test that changes one changes it for itself."""
    kept = dict(app.config)
    try:
        yield
    finally:
        app.config.update(kept)


def empty_the_tables() -> None:
    """Forget every row, also of the journal, which does not let its rows go, and count from 1 again."""
    with owner_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.exec_driver_sql("SELECT to_regproc('pg_temp.emptied')").scalar() is None:
            _bring_emptying(connection)
        for name in connection.exec_driver_sql("SELECT pg_temp.emptied()").scalars().all():
            connection.exec_driver_sql(f"VACUUM {name}")


def _bring_emptying(connection: Connection) -> None:
    """Teach a connection to empty the tables. Most tests leave a few rows in a few of them: deleting those takes a
    tenth of the time of truncating all, and plans that are kept a tenth of those made each time."""
    names = [table.name for table in db.metadata.sorted_tables]
    empty = "".join(
        f"IF EXISTS (SELECT FROM {name}) THEN DELETE FROM {name};"
        f" IF pg_table_size('{name}') > {LARGE} THEN RETURN NEXT '{name}'; END IF; END IF;"
        for name in names
    )
    connection.exec_driver_sql(
        "CREATE FUNCTION pg_temp.emptied() RETURNS SETOF text LANGUAGE plpgsql"
        " SET session_replication_role = replica"  # no triggers, no references
        f" AS $$ BEGIN {empty}"
        " PERFORM setval(sequencename::regclass, start_value, false) FROM pg_sequences"
        " WHERE last_value IS NOT NULL; END $$"
    )


class Browser(FlaskClient):
    """A test client that can sign in without typing a password."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Ask for a page. The test's own application context lends its `g`, where the person signed in and the
        language are kept, and its database session to every request: nothing of one may reach the next."""
        g.__dict__.clear()
        db.session.flush()
        db.session.expire_all()  # else an object that is still held somewhere shows what it was, not what it is
        answer = super().open(*args, **kwargs)
        for name, value in answer.headers:
            assert name.isascii(), name
            value.encode("latin-1")  # a server that speaks HTTP can send no other: it would answer 500
            assert len(value) <= 16_000, name  # all headers together fit into nginx's buffer (deploy/nginx.conf)
        return answer

    def login(self, user: User) -> Browser:
        """Take on a session of `user`, as the login page would give."""
        key = sessions.begin(user, False, "127.0.0.1", "a test", utcnow())
        db.session.commit()
        with self.session_transaction() as session:
            session["_user_id"] = key
        return self


def browser_of(app: Flask) -> Browser:
    """Another browser, nobody signed in."""
    app.test_client_class = Browser
    browser = app.test_client()
    assert isinstance(browser, Browser)
    return browser


@pytest.fixture
def web(app: Flask) -> Browser:
    """Somebody not signed in."""
    return browser_of(app)


@pytest.fixture
def owner(app: Flask) -> User:
    """A plain user with a confirmed address."""
    return make_user(email="owner@golub.test")


@pytest.fixture
def stranger(app: Flask) -> User:
    """Another plain user."""
    return make_user(email="stranger@golub.test")


@pytest.fixture
def manager(app: Flask) -> User:
    """Somebody who oversees everyone."""
    return make_user(email="manager@golub.test", role=Role.MANAGER)


@pytest.fixture
def as_owner(app: Flask, owner: User) -> Browser:
    """The owner's browser."""
    return browser_of(app).login(owner)


@pytest.fixture
def as_stranger(app: Flask, stranger: User) -> Browser:
    """The stranger's browser."""
    return browser_of(app).login(stranger)


@pytest.fixture
def as_manager(app: Flask, manager: User) -> Browser:
    """The manager's browser."""
    return browser_of(app).login(manager)
