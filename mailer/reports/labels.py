"""What columns of a report are called."""

from __future__ import annotations

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
