"""Spreadsheets are read like any other file, sheet by sheet; hostile ones are refused and take nothing down."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from mailer.extensions import db
from mailer.models.client_import import ClientImport
from tests.clients.conftest import Importer, form_on, live_clients
from tests.clients.spreadsheets import ods, pack, pack_ods, xlsx

TABLE: list[list[object]] = [
    ["Список клиентов"],
    [],
    ["E-mail", "Имя", "Год рождения", "Телефон"],
    ["vera@example.test", "Вера, «сестра»", 1985.0, 79000000000],
    ["lev@example.test", "Лев"],
]
Writer = Callable[[Mapping[str, Any]], bytes]


@pytest.mark.parametrize("write", [xlsx, ods])
def test_a_spreadsheet_is_read_as_it_is_seen(importer: Importer, problems: Any, write: Writer) -> None:
    done = importer.run(write({"Лист1": [*TABLE, ["bad", "x"], [], []]}))
    vera, lev = live_clients()
    assert (vera.first_name, vera.birth_year, vera.attributes) == ("Вера, «сестра»", 1985, {"Телефон": "79000000000"})
    assert lev.first_name == "Лев"
    assert problems(done) == [(6, "email", "address_without_at")]


@pytest.mark.parametrize("write", [xlsx, ods])
def test_the_sheet_is_chosen(importer: Importer, write: Writer) -> None:
    content = write({"Пустой": [], "Покупатели": TABLE, "Гости": [["почта"], ["guest@example.test"]]})
    address, form = importer.preview(content)
    assert form["sheet"] == "1"
    assert "Покупатели" in importer.web.get(address).text
    page = importer.web.get(address, query_string={"sheet": "2", "header": "3", "shown": "utf-8 , 1"}).text
    form = form_on(page)
    assert (form["sheet"], form["header"], form["column-0"]) == ("2", "1", "email")
    importer.run(content, {"sheet": "2"})
    assert [client.email for client in live_clients()] == ["guest@example.test"]


def test_hidden_sheets_stay_hidden(importer: Importer) -> None:
    content = xlsx({"Secret": [["email"], ["secret@example.test"]], "Open": TABLE}, hidden=["Secret"])
    address, _form = importer.preview(content)
    assert "Secret" not in importer.web.get(address).text
    importer.run(content)
    assert "secret@example.test" not in {client.email for client in live_clients()}


def test_nothing_of_a_spreadsheet_is_left_but_the_report(app: Flask, importer: Importer) -> None:
    done = importer.run(xlsx({"1": TABLE}))
    kept = Path(app.config["IMPORTS_DIR"]).glob(Path(done.stored_file).stem + "*")
    assert [path.suffixes for path in kept] == [[".report", ".jsonl"]]


def test_of_many_sheets_looked_at_one_is_kept(app: Flask, importer: Importer) -> None:
    content = xlsx({f"{n}": [["email"], [f"of-sheet-{n}@example.test"]] for n in range(3)})
    address, _form = importer.preview(content)
    stem = Path(db.session.query(ClientImport).one().stored_file).stem
    for n in (2, 1, 0, 2, 1):
        assert f"of-sheet-{n}@example.test" in importer.web.get(address, query_string={"sheet": n}).text
        assert len([*Path(app.config["IMPORTS_DIR"]).glob(f"{stem}.*.csv")]) == 1
    assert "of-sheet-0@example.test" in importer.web.get(address).text


def test_a_large_sheet_before_small_parts_is_no_bomb(importer: Importer) -> None:
    rows = [
        ["email", "note"],
        *([f"client{n}@example.test", "the same words in every row " * 3] for n in range(60_000)),
    ]
    content = xlsx({"1": rows, "2": [["x"]]})
    assert importer.upload(content).status_code == 303


def _far_cells() -> bytes:
    """Two cells that span 17 thousand million others."""
    cell = '<c r="{}" t="inlineStr"><is><t>x</t></is></c>'
    return xlsx({"1": f'<row r="1">{cell.format("A1")}</row><row r="1048576">{cell.format("XFD1048576")}</row>'})


def _repeated_cells() -> bytes:
    plain = ods({"1": [["a@example.test"]]})
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        content = archive.read("content.xml").decode()
    many = 'table:number-rows-repeated="1048576"', 'table:number-columns-repeated="16384"'
    content = content.replace("<table:table-row>", f"<table:table-row {many[0]}>")
    content = content.replace("<table:table-cell ", f"<table:table-cell {many[1]} ")
    return pack_ods(content)


def _lying(content: bytes) -> bytes:
    """The same archive, whose directory says that every part is a byte long."""
    changed = bytearray(content)
    place = -1
    while (place := changed.find(b"PK\x01\x02", place + 1)) >= 0:
        struct.pack_into("<I", changed, place + 24, 1)
    return bytes(changed)


@cache
def _bomb() -> bytes:
    return xlsx({"1": "<row>" + " " * 150_000_000 + "</row>"})


ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
HOSTILE: dict[str, Callable[[], bytes]] = {
    "bomb": _bomb,
    "bomb that lies": lambda: _lying(_bomb()),
    "thousands of parts": lambda: pack({"xl/workbook.xml": "<x/>"} | {f"xl/{n}.xml": "<x/>" for n in range(1500)}),
    "far cells": _far_cells,
    "repeated cells": _repeated_cells,
    "entities": lambda: xlsx({"1": ENTITY}),
    "entities in UTF-16": lambda: pack({"xl/workbook.xml": ("\ufeff" + ENTITY).encode("utf-16-le")}),
    "cut short": lambda: xlsx({"1": TABLE})[:-200],
    "nothing in it": lambda: pack({"xl/workbook.xml": b""}),
    "no rows": lambda: xlsx({"1": []}),
    "another archive": lambda: pack({"clients.csv": "email\na@example.test\n"}),
    "an archive in it": lambda: pack({"book.xlsx": xlsx({"1": TABLE})}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_or_broken_spreadsheet_is_refused_and_not_kept(app: Flask, importer: Importer, kind: str) -> None:
    folder = Path(app.config["IMPORTS_DIR"])
    before = set(folder.glob("*")) if folder.exists() else set()
    answer = importer.upload(HOSTILE[kind](), "clients.xlsx")
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text
    assert db.session.scalars(db.select(ClientImport)).all() == []
    assert set(folder.glob("*")) == before
