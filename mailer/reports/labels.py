"""What columns of a report are called."""

from __future__ import annotations

from flask_babel import format_percent, get_locale
from flask_babel import gettext as _


def outcome_headings() -> dict[str, str]:
    """What becomes of recipients, in the order and the words of the page's table."""
    words = {
        "accepted": _("accepted"),
        "refused": _("refused"),
        "uncertain": _("uncertain"),
        "excluded": _("excluded"),
        "stopped": _("stopped"),
        "waiting": _("waiting"),
    }
    return {name: word.capitalize() for name, word in words.items()}


def kind_labels() -> dict[str, str]:
    """The three states that have reasons."""
    words = outcome_headings()
    return {name: words[name] for name in ("refused", "excluded", "stopped")}


def share(count: int, of_all: int) -> str:
    """A share as people write it; a dash where there is nothing to have a share of."""
    if of_all <= 0:
        return "—"
    sign = "\u00a0%" if get_locale().language == "ru" else "%"
    is_small = 0 < count * 10 < of_all
    return str(format_percent(min(1, count / of_all), ("0.0" if is_small else "0") + sign))
