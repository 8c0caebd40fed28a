from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.leftovers import end_leftovers
from launcher.part import StartError
from launcher.supervisor import Child, Supervisor
from tests.launcher.toys import STUBBORN, is_running, toy, wait_for


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "parts.json", lambda line: None)
    yield supervisor
    supervisor.request_stop()
    supervisor.request_stop()
    supervisor.stop()


def noted_pids(folder: Path) -> list[int]:
    try:
        return [note["pid"] for note in json.loads((folder / "parts.json").read_text())]
    except OSError:
        return []


def run_supervised(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.launcher.supervised", str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def test_a_killed_part_comes_back(tmp_path: Path) -> None:
    process = run_supervised(tmp_path)
    before = noted_pids(tmp_path)
    os.kill(before[1], signal.SIGKILL)
    wait_for(lambda: len(noted_pids(tmp_path)) == 3 and before[1] not in noted_pids(tmp_path))
    assert noted_pids(tmp_path)[0] == before[0]
    process.terminate()
    assert process.wait(20) == 0


def test_a_part_that_keeps_falling_is_tried_with_growing_pauses(tmp_path: Path) -> None:
    part = toy("falling", tmp_path, "raise SystemExit(1)")
    process = subprocess.Popen(part.command)
    process.wait()
    child = Child(part, process, started_at=100.0)
    pauses = []
    for fall_count in range(7):
        child.fall_count = fall_count
        pauses.append(child.due_at - child.started_at)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_no_process_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    process = run_supervised(tmp_path)
    pids = noted_pids(tmp_path)
    assert len(pids) == 3
    process.kill()
    process.wait()
    wait_for(lambda: not any(is_running(pid) for pid in pids))


def test_the_start_after_a_kill_ends_what_was_left(tmp_path: Path) -> None:
    left = subprocess.Popen(toy("left", tmp_path).command)
    supervisor = Supervisor(tmp_path / "parts.json")
    supervisor._stages.append([Child(toy("left", tmp_path), left)])
    supervisor._note()
    reaper = threading.Thread(target=left.wait)
    reaper.start()
    Supervisor(tmp_path / "parts.json")
    reaper.join(10)
    assert left.returncode == -signal.SIGTERM
    assert noted_pids(tmp_path) == []


def test_a_stranger_with_a_reused_number_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(toy("stranger", tmp_path).command)
    record = tmp_path / "parts.json"
    record.write_text(json.dumps([{"pid": stranger.pid, "born": "long ago", "stop_signal": signal.SIGTERM}]))
    end_leftovers(record)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_second_supervisor_is_refused_while_one_runs(tmp_path: Path) -> None:
    process = run_supervised(tmp_path)
    second = subprocess.run(
        [sys.executable, "-m", "tests.launcher.supervised", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert "already running" in second.stderr
    process.terminate()
    process.wait(20)
    third = run_supervised(tmp_path)
    third.terminate()
    assert third.wait(20) == 0


def test_a_deaf_part_is_killed_and_the_stop_stays_in_time(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.supervisor.STOP_SECONDS", 1.0)
    log = tmp_path / "logs" / "deaf.log"
    supervisor.start([toy("deaf", tmp_path, STUBBORN, is_ready=lambda: b"hears nothing" in log.read_bytes())])
    (pid,) = noted_pids(tmp_path)
    began_at = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began_at >= 1.0
    assert not is_running(pid)


def test_what_a_part_leaves_in_its_session_ends_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    code = (
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)"
    )
    supervisor.start([toy("parent", tmp_path, code, is_ready=lambda: bool(note.read_text()))])
    grandchild = int(note.read_text())
    assert is_running(grandchild)
    supervisor.stop()
    wait_for(lambda: not is_running(grandchild))


def test_a_part_that_ends_while_starting_is_told_with_its_last_words(supervisor: Supervisor, tmp_path: Path) -> None:
    part = toy("broken", tmp_path, "raise SystemExit('no such table')", is_ready=lambda: False)
    with pytest.raises(StartError, match=r"broken ended with code 1(.|\n)*no such table"):
        supervisor.start([part])


def test_a_failing_command_is_told_with_its_last_words(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="migrate ended with code 3"):
        supervisor.run_once(toy("migrate", tmp_path, "raise SystemExit(3)"))


def test_the_death_of_the_parent_is_a_request_to_stop(tmp_path: Path) -> None:
    assert Supervisor(tmp_path / "parts.json", parent=1 if os.getppid() != 1 else 2).is_stopping
    assert not Supervisor(tmp_path / "parts.json", parent=os.getppid()).is_stopping
