"""A sample of faults in each package, one at a time, against the package's own tests that reach the line.

`make mutants ARGS="recurrence smtp --sample 60 --seed 7"` prints what no test noticed, and how much of it was.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import coverage
import pytest
from hypothesis import HealthCheck, Phase, settings

import mailer
from launcher.embedded import running_servers
from tests.conftest import make_migrated_app
from tests.mutation.mutants import Mutant, mutants_of

# Each package, and the tests that are there for it.
PACKAGES = {
    "recurrence": ("tests/recurrence", "tests/mailings/test_sentences.py", "tests/calendar/test_ical.py"),
    "composing": ("tests/composing", "tests/tracking/test_links.py", "tests/clients/test_fields.py"),
    "smtp": ("tests/smtp",),
    "sending": (
        "tests/sending",
        "tests/series",
        "tests/tracking",
        "tests/domains/test_own_domain.py",
        "tests/mailings/test_at_once.py",
        "tests/mailings/test_held_meanwhile.py",
        "tests/mailings/test_runs.py",
        "tests/mailings/test_standstill.py",
    ),
}
CHEAP, DEAR = 5.0, 60.0  # seconds of tests for each fault, and for those that the cheap ones did not notice
PATIENCE = 10  # times as long as its tests usually take, and a fault is noticed by standing still
PYTEST = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", "no:randomly", "--hypothesis-profile", "mutation")


@dataclass
class Reached:
    """Which lines each test reaches, and how long it takes."""

    tests: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def of(self, mutant: Mutant, within: float) -> list[str]:
        """The tests that reach the line, the quickest first, as many as `within` seconds hold, and one at least."""
        path = str(mutant.path.resolve())
        found = self.tests.get((path, mutant.line)) or self.tests.get((path, mutant.first_line), set())
        total, chosen = 0.0, list[str]()
        for one in sorted(found, key=lambda one: self.seconds[one]):
            total += self.seconds[one]
            if chosen and total > within:
                break
            chosen.append(one)
        return chosen


class Watching:
    """A plugin of pytest that notes which test reaches what."""

    def __init__(self, seen: coverage.Coverage) -> None:
        self.seen, self.seconds = seen, defaultdict[str, float](float)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """From here on it is this test."""
        self.seen.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Setting up counts but for the first test's servers."""
        self.seconds[report.nodeid] += report.duration if report.when == "call" else min(report.duration, 0.3)


def main() -> None:
    """Read the arguments and go through the packages."""
    parser = argparse.ArgumentParser(prog="tests.mutation", description=__doc__)
    parser.add_argument("packages", nargs="*", default=[*PACKAGES], metavar="PACKAGE")
    parser.add_argument("--sample", type=int, default=60, help="faults in each package")
    parser.add_argument("--seed", type=int, default=1, help="repeats a chance")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends the servers too
    for found in pkgutil.walk_packages(mailer.__path__, "mailer."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    settings.register_profile(
        "mutation", deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None,
        phases=(Phase.explicit, Phase.generate),
    )  # fmt: skip
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _share_servers(stack, folder)
        for package in asked.packages:
            _judge(package, asked.sample, Random(asked.seed), folder)


def _share_servers(stack: ExitStack, folder: Path) -> None:
    """One database server for all; what a database is made from has the tables already."""
    database_url, redis_url = stack.enter_context(running_servers(folder))
    os.environ |= {"TEST_DATABASE_URL": database_url, "TEST_REDIS_URL": redis_url}
    template = database_url.rsplit("/", 1)[0] + "/template1"
    _in_a_child(lambda: int(make_migrated_app(template, redis_url, folder / "var") is None), 600, folder)


def _judge(package: str, sample: int, random: Random, folder: Path) -> None:
    reached = _reached(package, folder)
    everything = [one for path in sorted(Path("mailer", package).rglob("*.py")) for one in mutants_of(path)]
    everything = [one for one in everything if "testserver" not in one.path.parts]
    chosen = sorted(random.sample(everything, min(sample, len(everything))), key=str)
    noticed_count = 0
    for one in chosen:
        if _is_noticed(one, reached, folder):
            noticed_count += 1
        else:
            print(f"  {'not noticed' if reached.of(one, CHEAP) else 'not reached'}: {one}", flush=True)
    print(f"{package}: {noticed_count} of {len(chosen)} noticed, of {len(everything)} faults", flush=True)


def _reached(package: str, folder: Path) -> Reached:
    """Run the package's tests once, without a fault. Errors: SystemExit when they fail."""
    data = folder / f"{package}.coverage"

    def run() -> int:
        seen = coverage.Coverage(data_file=str(data), config_file=False, source=[f"mailer/{package}"])
        watching = Watching(seen)
        seen.start()
        status = int(pytest.main([*PYTEST[1:], *PACKAGES[package]], plugins=[watching]))
        seen.stop()
        seen.save()
        (folder / "seconds").write_text("\n".join(f"{seconds} {name}" for name, seconds in watching.seconds.items()))
        return status

    if _in_a_child(run, 3600, folder) != 0:
        raise SystemExit(f"tests/{package} fail without any fault: {(folder / 'output').read_text('utf-8')[-2000:]}")
    reached, kept = Reached(), coverage.CoverageData(str(data))
    kept.read()
    for path in kept.measured_files():
        for line, names in kept.contexts_by_lineno(path).items():
            reached.tests[path, line] = set(filter(None, names))
    for row in (folder / "seconds").read_text("utf-8").splitlines():
        seconds, _, name = row.partition(" ")
        reached.seconds[name] = float(seconds)
    return reached


def _is_noticed(mutant: Mutant, reached: Reached, folder: Path) -> bool:
    """Whether a test fails, or stands still, with the fault."""
    tried: list[str] = []
    for within in (CHEAP, DEAR):
        tests = [one for one in reached.of(mutant, within) if one not in tried]
        tried += tests
        usual = sum(reached.seconds[one] for one in tests)

        def run(tests: list[str] = tests) -> int:
            mutant.take_effect()
            return int(pytest.main([*PYTEST, *tests]))

        if tests and _in_a_child(run, 30 + PATIENCE * usual, folder) != 0:
            return True
    return False


def _in_a_child(work: Callable[[], Any], seconds: float, folder: Path) -> int | None:
    """The number that `work` gives, in a process of its own with everything imported; None when it must be ended."""
    child = os.fork()
    if child == 0:
        os.setsid()
        output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        answer = 99
        try:
            answer = int(work())
        finally:
            os._exit(answer)
    until = time.monotonic() + seconds
    status: int | None = None
    try:
        while status is None and time.monotonic() < until:
            time.sleep(0.05)
            done, code = os.waitpid(child, os.WNOHANG)
            status = os.waitstatus_to_exitcode(code) if done else None
    finally:
        if status is None:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return status


if __name__ == "__main__":
    main()
