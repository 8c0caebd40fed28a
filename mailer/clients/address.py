"""E-mail addresses: one form for the envelope, one key for comparing, and an exact reason for what is neither.

RFC 5321 section 4.1.2 without quoted local parts and address literals, letters of any script before the @ (RFC 6531);
domains by IDNA 2008. Reserved names such as
`.test` or `.local` pass: a company's own mail server may well serve them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from mailer.clients.refused import ValueRefused

MAX_LOCAL, MAX_ADDRESS = 64, 254  # RFC 5321 section 4.5.3.1, less the angle brackets of the path
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Plain addresses, nearly all there are, take this way: a fraction of the cost of the full check. Labels with "--"
# (punycode) do not.
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?!.*--)(?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9])")
_EDGES = " \t\r\n\u00a0\u200b\u200c\u200d\u2060\ufeff"


class Address(NamedTuple):
    """`email` goes into the envelope: local part as typed, domain in lower-case ASCII. `key` is its lower case."""

    email: str
    key: str

    @property
    def is_mixed_script(self) -> bool:
        """Whether one label of the domain mixes Latin with Cyrillic or Greek letters, as look-alike names do."""
        if "xn--" not in self.email:
            return False
        labels = self.email.rpartition("@")[2].split(".")
        return any(len(_scripts(label)) > 1 for label in labels if label.startswith("xn--"))


def normalise(raw: str) -> Address:
    """The address in `raw`, spaces around it aside; raises `ValueRefused` with the exact reason."""
    text = raw.strip(_EDGES)
    plain = _PLAIN.fullmatch(text) if len(text) <= MAX_ADDRESS else None
    if plain is not None and len(plain[1]) <= MAX_LOCAL:
        email = f"{plain[1]}@{plain[2].lower()}"
        return Address(email, email.lower())
    _refuse_the_usual_mistakes(text)
    try:
        # The test environment is what lets `.test` through, as the plain way does.
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=True, test_environment=True)
    except EmailNotValidError as error:
        raise ValueRefused("address_syntax") from error
    local = unicodedata.normalize("NFC", text.rpartition("@")[0])  # RFC 6532, section 3.1
    email = f"{local}@{(checked.ascii_domain or '').lower()}"
    if len(email) > MAX_ADDRESS:
        raise ValueRefused("address_too_long", limit=MAX_ADDRESS)
    return Address(email, email.lower())


def _refuse_the_usual_mistakes(text: str) -> None:
    """Name what is wrong with `text` where it is something people do; says nothing otherwise."""
    local, at, domain = text.rpartition("@")
    reasons = (
        ("address_missing", not text),
        ("address_control_character", any(unicodedata.category(char) in ("Cc", "Cf") for char in text)),
        ("address_with_name", "<" in text or ">" in text),
        ("address_several", text.count("@") > 1 and re.search(r"[;,\s]", text) is not None),
        ("address_without_at", not at),
        ("address_quoted", local.startswith('"')),
        ("address_two_ats", "@" in local),
        ("address_with_space", re.search(r"\s", text) is not None),
        ("address_without_local", not local),
        ("address_without_domain", not domain),
        ("address_literal", domain.startswith("[")),
        ("address_local_too_long", len(local.encode(errors="replace")) > MAX_LOCAL),
        ("address_too_long", len(text) > MAX_ADDRESS),
        ("address_dots", ".." in text or local.startswith(".") or local.endswith(".") or domain.startswith(".")),
        ("address_trailing_dot", domain.endswith(".")),
        ("address_without_dot", "." not in domain),
    )
    for code, applies in reasons:
        if applies:
            raise ValueRefused(code, limit=MAX_LOCAL if code == "address_local_too_long" else MAX_ADDRESS)


def _scripts(label: str) -> set[str]:
    """The scripts of a punycode label's letters, as the first words of their names."""
    try:
        letters = label.encode("ascii").decode("idna")
    except UnicodeError:
        return set()
    return {unicodedata.name(char, "").partition(" ")[0] for char in letters if char.isalpha()}
