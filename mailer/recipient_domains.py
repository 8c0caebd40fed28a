"""The great mailbox providers, each by the domains that its users' addresses have."""

from __future__ import annotations

from typing import Final

# A name without a dot is never a domain.
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "gmail": ("gmail.com", "googlemail.com"),
    "mailru": ("mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru", "vk.com", "xmail.ru", "mail.ua"),
    "yandex": (
        "yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.uz", "yandex.com.tr", "yandex.ua",
        "narod.ru",
    ),
    "rambler": ("rambler.ru", "lenta.ru", "autorambler.ru", "myrambler.ru", "ro.ru", "rambler.ua"),
    "outlook": (
        "outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "outlook.fr", "outlook.es", "outlook.it",
        "hotmail.co.uk", "hotmail.de", "hotmail.fr", "hotmail.it", "hotmail.es", "live.ru", "live.co.uk", "live.fr",
    ),
    "yahoo": (
        "yahoo.com", "ymail.com", "rocketmail.com", "aol.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "yahoo.it",
        "yahoo.es", "yahoo.co.jp", "yahoo.co.in", "yahoo.com.br",
    ),
    "icloud": ("icloud.com", "me.com", "mac.com"),
    "gmx": ("gmx.de", "gmx.net", "gmx.com", "gmx.at", "gmx.ch", "web.de"),
    "proton": ("proton.me", "protonmail.com", "pm.me"),
}  # fmt: skip
NAMES: Final[dict[str, str]] = {  # as the providers write themselves; the same in every language
    "gmail": "Gmail", "mailru": "Mail.ru", "yandex": "Yandex", "rambler": "Rambler", "outlook": "Outlook, Hotmail",
    "yahoo": "Yahoo, AOL", "icloud": "iCloud", "gmx": "GMX, WEB.DE", "proton": "Proton",
}  # fmt: skip
GROUP_OF: Final[dict[str, str]] = {domain: group for group, domains in GROUPS.items() for domain in domains}
OTHERS: Final = ""  # domains too small to have a line of their own


def group_of(domain: str) -> str:
    """The group of a domain in lower case, or the domain itself."""
    return GROUP_OF.get(domain, domain)


def domain_of(address: str) -> str:
    """The domain of an address in lower case."""
    return address.rpartition("@")[2].lower()
