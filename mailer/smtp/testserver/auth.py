"""AUTH as the test server does it: PLAIN and LOGIN (RFC 4954), one user."""

import base64


class AuthExchange:
    """Give it the command's line and then the client's; each returns the prompt to say, None when it is decided."""

    def __init__(self, credentials: tuple[str, str] | None) -> None:
        self._credentials = credentials
        self._answers: list[bytes] = []  # to the prompts of LOGIN
        self.user = ""
        self.is_right = False

    def begin(self, line: bytes) -> bytes | None:
        """Take `AUTH LOGIN` or `AUTH PLAIN` with its initial response."""
        words = line.split()
        if words[1].upper() == b"LOGIN":
            return b"334 VXNlcm5hbWU6\r\n"
        _, user, password = base64.b64decode(words[2]).split(b"\0")
        self._decide(user, password)
        return None

    def receive(self, line: bytes) -> bytes | None:
        """Take an answer to a prompt of LOGIN."""
        self._answers.append(base64.b64decode(line))
        if len(self._answers) == 1:
            return b"334 UGFzc3dvcmQ6\r\n"
        user, password = self._answers
        self._decide(user, password)
        return None

    def _decide(self, user: bytes, password: bytes) -> None:
        self.user = user.decode()
        self.is_right = (self.user, password.decode()) == self._credentials
