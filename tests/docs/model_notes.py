"""What the models' sources say of tables and columns: docstrings of classes, comments beside and above columns."""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import cast

from sqlalchemy import Table

from mailer.extensions import Base
from mailer.models import mailing, registry

TOOLS = re.compile(r"\s*(noqa|type:).*")  # what is said to linters, not to readers


@dataclass
class TableNote:
    """What a table is for, where it is written, and what its columns hold, by name."""

    source: str
    purpose: str = ""
    columns: dict[str, str] = field(default_factory=dict)


def notes() -> dict[str, TableNote]:
    """By table, of every model."""
    assert registry
    found: dict[str, TableNote] = {}
    for mapper in Base.registry.mappers:
        model = mapper.class_
        note = TableNote(_source(inspect.getmodule(model)), inspect.cleandoc(model.__doc__ or ""))
        for part in reversed(model.__mro__):
            if part.__module__.startswith("mailer.models"):
                note.columns |= _columns(Path(inspect.getfile(part)), part.__name__)
        found[cast(Table, mapper.local_table).name] = note
    found["mailing_clients"] = TableNote(_source(mailing), "Clients of a mailing that were chosen one by one.")
    return found


def _source(module: ModuleType | None) -> str:
    assert module is not None
    return module.__name__.replace(".", "/") + ".py"


def _columns(path: Path, of_class: str) -> dict[str, str]:
    text = path.read_text()
    comments = _comments(text)
    found = {}
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.ClassDef) and node.name == of_class):
            continue
        for column in node.body:
            if isinstance(column, ast.AnnAssign) and isinstance(column.target, ast.Name):
                found[column.target.id] = _note(comments, column.lineno, column.end_lineno or column.lineno)
    return found


def _comments(text: str) -> dict[int, tuple[bool, str]]:
    """By line: whether the comment has the line to itself, and the comment."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            said = TOOLS.sub("", token.string.lstrip("# "))
            found[token.start[0]] = (token.line.lstrip().startswith("#"), said.strip())
    return found


def _note(comments: dict[int, tuple[bool, str]], first: int, last: int) -> str:
    above: list[str] = []
    while (line := comments.get(first - 1 - len(above))) and line[0]:
        above.insert(0, line[1])
    beside = [comments[line][1] for line in range(first, last + 1) if line in comments]
    return " ".join(part for part in [" ".join(above), *beside] if part)
