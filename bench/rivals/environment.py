"""A virtual environment for the tools that Golub itself does not need, made once from a locked list."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from bench.processes import ROOT
from bench.service import Service

LOCKED = ROOT / "bench" / "requirements.txt"


def ready_python(var_dir: Path) -> Path:
    """The interpreter of that environment, made or renewed when the list has changed."""
    home = var_dir / "bench" / "rivals"
    python, stamp = home / "bin" / "python", home / "made-from"
    digest = hashlib.sha256(LOCKED.read_bytes()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == digest):
        print("Making the environment of the other tools (a minute, once) …")
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
        subprocess.run([*pip, "--require-hashes", "-r", str(LOCKED)], check=True)
        stamp.write_text(digest)
    return python


def django_rate(python: Path, service: Service, tool: str, port: int, mail_count: int) -> float:
    """Mails per second of `post_office` or `mailer`, queueing included, in a database of its own."""
    with service.spare_database() as url:
        environment = os.environ | {"DATABASE_URL": url, "SMTP_PORT": str(port)}
        command = [str(python), str(ROOT / "bench" / "rivals" / "django_tools.py"), tool, str(mail_count)]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return mail_count / float(done.stdout.split()[-1])
