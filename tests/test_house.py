"""What the linters cannot say about the code's form: sizes that a reader takes in at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 40
MOST_CHARACTERS_OF_A_LINE = 140  # of templates and style sheets; ruff knows Python's
# Larger ones and their lines: no new name, and a number only ever goes down.
LARGER_FILES = {"mailer/smtp/connection.py": 328}
LARGER_FUNCTIONS = {"config.py Config.__init__": 100}


def files() -> list[Path]:
    """The product's modules."""
    return sorted([*ROOT.glob("*.py"), *(ROOT / "mailer").rglob("*.py"), *(ROOT / "launcher").rglob("*.py")])


def functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    """The functions below `node`, with their classes' names before theirs and the number of their lines."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}{child.name}"
            if not isinstance(child, ast.ClassDef):
                assert child.end_lineno is not None
                yield name, child.end_lineno - child.lineno + 1
            yield from functions(child, f"{name}.")
        else:
            yield from functions(child, prefix)


def test_files_are_short() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files()}
    assert len(sizes) > 300
    assert {name: size for name, size in sizes.items() if size > MOST_LINES_OF_A_FILE} == LARGER_FILES


def test_functions_are_short() -> None:
    sizes = {
        name: size
        for path in files()
        for name, size in functions(ast.parse(path.read_text()), f"{path.relative_to(ROOT)} ")
    }
    assert len(sizes) > 2000
    assert {name: size for name, size in sizes.items() if size > MOST_LINES_OF_A_FUNCTION} == LARGER_FUNCTIONS


def test_functions_inside_others_are_seen_too() -> None:
    source = "class A:\n    def f(self):\n        if 1:\n            def g():\n                pass\n"
    assert dict(functions(ast.parse(source), "")) == {"A.f": 4, "A.f.g": 2}


def test_lines_of_templates_and_style_sheets_are_short() -> None:
    templates = [path for path in (ROOT / "mailer/templates").rglob("*.*") if path.is_file()]
    paths = [*templates, *(ROOT / "mailer/static/css").glob("*.css"), *(ROOT / "mailer/static/js").glob("*.js")]
    assert len(paths) > 200
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > MOST_CHARACTERS_OF_A_LINE
    ]
    assert long == []
