"""A mailbox on loopback, by IMAP and POP3 over TLS: as much of them as a careful reader asks for."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

USER, PASSWORD = "reports", "secret"


@dataclass
class Store:
    """Mails by number in their folders. MOVE is shown after the login only; `breaks_at` drops a connection."""

    mails: dict[int, bytes]
    done: dict[int, bytes] = field(default_factory=dict)
    can: bytes = b"IMAP4rev1 MOVE UIDPLUS"
    breaks_at: bytes = b"\0"
    fetched: int = 0  # octets


class Imap(socketserver.StreamRequestHandler):
    """One connection."""

    store: Store

    def say(self, *lines: bytes) -> None:
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))

    def handle(self) -> None:
        self.say(b"* OK ready")
        is_in = False
        for line in self.rfile:
            tag, _space, rest = line.strip().partition(b" ")
            word = rest.upper()
            if self.store.breaks_at in word:
                return
            if word.startswith(b"CAPABILITY"):
                self.say(b"* CAPABILITY " + (self.store.can if is_in else b"IMAP4rev1"))
            elif word.startswith(b"LOGIN"):
                if rest != f'LOGIN {USER} "{PASSWORD}"'.encode():
                    self.say(tag + b" NO [AUTHENTICATIONFAILED] wrong")
                    continue
                is_in = True
            elif word.startswith(b"CREATE"):
                self.say(tag + b" NO [ALREADYEXISTS] is there")
                continue
            elif word.startswith(b"SELECT"):
                self.say(b"* %d EXISTS" % len(self.store.mails))
            elif word.startswith(b"UID"):
                self.uid(rest)
            elif word.startswith(b"LOGOUT"):
                self.say(b"* BYE", tag + b" OK bye")
                return
            self.say(tag + b" OK done")

    def uid(self, rest: bytes) -> None:
        _uid, verb, *more = rest.split(b" ", 3)
        store = self.store
        if verb.upper() == b"SEARCH":
            self.say(b" ".join([b"* SEARCH", *(b"%d" % number for number in sorted(store.mails))]))
        elif verb.upper() == b"FETCH":
            whole = store.mails.get(int(more[0]))
            limit = re.search(rb"<0\.(\d+)>", rest)
            assert limit is not None
            if whole is not None:
                part = whole[: int(limit[1])]
                store.fetched += len(part)
                self.wfile.write(
                    b"* 1 FETCH (UID %b RFC822.SIZE %d BODY[]<0> {%d}\r\n" % (more[0], len(whole), len(part))
                )
                self.wfile.write(part + b")\r\n")
        elif verb.upper() in (b"MOVE", b"COPY", b"EXPUNGE"):
            for number in map(int, more[0].split(b",")):
                if verb.upper() != b"EXPUNGE" and number in store.mails:
                    store.done[number] = store.mails[number]
                if verb.upper() != b"COPY":
                    store.mails.pop(number, None)


class Pop3(socketserver.StreamRequestHandler):
    """One connection; deletions count at QUIT."""

    store: Store

    def handle(self) -> None:
        gone: set[int] = set()
        self.wfile.write(b"+OK ready\r\n")
        for line in self.rfile:
            word, *numbers = line.upper().split()
            if word == self.store.breaks_at:
                return
            answer = b"+OK\r\n"
            if word == b"LIST":
                rows = [b"%d %d" % (number, len(mail)) for number, mail in sorted(self.store.mails.items())]
                answer += b"".join(row + b"\r\n" for row in [*rows, b"."])
            elif word in (b"RETR", b"TOP"):
                answer += self.store.mails[int(numbers[0])] + b"\r\n.\r\n"
            elif word == b"DELE":
                gone.add(int(numbers[0]))
            elif word == b"QUIT":
                for number in gone:
                    self.store.done[number] = self.store.mails.pop(number)
                self.wfile.write(answer)
                return
            self.wfile.write(answer)


@contextmanager
def serving(kind: type[Any], store: Store, tls: ssl.SSLContext) -> Iterator[int]:
    """Its port."""

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

        def get_request(self) -> Any:
            raw, address = super().get_request()
            return tls.wrap_socket(raw, server_side=True), address

    with Server(("127.0.0.1", 0), type("Bound", (kind,), {"store": store})) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
