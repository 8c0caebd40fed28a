"""A mail catcher of its own for a test."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from launcher.part import start, stop, wait_until_ready
from launcher.ports import server_port
from launcher.programs import mail_catcher


@dataclass
class Catcher:
    smtp_port: int
    url: str

    def send(self, to: str = "anna@example.test", subject: str = "Привет", html: str = "", text: str = "Текст") -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "Голубь <news@golub.test>", to, subject
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as smtp:
            smtp.send_message(message)

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[str, Any]:
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode(), answer.headers

    def api(self, path: str = "", **query: str) -> Any:
        return json.loads(self.ask(f"api/mails{path}?{urlencode(query)}")[0])


class running:  # noqa: N801 - reads as a word in `with running(…)`
    """The real mail catcher on a folder, with this environment besides."""

    def __init__(self, folder: Path, **environment: str) -> None:
        smtp_port, page_port = server_port(folder, "smtp"), server_port(folder, "page")
        self.part = mail_catcher(
            smtp_port, page_port, folder / "mail", {"PYTHONPATH": ":".join(sys.path), **environment}
        )
        self.catcher = Catcher(smtp_port, f"http://127.0.0.1:{page_port}/")

    def __enter__(self) -> Catcher:
        self.process: subprocess.Popen[bytes] = start(self.part)
        wait_until_ready(self.part, self.process)
        return self.catcher

    def __exit__(self, *_: object) -> None:
        stop(self.part, self.process, 10)
