"""The role that the site and the workers come to the embedded database as: it owns nothing and changes no table.

What it may do is the application's own word (`grant_to_application`, made by its migrations).
"""

from __future__ import annotations

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import make_dsn, parse_dsn

ROLE = "golub_app"


def application_url(owner_url: str, password: str) -> str:
    """The same database by that role."""
    _scheme, _, rest = owner_url.partition("://")
    return f"postgresql://{ROLE}:{password}@{rest.partition('@')[2]}"


def let_in(owner_url: str, password: str) -> None:
    """Make the role and give it its rights, unless all is so already: a start on a full disk writes nothing.

    Errors: psycopg2.Error.
    """
    if _is_in(owner_url, password):
        return
    connection = psycopg2.connect(owner_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,))
            verb = "ALTER" if cursor.fetchone() else "CREATE"
            statement = sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}")
            cursor.execute(statement.format(sql.Identifier(ROLE), sql.Literal(password)))
            cursor.execute("SELECT grant_to_application(%s)", (ROLE,))
    finally:
        connection.close()


def _is_in(owner_url: str, password: str) -> bool:
    """Whether the role comes in with this password and reads every table there is."""
    if not _is_known(owner_url):  # or PostgreSQL's log would tell of a stranger at every first start
        return False
    dsn = make_dsn(**parse_dsn(owner_url) | {"user": ROLE, "password": password})
    try:
        connection = psycopg2.connect(dsn)
    except psycopg2.OperationalError:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_class c WHERE relkind IN ('r', 'p') "
                "AND relnamespace = current_schema()::regnamespace AND NOT has_table_privilege(c.oid, 'SELECT')"
            )
            return bool(cursor.fetchone() == (0,))
    finally:
        connection.close()


def _is_known(owner_url: str) -> bool:
    connection = psycopg2.connect(owner_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,))
            return cursor.fetchone() is not None
    finally:
        connection.close()
