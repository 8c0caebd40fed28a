"""Mails that came back to somebody, for tests: out of the source package of `flufl.bounce` -> `tests/vendor/bounces/`.

    python3 -m launcher.bounce_samples

The library's own tests read them; `expected` there says what each means. Nothing of it is committed. The package is
the one that `requirements.txt` locks, by its hash. Does nothing while the lock names the same.
"""

from __future__ import annotations

import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

from launcher.environment import pip

HERE = Path(__file__).resolve().parent.parent
SAMPLES = Path("tests/vendor/bounces")
PACKAGE = "flufl-bounce"


def ensure_bounce_samples(root: Path = HERE) -> bool:
    """Put the samples in place under `root`; True when there was something to do."""
    folder, wanted = root / SAMPLES, _locked(root)
    stamp = folder / ".stamp"
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    with tempfile.TemporaryDirectory() as scratch:
        lock = Path(scratch, "lock.txt")
        lock.write_text(wanted)
        download = [*pip(), "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        download += ["--no-binary", PACKAGE, "--require-hashes", "--requirement", str(lock), "--dest", scratch]
        subprocess.run(download, check=True)
        folder.mkdir(parents=True, exist_ok=True)
        (package,) = Path(scratch).glob("*.tar.gz")
        with tarfile.open(package) as archive:
            for member in archive:
                path = Path(member.name)
                file = archive.extractfile(member) if member.isfile() else None
                if file and path.parts[1:3] == ("tests", "data") and path.suffix == ".txt":
                    (folder / path.name).write_bytes(file.read())
                elif file and path.parts[1:] == ("tests", "test_detectors.py"):
                    (folder / "expected").write_bytes(file.read())
    stamp.write_text(wanted)
    return True


def _locked(root: Path) -> str:
    found = re.search(rf"^{PACKAGE}==(?:[^\n]*\\\n)+[^\n]*", (root / "requirements.txt").read_text(), re.MULTILINE)
    if not found:
        raise SystemExit(f"requirements.txt does not lock {PACKAGE}.")
    return found[0] + "\n"


if __name__ == "__main__":
    if ensure_bounce_samples():
        print("Samples of bounces are in place.")
