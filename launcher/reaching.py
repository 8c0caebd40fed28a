"""Whether a database of somebody else answers: asked before anything is started for it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import psycopg2

from launcher.language import in_language
from launcher.part import StartError

SECONDS = 5


def require_database(environment: Mapping[str, str]) -> None:
    """Come in once by each URL there is. Errors: StartError, which names the setting and never a password."""
    for name in ("DATABASE_OWNER_URL", "DATABASE_URL"):
        if url := environment.get(name):
            scheme, separator, rest = url.partition("://")
            try:
                psycopg2.connect(f"{scheme.partition('+')[0]}{separator}{rest}", connect_timeout=SECONDS).close()
            except psycopg2.OperationalError as error:
                host, words = urlsplit(url).hostname or "", " ".join(str(error).split())
                raise StartError(
                    in_language(
                        f"База данных из {name} ({host}) недоступна: {words}",
                        f"The database of {name} ({host}) cannot be reached: {words}",
                    )
                ) from error
            except psycopg2.Error:
                pass  # it answers; what it says to the URL, the settings have been asked
