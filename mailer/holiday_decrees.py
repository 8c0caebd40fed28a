"""Up to which year a country's days off are official: some are decreed anew each year, and until then expected."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain

from mailer.clock import utcnow

RECENT = 6  # years; a country that decreed days in all but one of them does so every year


@lru_cache(maxsize=256)
def published_until(country: str) -> int | None:
    """The last year whose decree is known; None for a country that does without, and for what is none."""
    import holidays  # some MiB that most processes never need

    try:
        calendar = holidays.country_holidays(country.partition("-")[0])
    except (NotImplementedError, KeyError, ValueError):
        return None
    names = (name for name in dir(calendar) if name.startswith("special_") and name.endswith("_holidays"))
    tables = [table for name in names if isinstance(table := getattr(calendar, name), dict)]
    years = set(chain.from_iterable(tables))
    last = max(years, default=0)
    if last < utcnow().year - 1:  # not kept up any more: a table of the past
        return None
    return last if len(years & set(range(last - RECENT + 1, last + 1))) >= RECENT - 1 else None
