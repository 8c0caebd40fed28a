"""What was measured: on the screen, as JSON, and as a chart."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from bench.processes import ROOT


@dataclass(slots=True)
class Figures:
    """All figures of one run of `make bench`. `rates` are mails per second, one of each round; `stolen` is what the
    machine's host gave to others meanwhile, in percent of the CPU time.
    """

    rates: dict[str, list[float]] = field(default_factory=dict)
    stolen: dict[str, list[float]] = field(default_factory=dict)
    cpu_us: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)  # worker, server, PostgreSQL
    first_mail_after: list[float] = field(default_factory=list)  # seconds from the planned moment
    others: dict[str, Any] = field(default_factory=dict)

    def add_rate(self, name: str, rate: float, stolen: float) -> None:
        """One more round of `name`."""
        self.rates.setdefault(name, []).append(rate)
        self.stolen.setdefault(name, []).append(stolen)

    def median_rate(self, name: str) -> float:
        """Mails per second."""
        return median(self.rates[name])

    def ratio(self, name: str) -> float:
        """To raw: the median of the rounds' own ratios, since a round is measured at one time."""
        return median(self.ratios(name))

    def ratios(self, name: str) -> list[float]:
        """To raw, round by round."""
        return [one / raw for one, raw in zip(self.rates[name], self.rates[RAW], strict=True)]

    @property
    def undisturbed_ratios(self) -> list[float]:
        """Two workers to raw, of those rounds in which the host left the machine alone."""
        stolen = map(max, self.stolen[TWO], self.stolen[RAW])
        return [ratio for ratio, percent in zip(self.ratios(TWO), stolen, strict=True) if percent < UNDISTURBED]

    def as_json(self) -> dict[str, Any]:
        """Everything, with the machine and the date."""
        return {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "sending_to_raw_ratio": round(self.ratio(TWO), 3),
            "sending_to_raw_ratio_by_round": [round(ratio, 3) for ratio in self.ratios(TWO)],
            "sending_to_raw_ratio_undisturbed": [round(ratio, 3) for ratio in self.undisturbed_ratios],
            "mails_per_second": {name: round(self.median_rate(name), 1) for name in self.rates},
            "ratio_to_raw": {name: round(self.ratio(name), 4) for name in self.rates},
            "rounds": {name: [round(rate, 1) for rate in rates] for name, rates in self.rates.items()},
            "stolen_percent": {name: [round(each, 1) for each in stolen] for name, stolen in self.stolen.items()},
            "cpu_us_per_mail": {name: self.cpu(name) for name in self.cpu_us},
            "first_mail_after_seconds": [round(each, 2) for each in self.first_mail_after],
            **self.others,
        }

    def cpu(self, name: str) -> dict[str, float]:
        """Microseconds a mail, medians."""
        columns = zip(*self.cpu_us[name], strict=True)
        return {
            who: round(median(each), 1) for who, each in zip(("workers", "server", "postgresql"), columns, strict=True)
        }


RAW = "smtp-source (raw)"
ONE, TWO = "Golub, 1 worker", "Golub, 2 workers"
UNDISTURBED = 4.0  # percent of the CPU time stolen, at most


def machine() -> str:
    """Cores, processor, system, Python."""
    described = Path("/proc/cpuinfo").read_text()
    cpu = next((line.split(":")[1].strip() for line in described.splitlines() if "model name" in line), "?")
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB"
    system = f"{platform.system()} {platform.release()}"
    return ", ".join((f"{os.cpu_count()} cores", cpu, memory, system, f"Python {platform.python_version()}"))


def show(figures: Figures) -> None:
    """The tables."""
    console = Console(width=110)
    console.print(f"\n{machine()}; load {os.getloadavg()[0]:.1f}")
    table = Table("Who sends", "mails/s", "to raw", "stolen %", "CPU µs a mail: worker / server / PostgreSQL")
    for name in sorted(figures.rates, key=figures.median_rate, reverse=True):
        cpu = " / ".join(f"{value:.0f}" for value in figures.cpu(name).values()) if name in figures.cpu_us else ""
        stolen = f"{median(figures.stolen[name]):.1f}"
        table.add_row(name, f"{figures.median_rate(name):,.0f}", f"{figures.ratio(name):.2f}", stolen, cpu)
    console.print(table)
    console.print(f"Two workers to raw, round by round: {_words(figures.ratios(TWO))}")
    quiet = figures.undisturbed_ratios
    console.print(
        f"Where others took less than {UNDISTURBED:.0f} % of the CPU time: {_words(quiet) if quiet else 'in none'}"
    )
    table = Table("What", "figure")
    for name, value in figures.others.items():
        table.add_row(name.replace("_", " "), json.dumps(value, ensure_ascii=False))
    if figures.first_mail_after:
        table.add_row("first mail after its moment, s", f"{max(figures.first_mail_after):.2f} at most")
    console.print(table)


def _words(ratios: list[float]) -> str:
    return " · ".join(f"{ratio:.2f}" for ratio in ratios) + f" (median {median(ratios):.2f})"


def save(figures: Figures, folder: Path, python: Path | None) -> None:
    """`sending.json` and, where the environment of the other tools is at hand, `sending.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "sending.json"
    target.write_text(json.dumps(figures.as_json(), indent=2, ensure_ascii=False) + "\n")
    print(f"Written: {target}")
    if python is not None:
        subprocess.run([python, "-m", "bench.chart", target, folder / "sending.svg"], cwd=ROOT, check=True)
        print(f"Written: {folder / 'sending.svg'}")
