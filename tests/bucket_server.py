"""A real S3 server on loopback, which checks signatures: nanio, in the environment that `.ci/bucket-server` makes."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from launcher.ports import first_free
from network_settings import Bucket
from tests.conftest import ROOT
from tests.waiting import wait_until

PROGRAM = ROOT / "var" / "s3-server" / "bin" / "nanio"
KEY, SECRET, NAME = "golub", "secret of a test", "pictures"


class S3Server:
    """One bucket in a folder. A file of it: `content(name)`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "s3"
        (self.folder / NAME).mkdir(parents=True)
        self.port = first_free(24_300)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens, or would."""
        return f"http://127.0.0.1:{self.port}"

    def bucket(self, secret: str = SECRET, name: str = NAME, prefix: str = "golub/") -> Bucket:
        """As the settings would name it."""
        return Bucket(name, self.url, "us-east-1", KEY, secret, prefix)

    def start(self) -> None:
        """Start it, with what it kept; answers when it does."""
        command = [
            str(PROGRAM),
            "serve",
            "--data-dir",
            str(self.folder),
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        keys = {"NANIO_ACCESS_KEY": KEY, "NANIO_SECRET_KEY": SECRET, "NANIO_PORT": str(self.port)}
        with (self.folder.parent / "s3.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=os.environ | keys, stdout=log, stderr=log)
        wait_until(self._answers)

    def stop(self) -> None:
        """Stop it; what it keeps stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def names(self) -> list[str]:
        """What the bucket holds."""
        place = self.folder / NAME
        files = (str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
        return sorted(name for name in files if not any(part.startswith(".") for part in Path(name).parts))

    def content(self, name: str) -> bytes:
        """A file of the bucket, past the server."""
        return (self.folder / NAME / name).read_bytes()

    def _answers(self) -> bool:
        assert self._process is not None and self._process.poll() is None, "the S3 server ended"
        try:
            urllib.request.urlopen(self.url, timeout=5)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """A server that runs. Skips where there is none; CI may not."""
    if not PROGRAM.exists():
        message = "no S3 server here: `make programs` brings it"
        if os.environ.get("GOLUB_REQUIRE_S3_SERVER"):
            pytest.fail(message)
        pytest.skip(message)
    server = S3Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
