"""Header lines of a mail (RFC 5322, RFC 2047): one line in, one well-folded line out, whatever a value holds."""

from __future__ import annotations

import binascii
import re
from functools import lru_cache

import idna

LINE = 76  # where a line with an encoded word must end; 78 is advised for the others
_WORD_FRAME = len("=?utf-8?b??=")
_BREAKS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ \-]+")
_ADDRESS = re.compile(r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]{1,64})@([^@\s]{1,255})")
_UTF8_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-\u00a1-\U0010ffff]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.\-]{0,252}[A-Za-z0-9])?")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]+(@[A-Za-z0-9.\-\[\]:]+)?")
_URL = re.compile(r"https?://[!-;=?-~]{1,900}")
_SAFE_WORDS = 60  # an ASCII name up to this stays readable


class HeaderError(ValueError):
    """A value that must not go into a header. `code` is `address`, `message_id` or `url`."""

    def __init__(self, code: str, value: str) -> None:
        super().__init__(f"{code}: {value!r}")
        self.code = code


def one_line(text: str) -> str:
    """The text with every run of white space, line breaks and control characters made one space."""
    if text.isprintable() and "  " not in text:  # most are
        return text.strip()
    return _BREAKS.sub(" ", text).strip()


def text_line(name: str, text: str) -> str:
    """`Name: text` with CRLF, folded; encoded where it must be."""
    text = one_line(text)
    used = len(name) + 2
    if _PRINTABLE.fullmatch(text) and "=?" not in text:
        if used + len(text) <= LINE:
            return f"{name}: {text}\r\n"
        folded = _folded_at_spaces(text, used)
        if folded is not None:
            return f"{name}: {folded}\r\n"
    return f"{name}: {_encoded_words(text, used)}\r\n"


def mailbox_line(name: str, display_name: str, address: str) -> str:
    """`Name: Display Name <address>` with CRLF; HeaderError for what is not an address."""
    bare = ascii_address(address) if address.isascii() else utf8_address(address)
    phrase = _phrase(one_line(display_name), len(name) + 2)
    if not phrase:
        return f"{name}: {bare}\r\n"
    return f"{name}: {_with_angle(phrase, bare, len(name) + 2)}\r\n"


def list_id_line(display_name: str, list_id: str) -> str:
    """`List-Id: name <list.id>` (RFC 2919)."""
    if not _DOMAIN.fullmatch(list_id):
        raise HeaderError("address", list_id)
    phrase = _phrase(one_line(display_name), len("List-Id: "))
    return f"List-Id: {_with_angle(phrase, list_id, len('List-Id: ')) if phrase else f'<{list_id}>'}\r\n"


def message_id_line(message_id: str, domain: str) -> str:
    """`Message-ID: <…>`; the domain is added where the id has none."""
    bare = message_id.strip("<>")
    match = _MESSAGE_ID.fullmatch(bare)
    if match is None or len(bare) > 250:
        raise HeaderError("message_id", message_id)
    return f"Message-ID: <{bare}>\r\n" if match[1] else f"Message-ID: <{bare}@{domain}>\r\n"


def unsubscribe_line(url: str) -> str:
    """`List-Unsubscribe: <https://…>` (RFC 2369)."""
    if not _URL.fullmatch(url):
        raise HeaderError("url", url)
    return f"List-Unsubscribe: <{url}>\r\n"


def ascii_address(address: str) -> str:
    """The address as it goes on the wire, its domain in ASCII; HeaderError for anything that could break out."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise HeaderError("address", address)
    return f"{match[1]}@{_ascii_domain(match[2])}"


def utf8_address(address: str) -> str:
    """The address for SMTPUTF8 (RFC 6532): letters of any script before the @, the domain in ASCII; HeaderError."""
    local, _at, domain = address.rpartition("@")
    if not _UTF8_LOCAL.fullmatch(local) or not local.isprintable():
        raise HeaderError("address", address)
    return f"{local}@{_ascii_domain(domain)}"


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise HeaderError("address", domain) from error
    if not _DOMAIN.fullmatch(domain):
        raise HeaderError("address", domain)
    return domain


def _with_angle(phrase: str, bare: str, used: int) -> str:
    last_line = len(phrase) - phrase.rfind("\n") - 1 + (0 if "\n" in phrase else used)
    return f"{phrase}{' ' if last_line + len(bare) + 3 <= LINE else chr(13) + chr(10) + ' '}<{bare}>"


def _phrase(name: str, used: int) -> str:
    """A display name: as it is, quoted, or encoded."""
    if len(name) > _SAFE_WORDS or not _PRINTABLE.fullmatch(name) or "=?" in name:
        return _encoded_words(name, used)
    if not name or _ATOMS.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _folded_at_spaces(text: str, used: int) -> str | None:
    """The text broken before spaces, or None where a word is too long for a line."""
    lines, line = [], ""
    for word in text.split(" "):
        if len(word) >= LINE:
            return None
        if line and used + len(line) + 1 + len(word) > LINE:
            lines.append(line)
            line, used = word, 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _encoded_words(text: str, used: int) -> str:
    """The text as encoded words of whole characters, one a line."""
    octets = text.encode("utf-8", "replace")
    room = (LINE - used - _WORD_FRAME) // 4 * 3
    if len(octets) <= room:
        return _encoded_word(octets)
    words = []
    while len(octets) > room:
        end = room
        while octets[end] & 0xC0 == 0x80:  # amid a character
            end -= 1
        words.append(octets[:end])
        octets = octets[end:]
        room = (LINE - 1 - _WORD_FRAME) // 4 * 3
    words.append(octets)
    return "\r\n ".join(map(_encoded_word, words))


def _encoded_word(octets: bytes) -> str:
    return f"=?utf-8?b?{binascii.b2a_base64(octets, newline=False).decode('ascii')}?="
