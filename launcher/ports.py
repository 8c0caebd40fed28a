"""Ports on the loopback interface: a wanted one, else the next; servers keep theirs between starts."""

from __future__ import annotations

import json
import random
import socket
import sys
from contextlib import suppress
from pathlib import Path

from launcher.credentials import write_private
from launcher.language import in_language

# Below every system's ephemeral range: a client that keeps trying a server which is away could otherwise be
# given that very port as its own, connect to itself and keep the server from coming back.
SERVER_PORTS = range(20_000, 30_000)
_chosen: dict[int, socket.socket] = {}  # held as long as the process lives


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def first_free(wanted: int, host: str = "127.0.0.1") -> int:
    """The wanted port, or the nearest free one above it; this process's own until it ends."""
    for port in range(wanted, min(wanted + 200, 65_536)):
        if is_free(port, host) and _is_ours(port):
            return port
    raise OSError(
        in_language(
            f"Нет свободного порта от {wanted} до {wanted + 199}.",
            f"No free port between {wanted} and {wanted + 199}.",
        )
    )


def _is_ours(port: int) -> bool:
    """Whether no other launcher has chosen the port and not begun to listen yet: services that start together chose
    the same one. A name in Linux's abstract socket namespace (unix(7)) is one process's, and goes with it."""
    if port in _chosen or sys.platform != "linux":
        return True
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0golub-port-{port}")
    except OSError:
        name.close()
        return False
    _chosen[port] = name
    return True


def kept_port(folder: Path, server: str, wanted: int) -> int:
    """The port that this server was given at its first start in `folder`, while it is free; else the wanted one or the
    next above. What was taken for once is tried again at the next start.
    """
    port = _known_ports(folder).get(server)
    if port is not None and is_free(port) and _is_ours(port):
        return port
    free = first_free(wanted)
    if port is None:
        _remember(folder, server, free)
    return free


def server_port(state_dir: Path, server: str) -> int:
    """The port this server had at its last start if it is free, else a new one, remembered in
    `ports.json`.
    """
    port = _known_ports(state_dir).get(server)
    if port is None or not is_free(port):
        candidates = random.sample(SERVER_PORTS, 200)
        port = next(port for port in candidates if is_free(port))
        _remember(state_dir, server, port)
    return port


def _known_ports(folder: Path) -> dict[str, int]:
    """What `ports.json` says; nothing where it is missing or broken."""
    with suppress(OSError, ValueError):
        known: dict[str, int] = json.loads((folder / "ports.json").read_text())
        return known
    return {}


def _remember(folder: Path, server: str, port: int) -> None:
    with suppress(OSError):  # a full disk: it may have another port at the next start
        write_private(folder / "ports.json", json.dumps(_known_ports(folder) | {server: port}))
