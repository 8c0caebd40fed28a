"""What a device calls itself, in words a person knows: browser and system, never a version."""

from __future__ import annotations

BROWSERS = (
    ("Edg", "Edge"), ("YaBrowser", "Yandex"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("SamsungBrowser", "Samsung"),
    ("CriOS", "Chrome"), ("FxiOS", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"), ("curl", "curl"),
)  # fmt: skip
SYSTEMS = (
    ("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
PHONES = {"iPhone", "iPad", "Android"}


def browser_of(user_agent: str) -> str:
    """The browser's name; empty when unknown. The order matters: most call themselves several names."""
    return next((name for mark, name in BROWSERS if mark in user_agent), "")


def system_of(user_agent: str) -> str:
    """The system's name; empty when unknown."""
    return next((name for mark, name in SYSTEMS if mark in user_agent), "")


def device_name(user_agent: str) -> str:
    """`Firefox, Linux`; empty when nothing is known."""
    return ", ".join(filter(None, (browser_of(user_agent), system_of(user_agent))))


def is_phone(user_agent: str) -> bool:
    """Whether it is held in the hand."""
    return system_of(user_agent) in PHONES
