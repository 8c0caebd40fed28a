"""Explore the model of the sending protocol whole: `make model`.

Every size must hold, and every rule broken on purpose must be found: a model that finds nothing proves nothing. The
checker is Debian's spin with gcc; it needs about 3 GiB and, on two quiet cores, some minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

MODEL = Path(__file__).with_name("delivery.pml")
STATES = re.compile(r"^\s*([\d.e+]+) states, stored", re.M)
ERROR = re.compile(r"^pan:1: (.*)$", re.M)
WHOLE = "errors: 0"
MEMORY_MB = 8000

# How many of each there are at most, at the same time.
SIZES: Sequence[Mapping[str, int]] = (
    {"PEOPLE": 1, "CRASHES": 1, "LAPSES": 1, "LOST": 1, "ACTIONS": 1, "PUT_OFF": 0},
    {"PEOPLE": 1, "CRASHES": 1, "LAPSES": 1, "LOST": 1, "ACTIONS": 1, "PUT_OFF": 0, "RESEND": 0},
    {"PEOPLE": 1, "CRASHES": 2, "LAPSES": 1, "LOST": 0, "ACTIONS": 0, "PUT_OFF": 1},
    {"PEOPLE": 1, "CRASHES": 1, "LAPSES": 1, "LOST": 0, "ACTIONS": 2, "PUT_OFF": 0},
    {"PEOPLE": 1, "CRASHES": 0, "LAPSES": 2, "LOST": 1, "ACTIONS": 1, "PUT_OFF": 0},
    {"PEOPLE": 2, "CRASHES": 0, "LAPSES": 0, "LOST": 1, "ACTIONS": 1, "PUT_OFF": 0},
    {"PEOPLE": 2, "CRASHES": 1, "LAPSES": 0, "LOST": 0, "ACTIONS": 0, "PUT_OFF": 1},
)
# Here it is also shown that no order of steps goes on for ever: it costs as much again.
ENDLESS: Sequence[Mapping[str, int]] = (
    {"PEOPLE": 1, "CRASHES": 0, "LAPSES": 1, "LOST": 1, "ACTIONS": 1, "PUT_OFF": 1},
    {"PEOPLE": 1, "CRASHES": 1, "LAPSES": 1, "LOST": 0, "ACTIONS": 1, "PUT_OFF": 0},
)
BROKEN: Mapping[str, Mapping[str, int]] = {
    "MARK_AFTER_CONTENT": {},
    "RECORD_WITHOUT_LEASE": {},
    "TAKE_OVER_BLINDLY": {},
    "FLAG_KEPT_WITH_RECORD": {},
    "CLOSE_BY_EMPTY_SLICE": {"PUT_OFF": 1, "LOST": 0},
    "STOP_MARKED": {},
    "RESEND_AGAIN": {},
    "OLD_CONNECTION_LIVES": {},
    "RELEASE_FORGETS": {"PUT_OFF": 1},
    "MARK_IGNORES_RUN": {"CRASHES": 0, "LAPSES": 0, "LOST": 0},
}
SMALL = {"PEOPLE": 1, "PUT_OFF": 0}


@dataclass(frozen=True)
class Finding:
    """What the checker says of one size."""

    error: str | None
    states: str
    is_whole: bool  # nothing was left unexplored


def explore(settings: Mapping[str, int | str], *, cycles: bool = False) -> Finding:
    """Build the checker for these sizes and let it run, looking for endless executions with `cycles`.

    CalledProcessError if spin or gcc refuse.
    """
    with TemporaryDirectory() as folder:
        defines = [f"-D{name}={value}" for name, value in settings.items()]
        subprocess.run(["spin", "-a", *defines, MODEL], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        limits = ["-DNP" if cycles else "-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}"]
        subprocess.run(["gcc", "-O2", "-w", *limits, "-o", "pan", "pan.c"], cwd=folder, check=True)
        command = ["./pan", "-m2000000", *(["-l"] if cycles else [])]
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    error, states = ERROR.search(said), STATES.search(said)
    is_whole = WHOLE in said and "not completed" not in said
    return Finding(error[1] if error else None, states[1] if states else "no", is_whole)


def _size(settings: Mapping[str, int], *, cycles: bool = False) -> bool:
    finding = explore(settings, cycles=cycles)
    holds = "always ends" if cycles else "holds"
    verdict = holds if finding.is_whole else finding.error or "was not explored whole"
    print(f"{verdict}: {finding.states} states, {_words(settings)}", flush=True)
    return finding.is_whole


def _ends(settings: Mapping[str, int]) -> bool:
    return _size(settings, cycles=True)


def _broken(rule: str) -> bool:
    finding = explore({**SMALL, **BROKEN[rule], "BREAK": rule})
    print(f"{'found' if finding.error else 'NOT FOUND'}: {rule} ({finding.error})", flush=True)
    return finding.error is not None


def _words(settings: Mapping[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in settings.items())


def main() -> int:
    """Explore everything, two at a time; 1 if anything is not as it must be."""
    if not (shutil.which("spin") and shutil.which("gcc")):
        print("The model needs spin and gcc: sudo apt-get install spin gcc", file=sys.stderr)
        return 1
    with ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        results = [*pool.map(_broken, BROKEN), *pool.map(_size, SIZES), *pool.map(_ends, ENDLESS)]
    print(f"{sum(results)} of {len(results)} as they must be")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
