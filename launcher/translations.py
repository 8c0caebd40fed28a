"""Compile the translations that changed: `.po` -> `.mo` (not committed).

python -m launcher.translations
"""

from __future__ import annotations

from pathlib import Path

CATALOGUES = Path(__file__).resolve().parent.parent / "mailer" / "translations"


def compile_changed(folder: Path = CATALOGUES) -> list[Path]:
    """Compile each catalogue whose text is newer than its compiled form; returns those made."""
    stale = [po for po in sorted(folder.glob("*/LC_MESSAGES/*.po")) if _is_stale(po)]
    if stale:
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for po in stale:
            with po.open("rb") as text, po.with_suffix(".mo").open("wb") as compiled:
                write_mo(compiled, read_po(text))
    return [po.with_suffix(".mo") for po in stale]


def _is_stale(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime_ns <= po.stat().st_mtime_ns


if __name__ == "__main__":
    compile_changed()
