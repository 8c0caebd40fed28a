"""What the documents name is there: commands with their options, targets, modules, files, settings, names, links."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from flask import Flask

from mailer.extensions import db
from tests.conftest import ROOT

DOCUMENTS = sorted(
    [
        *ROOT.glob("README*.md"), ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"),
    ]
)  # fmt: skip
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
MERMAID = re.compile(r"^```mermaid\n.*?^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
MAKE = re.compile(r"(?:^|&& |@)make (?:-C \S+ )?([a-z][a-z-]*)", re.MULTILINE)
FLASK = re.compile(r"\bflask ([a-z].*)")
MODULE = re.compile(r"python -m ([a-z_.]+)")
FILE = re.compile(r"(?:\.\./)*[\w.*/-]+\.(?:py|md|toml|txt|html|css|js|json|service|timer|conf|webp|png|svg|po|in)")
FOLDER = re.compile(r"(?:mailer|tests|docs|launcher|migrations|deploy|bench)(?:/[\w-]+)*/?")
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\(\))?")
CALL = re.compile(r"([a-z_]\w*(?:\.\w+)*)\((.+)\)")
# Files of a running service, or of somebody else's machine.
ELSEWHERE = re.compile(
    r"^VAR_DIR/|(^|/)(var|srv|etc|tmp|media\.|instance/)|^(accounts|running|secrets|schema|parts|ports|instance)\.json$|^\S*\.(log|zip|env)$"
)
# Of other programs.
FOREIGN = {"cache.memoize", "mail.send", "pg_dump", "pg_upgrade"}


def text_of(name: str) -> str:
    """The document without its pictures."""
    return MERMAID.sub("", (ROOT / name).read_text())


def code_of(name: str) -> tuple[list[str], list[str]]:
    """What stands between backticks, and the lines of the blocks."""
    text = text_of(name)
    blocks = "".join(BLOCK.findall(text))
    return CODE.findall(BLOCK.sub("", text)), blocks.splitlines()


@cache
def targets() -> set[str]:
    """Of the Makefile."""
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def files() -> list[str]:
    """Everything that is kept."""
    return subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")


@cache
def words() -> set[str]:
    """Every word of the code, of its settings and of its templates."""
    kinds = (
        ".py",
        ".html",
        ".toml",
        ".js",
        ".css",
        "Makefile",
        ".env.example",
        ".service",
        ".conf",
        ".txt",
        ".in",
        ".timer",
    )
    found: set[str] = set()
    for name in files():
        if name.endswith(kinds) and not name.startswith("tests/docs/test_"):
            found |= set(re.findall(r"[A-Za-z_]\w*", (ROOT / name).read_text()))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_target_of_make_is_there(name: str) -> None:
    code, lines = code_of(name)
    asked = {target for each in [*code, *lines] for target in MAKE.findall(each)}
    assert asked - targets() == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_command_and_option_of_flask_is_there(migrated_app: Flask, name: str) -> None:
    code, lines = code_of(name)
    wrong = [
        each
        for each in [*code, *lines]
        for said in FLASK.findall(each.partition("  #")[0])
        if not is_command(migrated_app, re.split(r"\s*(?:&&|;|\|)\s", said)[0].split())
    ]
    assert wrong == []


@cache
def commands_of_packages() -> dict[str, click.Command]:
    """Those that extensions bring along, found as Flask finds them."""
    return {entry.name: entry.load() for entry in entry_points(group="flask.commands")}


def is_command(app: Flask, said: list[str]) -> bool:
    """Whether `flask` knows the command and each option behind it."""
    group: click.Command | None = click.Group(commands={**app.cli.commands, **commands_of_packages()})
    context = click.Context(app.cli)
    while isinstance(group, click.Group) and said:
        group, said = group.get_command(context, said[0].strip("…,.`")), said[1:]
    if group is None:
        return False
    known = {option for parameter in group.params for option in parameter.opts} | {"--help"}
    return all(word.partition("=")[0] in known for word in said if word.startswith("--"))


@pytest.mark.parametrize("name", NAMES)
def test_every_module_that_is_run_is_there(name: str) -> None:
    code, lines = code_of(name)
    asked = {module for each in [*code, *lines] for module in MODULE.findall(each)}
    assert [module for module in asked if find_spec(module) is None] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_there(name: str) -> None:
    code, _ = code_of(name)
    asked = {each.rstrip("/") for each in code if FILE.fullmatch(each) or FOLDER.fullmatch(each)}
    assert [each for each in asked if not is_there(each)] == []


def is_there(asked: str) -> bool:
    """Whether a kept file or folder ends so; `*` stands for anything."""
    if ELSEWHERE.search(asked):
        return True
    pattern = re.escape(asked.removeprefix("../")).replace(r"\*", "[^/]*")
    return any(re.search(rf"(^|/){pattern}($|/)", kept) for kept in files())


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_in_the_code(name: str) -> None:
    code, _ = code_of(name)
    asked = {
        each.removesuffix("()")
        for each in code
        if NAME.fullmatch(each)
        and re.search(r"_|\w\.\w|[a-z][A-Z]", each)
        and not (FILE.fullmatch(each) or ELSEWHERE.search(each))
    }
    for called, arguments in (match.groups() for match in map(CALL.fullmatch, code) if match):
        asked |= {called, *re.findall(r"(\w+)=", arguments)}
    assert {each for each in asked - FOREIGN if not is_known(each)} == set()


def is_known(name: str) -> bool:
    """Whether the code has the name: a column of its table, a member of its class, something in its module."""
    parts = name.split(".")
    if not set(parts) <= words():
        return False
    holder, member = parts[-2:] if len(parts) > 1 else ("", "")
    if holder in db.metadata.tables:
        return member in db.metadata.tables[holder].columns
    texts = sources(holder)
    if any(f"/{holder}/{member}" in f"/{name}" for name in files()):
        return True
    return not holder or any(re.search(rf"\b{member}\b", text) for text in texts)


@cache
def sources(holder: str) -> list[str]:
    """The files that are the module, or that hold the class."""
    python = {name: (ROOT / name).read_text() for name in files() if name.endswith(".py")}
    if holder[:1].isupper():
        return [text for text in python.values() if re.search(rf"^ *class {holder}\b", text, re.MULTILINE)] or [""]
    return [text for name, text in python.items() if Path(name).stem == holder or f"/{holder}/" in f"/{name}"]


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    here = ROOT / name
    wrong = []
    for target in LINK.findall(BLOCK.sub("", here.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (here.parent / path).resolve() if path else here
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            wrong.append(target)
    assert wrong == []


def anchors_of(file: Path) -> set[str]:
    """As GitHub makes them of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(file.read_text())}


@pytest.mark.parametrize("said", ["no-such-command", "backup --no-such-option FILE", "journal nothing", "db nothing"])
def test_what_is_not_there_is_found_as_a_command(migrated_app: Flask, said: str) -> None:
    assert not is_command(migrated_app, said.split())
    assert is_command(migrated_app, ["restore", "--check", "FILE"])


def test_what_is_not_there_is_found_as_a_file_or_name() -> None:
    assert not is_there("mailer/nothing_of_the_kind.py")
    assert is_there("mailer/models/run.py") and is_there("docs/adr")
    assert "no_such_name_anywhere"[:-1] not in words()
    assert "MAIL_SERVER" in words()
