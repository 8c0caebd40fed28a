"""A full disk under the state folder: what can go on goes on, and room is all that is needed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from launcher.part import Part, rotate_log, start, wait_until_ready
from launcher.supervisor import Supervisor
from tests.launcher.test_run import Run
from tests.launcher.toys import SLEEPER, toy
from tests.waiting import wait_until

SIZE = "100m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, as only root can mount it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount_or_skip("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder))
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def whole_disk(tmp_path: Path) -> Iterator[Path]:
    """One that can be frozen: who writes to it waits."""
    image, folder = tmp_path / "image", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(1024 * 2**20)
    if subprocess.run(["mkfs.ext4", "-q", str(image)], capture_output=True, check=False).returncode:
        pytest.skip("no right to make a disk")
    mount_or_skip("-o", "loop", str(image), str(folder))
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def mount_or_skip(*words: str) -> None:
    if os.geteuid() != 0 or subprocess.run(["mount", *words], capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a disk")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """What is opened from now on is refused to writers; what is open stays so."""
    subprocess.run(["mount", "--bind", "-o", "ro", str(folder), str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def stalled(folder: Path) -> Iterator[None]:
    """Who writes waits until the end."""
    subprocess.run(["fsfreeze", "-f", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "-u", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave not a byte."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (2**16, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


def health(run: Run) -> dict[str, Any]:
    with urllib.request.urlopen(run.addresses["SITE_URL"] + "/health", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


@pytest.mark.slow
def test_the_service_outlives_a_full_disk(small_disk: Path) -> None:
    run = Run(small_disk / "var")
    try:
        run.wait_until_up()
        queue = redis.Redis.from_url(run.addresses["REDIS_URL"])
        ballast = fill(small_disk)
        # The queue takes changes again by itself, workers that fell over it are back, and due mailings are looked for.
        wait_until(lambda: health(run)["disk"] == "full" and queue.info("persistence")["aof_enabled"] == 0)
        wait_until(lambda: health(run)["workers"].get("mailings") and (health(run)["tick_age_seconds"] or 99) < 5)
        os.kill(run.pid_of("valkey-server"), signal.SIGKILL)
        wait_until(lambda: health(run)["redis"] == "ok" and (health(run)["tick_age_seconds"] or 99) < 5)
        with urllib.request.urlopen(run.addresses["SITE_URL"] + "/login", timeout=10) as answer:
            assert answer.status == 200
        run.process.send_signal(signal.SIGHUP)
        ballast.unlink()
        wait_until(lambda: queue.info("persistence")["aof_enabled"] == 1)
        wait_until(lambda: health(run)["disk"] in ("ok", "low"))
        assert run.process.poll() is None
    finally:
        run.end()


@pytest.mark.slow
def test_the_service_outlives_a_disk_that_cannot_be_written_or_does_not_answer(whole_disk: Path) -> None:
    run = Run(whole_disk / "var")

    def page(path: str, **form: str) -> int:
        parts = [
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form.items()
        ]
        body = "".join([*parts, "--x--\r\n"]).encode() if form else None
        asked = urllib.request.Request(
            run.addresses["SITE_URL"] + path, body, {"Content-Type": "multipart/form-data; boundary=x"} if form else {}
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    try:
        run.wait_until_up()
        with read_only(whole_disk):
            wait_until(lambda: health(run)["disk"] == "read_only")
            os.kill(run.pid_of("valkey-server"), signal.SIGKILL)  # back without its file
            wait_until(lambda: health(run)["redis"] == "ok" and (health(run)["tick_age_seconds"] or 99) < 5)
            wait_until(lambda: health(run)["workers"].keys() >= {"mailings", "accounts", "ticks"})  # listed again
            assert page("/login") == 200
        wait_until(lambda: health(run)["disk"] == "ok")
        with stalled(whole_disk):
            wait_until(lambda: health(run)["disk"] == "stalled")
            for _thread in range(20):  # more than there are: none may be waiting for the disk
                assert page("/login", email="a@example.test") == 507
            assert page("/login") == 200
        wait_until(lambda: health(run)["disk"] == "ok" and (health(run)["tick_age_seconds"] or 99) < 5)
        assert run.process.poll() is None
    finally:
        run.end()


def test_a_part_without_room_for_its_log_is_started_all_the_same(small_disk: Path, tmp_path: Path) -> None:
    fill(small_disk)
    supervisor = Supervisor(small_disk / "parts.json", lambda line: None)
    try:
        supervisor.start([toy("worker", small_disk)])
        assert supervisor._children()[0].process.poll() is None
    finally:
        supervisor.request_stop()
        supervisor.stop()


def test_a_part_that_cannot_be_started_for_the_moment_is_tried_again(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    said: list[str] = []
    supervisor = Supervisor(tmp_path / "parts.json", said.append)
    try:
        supervisor.start([Part("toy", (str(program),), os.environ, tmp_path / "logs" / "toy.log")])
        child = supervisor._children()[0]
        child.process.kill()
        child.process.wait()
        program.rename(tmp_path / "away")
        child.started_at -= 3600
        supervisor._tend(child)
        assert "cannot be started" in said[-1]
        (tmp_path / "away").rename(program)
        child.started_at -= 3600
        supervisor._tend(child)
        assert child.process.poll() is None
    finally:
        supervisor.request_stop()
        supervisor.stop()


def test_what_is_not_needed_does_not_keep_the_rest_from_starting(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path / "parts.json", said.append)
    queue = Part("queue", ("false",), os.environ, tmp_path / "queue.log", is_ready=lambda: False, is_needed=False)
    try:
        supervisor.start([queue, toy("site", tmp_path)])
        assert "queue ended with code 1" in said[0]
        assert supervisor._children()[1].process.poll() is None
    finally:
        supervisor.request_stop()
        supervisor.stop()


def test_a_log_is_begun_anew_while_it_is_written(tmp_path: Path) -> None:
    code = "import time\nwhile True:\n    print('a line', flush=True)\n    time.sleep(0.01)\n"
    part = toy("talker", tmp_path, code, is_ready=lambda: part.log.stat().st_size > 200)
    process = start(part)
    try:
        wait_until_ready(part, process)
        rotate_log(part.log, 0)
        assert "a line" in part.log.with_suffix(".old.log").read_text()
        wait_until(lambda: part.log.stat().st_size > 0)
        assert part.log.read_bytes()[:1] != b"\0", "the writer did not append"
    finally:
        process.kill()
        process.wait()


def test_hanging_up_begins_logs_anew_and_stops_nothing(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "parts.json", lambda line: None)
    try:
        supervisor.start([toy("worker", tmp_path, "print('hello', flush=True)\n" + SLEEPER)])
        log = supervisor._children()[0].part.log
        wait_until(lambda: "hello" in log.read_text())
        supervisor.rotate_logs()
        supervisor._do_chores()
        assert log.read_text() == ""
        assert not supervisor.is_stopping
        chores: list[float] = []
        supervisor.add_chore(lambda: chores.append(time.monotonic()))
        supervisor.add_chore(lambda: 1 / 0)  # type: ignore[arg-type]
        supervisor._chores_due_at = 0
        supervisor._do_chores()
        assert len(chores) == 1
    finally:
        supervisor.request_stop()
        supervisor.stop()
