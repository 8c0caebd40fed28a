"""The samples for production: each is read by the program that it is for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from launcher.part import CHECKOUT
from launcher.supervisor import STOP_SECONDS
from launcher.web import MAX_BODY
from mailer.bodies import LIMITS

DEPLOY = CHECKOUT / "deploy"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def copied(folder: Path, name: str, **changes: str) -> Path:
    text = (DEPLOY / name).read_text()
    for old, new in changes.items():
        text = re.sub(old, new, text)
    (folder / name).write_text(text)
    return folder / name


def test_limits_of_the_samples_fit_ours() -> None:
    megabytes = re.search(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx.conf").read_text())
    assert megabytes
    assert max(LIMITS.values()) < int(megabytes[1]) * 2**20 <= MAX_BODY, "else a 502 for a file that is too large"
    seconds = re.search(r"TimeoutStopSec=(\d+)", (DEPLOY / "golub.service").read_text())
    assert seconds
    assert int(seconds[1]) > STOP_SECONDS


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    changes = {"/opt/golub": str(CHECKOUT), "=golub\n": "=root\n"}
    units = [
        copied(tmp_path, name, **changes) for name in ("golub.service", "golub-backup.service", "golub-backup.timer")
    ]
    done = run("systemd-analyze", "verify", "--man=no", *map(str, units))
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "golub" in line]
    assert ours == []


@pytest.mark.skipif(not shutil.which("nginx") or os.geteuid() != 0, reason="no nginx here")
def test_nginx_takes_its_sample(tmp_path: Path) -> None:
    for kind in ("fullchain", "privkey"):
        (tmp_path / f"{kind}.pem").touch()
    made = run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=mail.example.org"),
        *("-keyout", str(tmp_path / "privkey.pem"), "-out", str(tmp_path / "fullchain.pem")),
    )
    assert made.returncode == 0, made.stderr
    site = copied(tmp_path, "nginx.conf", **{"/etc/letsencrypt/live/mail.example.org": str(tmp_path)})
    whole = tmp_path / "whole.conf"
    whole.write_text(f"pid {tmp_path}/pid; events {{}} http {{ include {site}; }}")
    done = run("nginx", "-t", "-q", "-e", "stderr", "-c", str(whole))
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("logrotate") or os.geteuid() != 0, reason="no logrotate here")
def test_logrotate_keeps_what_is_written_and_leaves_ours(tmp_path: Path) -> None:
    (logs := tmp_path / "logs").mkdir(mode=0o755)
    for name in ("web-1.log", "web-1.old.log", "worker-ticks.log"):
        (logs / name).write_text("a line\n")
    sample = copied(tmp_path, "logrotate", **{"/srv/golub/logs": str(logs), "golub golub": "root root"})
    sample.chmod(0o644)
    done = run("logrotate", "--force", "--state", str(tmp_path / "state"), str(sample))
    assert done.returncode == 0, done.stderr
    assert (logs / "web-1.log").read_text() == (logs / "worker-ticks.log").read_text() == ""
    assert (logs / "web-1.old.log").read_text() == "a line\n"
    assert len(list(logs.glob("web-1.log-*"))) == 1
