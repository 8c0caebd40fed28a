"""`python -m bench.chart sending.json sending.svg`: who sends how much, as bars on a logarithmic scale."""

import json
import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

INK, OURS, THEIRS = "#1f2430", "#2f6fde", "#a9b4c6"


def main(source: str, target: str) -> None:
    """Draw it."""
    figures = json.loads(Path(source).read_text())
    rates = dict(sorted(figures["mails_per_second"].items(), key=lambda item: item[1]))
    mpl.rcParams |= {"font.family": "DejaVu Sans", "svg.hashsalt": "golub", "text.color": INK, "axes.labelcolor": INK}
    chart, axes = plt.subplots(figsize=(9, 0.55 * len(rates) + 1.6), layout="constrained")
    bars = axes.barh(list(rates), list(rates.values()), color=[OURS if "Golub" in each else THEIRS for each in rates])
    axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates.values()], padding=4, color=INK)
    axes.set_xscale("log")
    axes.set_xlim(right=max(rates.values()) * 2.2)
    axes.set_xlabel("mails a second, about 4 KiB each, personalised (raw: all alike); logarithmic")
    axes.set_title(f"{figures['machine']}\n{figures['measured_at']}", fontsize=8, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    chart.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
