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
from launcher.sign import Sign, make
from launcher.sign import wait_for as wait_for_sign
from launcher.supervisor import Child, Supervisor
from tests.launcher.toys import STUBBORN, is_running, toy
from tests.waiting import wait_until


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
    wait_until(lambda: len(noted_pids(tmp_path)) == 3 and before[1] not in noted_pids(tmp_path))
    assert noted_pids(tmp_path)[0] == before[0]
    process.terminate()
    assert process.wait(60) == 0


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
    wait_until(lambda: not any(is_running(pid) for pid in pids))


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
    process.wait(60)
    third = run_supervised(tmp_path)
    third.terminate()
    assert third.wait(60) == 0


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
    wait_until(lambda: not is_running(grandchild))


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


def test_a_stage_starts_side_by_side(supervisor: Supervisor, tmp_path: Path) -> None:
    """Each waits for the other: one after the other they would never be ready."""
    parts = []
    for name, other in (("left", "right"), ("right", "left")):
        code = f"""
import pathlib, time
here = pathlib.Path({str(tmp_path)!r})
(here / {name!r}).touch()
while not (here / {other!r}).exists():
    time.sleep(0.01)
(here / ({name!r} + "-ready")).touch()
time.sleep(600)
"""
        parts.append(toy(name, tmp_path, code, is_ready=(tmp_path / f"{name}-ready").exists))
    supervisor.begin(parts[1])
    begun = noted_pids(tmp_path)
    supervisor.start(parts)
    assert len(noted_pids(tmp_path)) == 2 and begun[0] in noted_pids(tmp_path), "what was begun is not begun twice"


def test_a_command_beside_is_told_of_and_ends_with_the_rest(supervisor: Supervisor, tmp_path: Path) -> None:
    told: list[str] = []

    def then(error: StartError | None) -> None:
        told.append(str(error))
        if len(told) == 2:
            supervisor.request_stop()

    supervisor.start([])
    supervisor.run_beside(toy("well", tmp_path, "pass"), then)
    supervisor.run_beside(toy("ill", tmp_path, "raise SystemExit('no room')"), then)
    supervisor.run_beside(toy("long", tmp_path), then)
    supervisor.watch()
    (pid,) = noted_pids(tmp_path)[-1:]
    supervisor.stop()
    assert any("no room" in text for text in told) and "None" in told
    assert not is_running(pid)


def test_a_sign_is_seen_again_and_its_maker_is_missed() -> None:
    sign = Sign()
    assert not sign.is_made()
    make(os.dup(sign.writing.fileno()))
    assert sign.is_made() and sign.is_made()
    for _ in range(2):
        wait_for_sign(os.dup(sign.reading.fileno()))
    nobody_left = Sign()
    nobody_left.writing.close()
    with pytest.raises(SystemExit):
        wait_for_sign(os.dup(nobody_left.reading.fileno()))
