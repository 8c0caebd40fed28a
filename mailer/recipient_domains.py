"""The great mailbox providers, each by the domains that its users' addresses have."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
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
# Hosts that take mail for domains of others, with all below them: Google Workspace, Mail.ru for business, Yandex 360,
# Microsoft 365, custom domains of iCloud and Proton.
MAIL_HOSTS: Final[dict[str, tuple[str, ...]]] = {
    "gmail": ("google.com", "googlemail.com"), "mailru": ("mail.ru",), "yandex": ("yandex.net", "yandex.ru"),
    "rambler": ("rambler.ru",), "outlook": ("protection.outlook.com", "mx.microsoft"), "yahoo": ("yahoodns.net",),
    "icloud": ("mail.icloud.com",), "gmx": ("gmx.net", "web.de"),
    "proton": ("protonmail.ch",),
}  # fmt: skip
_GROUP_OF_HOST: Final[dict[str, str]] = {host: group for group, hosts in MAIL_HOSTS.items() for host in hosts}
OTHERS: Final = ""  # domains too small to have a line of their own
NOTHING_KEPT: Final[Mapping[str, str]] = MappingProxyType({})


def group_of(domain: str, kept: Mapping[str, str] = NOTHING_KEPT) -> str:
    """The group of a domain in lower case: by name, then by `kept`, what is known of MX; or the domain itself."""
    return GROUP_OF.get(domain) or kept.get(domain, domain)


def group_of_host(host: str) -> str | None:
    """Whose server this is, by the name that an MX record gives it, in lower case; None: of none of the great ones."""
    labels = host.split(".")
    above = (".".join(labels[at:]) for at in range(len(labels)))
    return next((_GROUP_OF_HOST[name] for name in above if name in _GROUP_OF_HOST), None)


def domain_of(address: str) -> str:
    """The domain of an address in lower case."""
    return address.rpartition("@")[2].lower()
