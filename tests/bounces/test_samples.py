"""Bounces that servers really wrote: the samples of `flufl.bounce`, read as its own tests say that they are meant."""

from __future__ import annotations

import ast
from collections import defaultdict

from mailer.bounces.reading import read_report
from mailer.bounces.report import Kind
from tests.conftest import ROOT

SAMPLES = ROOT / "tests" / "vendor" / "bounces"
# Nobody could say whom these are about: they go to a person, or are kept for the administrator.
FOR_A_PERSON = {"bounce_01", "dumbass_01", "groupwise_03", "qmail_08", "simple_43"}


def expected() -> dict[str, tuple[set[str], Kind]]:
    """By file: the addresses that failed, and whether for good."""
    tree = ast.parse((SAMPLES / "expected").read_text("utf-8"))
    (table,) = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and "DETECTORS" in ast.dump(node.targets[0])
    ]
    found: dict[str, tuple[set[str], Kind]] = defaultdict(lambda: (set(), Kind.BOUNCE))
    for _detector, name, addresses, is_temporary in ast.literal_eval(table):
        all_of_it = found[name][0] | {address.decode().lower() for address in addresses}
        found[name] = (all_of_it, Kind.DELAYED if is_temporary else Kind.BOUNCE)
    return found


def test_each_sample_is_read_as_what_it_is() -> None:
    meant, wrong, people = expected(), [], set()
    samples = sorted(SAMPLES.glob("*.txt"))
    assert len(samples) >= 110
    for sample in samples:
        read = read_report(sample.read_bytes())
        if read.kind in (Kind.REPLY, Kind.UNKNOWN, Kind.AUTO_REPLY):
            people.add(sample.stem)
            continue
        addresses, kind = meant[sample.name]
        if read.kind is not kind or not addresses <= {said.address.lower() for said in read.said}:
            wrong.append((sample.name, read.kind, read.said))
    assert wrong == []
    assert people == FOR_A_PERSON
