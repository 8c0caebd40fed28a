"""`make run`, once the environment is made: start the service, keep it running, stop it at Ctrl+C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from launcher.language import in_language
from launcher.lock import AlreadyRunning, only_here
from launcher.part import CHECKOUT, StartError
from launcher.service import Service
from launcher.settings import SettingError, Settings, load_settings
from launcher.supervisor import Supervisor
from setting_values import ConfigError

STARTED_AT = time.monotonic()


def say(message: str) -> None:
    """One line for the person at the terminal."""
    tell(f"[{time.monotonic() - STARTED_AT:6.1f} s] {message}")


def main() -> int:
    """Exit code 0 after a clean stop, 1 when something could not be started."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        print("python -m launcher: start Golub with its parts; settings by environment, see .env.example")
        return 0
    settings = None
    try:
        settings = load_settings()
        with only_here(settings.var_dir):
            return run(settings)
    except AlreadyRunning as error:
        print(f"{error}\n{where_it_runs()}", file=sys.stderr)
    except (ConfigError, SettingError, StartError, OSError) as error:
        print(f"\n{error}{lack_of_space(settings.var_dir if settings else CHECKOUT)}", file=sys.stderr)
    return 1


def lack_of_space(folder: Path) -> str:
    """A line about a full disk, the reason for much else; empty when there is room."""
    folder = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    if free > 16 * 2**20:
        return ""
    return "\n" + in_language(
        f"На диске с папкой {folder} почти нет места ({free // 2**20} МиБ). Освободите место и запустите снова.",
        f"The disk of {folder} is almost full ({free // 2**20} MiB left). Make room and start again.",
    )


def run(settings: Settings) -> int:
    """The service from its start to its end."""
    parent = os.getppid() if "--stop-with-parent" in sys.argv[1:] else None
    supervisor = Supervisor(settings.var_dir / "parts.json", say, parent)
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, supervisor.request_stop)
    is_at_terminal = sys.stdin is not None and sys.stdin.isatty()

    def hang_up(*_: object) -> None:
        """A closed terminal ends what was started at it; anybody else's SIGHUP asks for new logs."""
        if is_at_terminal and not sys.stdin.isatty():
            supervisor.request_stop()
        else:
            supervisor.rotate_logs()

    signal.signal(signal.SIGHUP, hang_up)
    service = Service(settings, supervisor, say)
    try:
        service.start()
        if not supervisor.is_stopping:
            tell(welcome(service))
            service.start_rest(lambda: tell("  Ctrl+C останавливает всё / stops everything\n"))
        supervisor.watch()
    finally:
        say("stopping …")
        supervisor.stop()
        service.forget_addresses()
        say("stopped")
    return 0


def welcome(service: Service) -> str:
    """Where things are, in both languages of the site."""
    environment, var_dir = service.environment, service.settings.var_dir
    rows = [("Сайт / Site", environment["SITE_URL"])]
    if "MAIL_PAGE_URL" in environment:
        rows.append(("Пойманные письма / Caught mail", environment["MAIL_PAGE_URL"]))
    if (var_dir / "accounts.json").exists() or (var_dir / "sample-wanted").exists():
        rows.append(("Учётные записи / Sample accounts", str(var_dir / "accounts.json")))
    rows.append(("Журналы / Logs", str(var_dir / "logs")))
    width = max(len(label) for label, _ in rows)
    lines = [f"  {label.ljust(width)}  {value}" for label, value in rows]
    return "\n".join(["", *lines, ""])


def tell(text: str) -> None:
    """Text for the person at the terminal."""
    with suppress(OSError):  # nobody reads, or what is read by a file has no room: no reason to stop
        print(text, flush=True)


def where_it_runs() -> str:
    """The address that the running one noted."""
    try:
        addresses = json.loads((load_settings().var_dir / "running.json").read_text())
        return f"Site: {addresses['SITE_URL']}"
    except (OSError, ValueError, KeyError):
        return ""


if __name__ == "__main__":
    sys.exit(main())
