"""Whose a database is: no start removes anybody's, and none begins an empty one where there was one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from launcher import databases, nobody
from launcher.databases import NotRemoved, remove_orphan, remove_with_folder
from launcher.homes import UNFINISHED, _digest_of_path, home_in_folder, home_in_room, homes, is_served, read_id
from launcher.language import is_russian
from launcher.part import CHECKOUT, StartError, start, stop, wait_until_ready
from launcher.postgres import prepare_postgres
from tests.waiting import wait_until

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(databases, "ROOM", tmp_path / "room")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return tmp_path / "room"


def state_folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, text in ({"secrets_json": "{}"} | files).items():
        (path / name.replace("_json", ".json")).write_text(text)
    return path


def fill(home: Path, port: int = 20_000) -> Path:
    """As initdb and a first start leave it."""
    shutil.rmtree(home / UNFINISHED, ignore_errors=True)
    (home / "pgdata").mkdir(parents=True)
    (home / "pgdata" / "PG_VERSION").write_text("17\n")
    (home / "pgdata" / "postmaster.opts").write_text(f'/bin/postgres "-D" "{home}/pgdata" "-p" "{port}" "-c" "x=y"\n')
    return home


def as_earlier_releases_did(room: Path, state_dir: Path, port: int = 20_000) -> Path:
    home = fill(room / _digest_of_path(state_dir), port)
    (home / "state-folder").write_text(str(state_dir))
    return home


def test_a_start_removes_nothing_of_a_folder_that_is_not_there(room: Path, tmp_path: Path) -> None:
    mine, other = state_folder(tmp_path / "mine"), state_folder(tmp_path / "other")
    kept = fill(home_in_room(other, room))
    old = as_earlier_releases_did(room, tmp_path / "gone")
    other.rename(tmp_path / "elsewhere")
    fill(home_in_room(mine, room))
    home_in_room(mine, room)
    assert (kept / "pgdata" / "PG_VERSION").exists()
    assert (old / "pgdata" / "PG_VERSION").exists()


def test_a_moved_folder_finds_its_database(room: Path, tmp_path: Path) -> None:
    home = fill(home_in_room(state_folder(tmp_path / "here"), room))
    (tmp_path / "here").rename(tmp_path / "there")
    assert home_in_room(tmp_path / "there", room) == home
    assert (home / "state-folder").read_text() == str(tmp_path / "there")


def test_a_database_of_an_earlier_release_is_adopted(room: Path, tmp_path: Path) -> None:
    folder = state_folder(tmp_path / "var", schema_json="{}")
    home = as_earlier_releases_did(room, folder)
    assert home_in_room(folder, room) == home
    folder.rename(tmp_path / "moved")
    assert home_in_room(tmp_path / "moved", room) == home


def test_a_folder_moved_before_it_had_an_id_is_known_by_its_port(room: Path, tmp_path: Path) -> None:
    as_earlier_releases_did(room, tmp_path / "another", port=20_001)
    home = as_earlier_releases_did(room, tmp_path / "before", port=20_002)
    after = state_folder(tmp_path / "after", schema_json="{}", ports_json=json.dumps({"postgres": 20_002}))
    assert home_in_room(after, room) == home
    third = state_folder(tmp_path / "third", schema_json="{}", ports_json=json.dumps({"postgres": 20_002}))
    with pytest.raises(StartError, match="not where it should be"):
        home_in_room(third, room)


def test_a_lost_database_stops_the_start(room: Path, tmp_path: Path) -> None:
    folder = state_folder(tmp_path / "var")
    home = fill(home_in_room(folder, room))
    home.rename(tmp_path / "lost")
    with pytest.raises(StartError, match="not where it should be"):
        home_in_room(folder, room)
    assert not home.exists()


def test_a_disk_that_is_not_mounted_does_not_begin_a_second_database(room: Path, tmp_path: Path) -> None:
    folder = state_folder(tmp_path / "var")
    fill(home_in_room(folder, room))
    folder.rename(tmp_path / "on-another-disk")
    folder.mkdir()
    with pytest.raises(StartError, match="mounted"):
        home_in_room(folder, room)
    assert len(list(homes(room))) == 1


def test_a_copied_folder_does_not_share_a_database(room: Path, tmp_path: Path) -> None:
    folder = state_folder(tmp_path / "var")
    fill(home_in_room(folder, room))
    shutil.copytree(folder, tmp_path / "copy")
    with pytest.raises(StartError, match="copy"):
        home_in_room(tmp_path / "copy", room)
    assert home_in_room(folder, room)


def test_root_does_not_begin_beside_an_ordinary_users_database(room: Path, tmp_path: Path) -> None:
    folder = fill(state_folder(tmp_path / "var"))
    with pytest.raises(StartError, match="ordinary user"):
        home_in_room(folder, room)


def test_an_ordinary_users_lost_database_stops_the_start_too(room: Path, tmp_path: Path) -> None:
    folder = state_folder(tmp_path / "var")
    fill(home_in_folder(folder))
    assert home_in_folder(folder) == folder
    (folder / "pgdata").rename(tmp_path / "lost")
    with pytest.raises(StartError, match="not where it should be"):
        home_in_folder(folder)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "schema.json").write_text("{}")
    with pytest.raises(StartError, match="not where it should be"):
        home_in_folder(tmp_path / "old")


def test_a_making_that_was_broken_off_begins_anew(room: Path, tmp_path: Path) -> None:
    folder = state_folder(tmp_path / "var")
    home = home_in_room(folder, room)
    (home / UNFINISHED / "half").write_text("")
    assert home_in_room(folder, room) == home


def test_only_an_orphan_is_removed_and_only_when_asked(
    room: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = state_folder(tmp_path / "var")
    home = fill(home_in_room(folder, room))
    with pytest.raises(NotRemoved, match="belongs"):
        remove_orphan(home.name, is_asked=False)
    folder.rename(tmp_path / "away")
    monkeypatch.setattr("builtins.input", lambda _: "y")
    with pytest.raises(NotRemoved, match="Nothing was removed"):
        remove_orphan(home.name, is_asked=True)
    databases.main([])
    assert f"{home.name}  " in capsys.readouterr().out
    assert "no folder" in databases._state(next(homes(room)))
    monkeypatch.setattr("builtins.input", lambda _: home.name)
    remove_orphan(home.name, is_asked=True)
    assert not home.exists()


def test_the_language_is_the_terminals() -> None:
    assert is_russian({"LANG": "ru_RU.UTF-8"})
    assert not is_russian({"LC_ALL": "en_GB.UTF-8", "LANG": "ru_RU.UTF-8"})
    assert not is_russian({})


def table_made_here(state_dir: Path, sql: str) -> object:
    server = prepare_postgres(state_dir, is_durable=False)
    process = start(server.part())
    try:
        wait_until_ready(server.part(), process)
        server.ensure_database()
        connection = psycopg2.connect(server.url())
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            found = cursor.fetchone() if cursor.description else None
        connection.close()
        return found
    finally:
        stop(server.part(), process, 10)


def test_a_real_database_moves_with_its_folder(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    try:
        table_made_here(here, "CREATE TABLE kept AS SELECT 'голубь' AS word")
        here.rename(there)
        assert table_made_here(there, "SELECT word FROM kept") == ("голубь",)
        assert read_id(there)
    finally:
        remove_with_folder(there)


@pytest.mark.skipif(IS_ROOT, reason="root's databases lie outside the folder, and are not copied with it")
def test_a_copied_folder_leaves_the_originals_server_alone(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.mkdir()
    server = prepare_postgres(original, is_durable=False)
    process = start(server.part())
    try:
        wait_until_ready(server.part(), process)
        shutil.copytree(original, tmp_path / "copy")
        assert not is_served(tmp_path / "copy" / "pgdata")
        prepare_postgres(tmp_path / "copy", is_durable=False)
        assert process.poll() is None
    finally:
        stop(server.part(), process, 10)


@pytest.mark.skipif(not IS_ROOT, reason="an ordinary user's lies in the folder")
def test_a_throw_away_database_goes_with_a_killed_maker(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom launcher.embedded import throw_away_postgres\n"
        "with throw_away_postgres(Path(sys.argv[1])) as server:\n"
        "    print(server.home, flush=True)\n    sys.stdin.read()\n"
    )
    maker = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "state")],
        cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert maker.stdout is not None
    home = Path(maker.stdout.readline().strip())
    assert home.parent == nobody.ROOM
    assert (home / "pgdata" / "PG_VERSION").exists()
    maker.kill()
    maker.wait()
    wait_until(lambda: not home.exists())
