"""What was wrong with a file, row by row: JSON lines beside the upload, in codes, turned into words when read."""

from __future__ import annotations

import heapq
import json
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from operator import attrgetter
from pathlib import Path

from mailer.clients.importing.rows import RowProblem


class ImportReport:
    """The report of one import. Written by one job; read by pages while nothing writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, *sorted_problems: Iterable[RowProblem]) -> None:
        """Merge problems, each already in the order of rows, into the file; it appears whole or not at all."""
        unfinished = self._path.with_suffix(".part")
        with unfinished.open("w", encoding="utf-8") as file:
            for problem in heapq.merge(*sorted_problems, key=attrgetter("row")):
                file.write(_line(problem))
        unfinished.replace(self._path)

    def read(self, start: int = 0, limit: int | None = None) -> Iterator[RowProblem]:
        """The problems from the `start`-th on; none when there is no report."""
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8") as file:
            for line in islice(file, start, None if limit is None else start + limit):
                yield RowProblem(**json.loads(line))

    def __len__(self) -> int:
        if not self._path.exists():
            return 0
        with self._path.open("rb") as file:
            return sum(1 for _ in file)


class ProblemSpool:
    """Problems in the order they are found, kept on disk so that a million of them cost no memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w", encoding="utf-8")

    def add(self, problem: RowProblem) -> None:
        """Note one more."""
        self._file.write(_line(problem))

    def read_back(self) -> Generator[RowProblem, None, None]:
        """End the writing and give it all back; the file is gone afterwards."""
        self._file.close()
        try:
            yield from ImportReport(self._path).read()
        finally:
            self._path.unlink(missing_ok=True)


def _line(problem: RowProblem) -> str:
    return json.dumps(asdict(problem), ensure_ascii=False, separators=(",", ":")) + "\n"
