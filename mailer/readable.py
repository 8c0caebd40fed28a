"""Addresses and domains in the letters of their owners, and back: people read and type `почта.рф`, servers `xn--…`."""

from __future__ import annotations

import idna


def readable_address(email: str) -> str:
    """An address as its owner knows it: `иван@xn--e1afmkfd.xn--p1ai` is `иван@пример.рф`."""
    local, at, domain = email.rpartition("@")
    if "xn--" not in domain:
        return email
    try:
        return f"{local}{at}{idna.decode(domain)}"
    except idna.IDNAError:  # shown as it is
        return email


def readable_domain(name: str) -> str:
    """A domain as its owner knows it: `xn--e1afmkfd.xn--p1ai` is `пример.рф`."""
    return readable_address(f"@{name}").removeprefix("@")


def in_ascii(typed: str) -> str:
    """An address, or the part of one from its domain on, as it is stored; what is neither stays as it was typed."""
    local, at, domain = typed.rpartition("@")
    if domain.isascii() or "." not in domain.strip("."):
        return typed
    try:
        return f"{local}{at}{idna.encode(domain.strip('.'), uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return typed
