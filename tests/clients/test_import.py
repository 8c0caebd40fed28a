"""A file of clients: whatever its make, every row is either written or reported, and nothing twice."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from mailer import queue
from mailer.clients.importing import staging
from mailer.clients.importing.job import run_import
from mailer.clients.importing.rows import ImportedClient
from mailer.clients.importing.stalled import stalled_imports
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import IMPORTS, trying_pair
from mailer.models.client import Client
from mailer.models.client_import import ClientImport, ImportState
from mailer.models.user import User
from tests.clients.conftest import Importer, form_on, live_clients
from tests.conftest import Browser
from tests.factories import make_client, save

TEXT = "Почта;Фамилия;Имя;Отчество\r\nivan@example.test;Иванов;Иван;Иванович\r\nanna@example.test;Щукина;Анна;\r\n"


def adds_up(done: ClientImport) -> bool:
    return done.row_count == done.created_count + done.updated_count + done.unchanged_count + done.rejected_count


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_the_encoding_is_found(importer: Importer, encoding: str) -> None:
    done = importer.run(TEXT.encode(encoding))
    assert (done.state, done.created_count) == (ImportState.DONE, 2)
    assert [client.full_name for client in live_clients()] == ["Иванов Иван Иванович", "Щукина Анна"]


@pytest.mark.parametrize("encoding", ["koi8-r", "cp866"])
def test_an_old_encoding_can_be_chosen(importer: Importer, encoding: str) -> None:
    importer.run(TEXT.encode(encoding), {"encoding": encoding})
    assert [client.last_name for client in live_clients()] == ["Иванов", "Щукина"]


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_found(importer: Importer, separator: str, newline: str) -> None:
    text = TEXT.replace("\r\n", newline).replace(";", separator)
    assert importer.run(text).created_count == 2
    assert live_clients()[0].patronymic == "Иванович"


def test_a_file_of_one_column_without_header(importer: Importer) -> None:
    done = importer.run("ivan@example.test\nanna@example.test\n")
    assert (done.row_count, done.created_count) == (2, 2)


def test_separators_inside_quotes_do_not_count(importer: Importer) -> None:
    importer.run('"email";"комментарий, с, запятыми, и, ещё"\nivan@example.test;"a;b ""c""\nвторая строка"\n')
    (client,) = live_clients()
    assert client.attributes == {"комментарий, с, запятыми, и, ещё": 'a;b "c" вторая строка'}


def test_the_preview_shows_the_reading_and_guesses_the_columns(importer: Importer) -> None:
    _address, form = importer.preview(
        "E-mail;ФИО;Год рождения;Метки;Город\nivan@example.test;Иванов Иван;1980;vip;Омск\n"
    )
    assert (form["encoding"], form["separator"], form["header"]) == ("utf-8", ";", "1")
    columns = [form[f"column-{place}"] for place in range(5)]
    assert columns == ["email", "full_name", "birth_year", "tags", "attribute"]
    assert db.session.scalars(db.select(Client)).all() == []


def test_a_full_name_is_split_and_own_columns_are_kept(importer: Importer) -> None:
    importer.run("email;ФИО;Город\nivan@example.test;Иванов  Иван Иванович оглы;Омск\n", tags="vip, Москва")
    (client,) = live_clients()
    assert (client.last_name, client.first_name, client.patronymic) == ("Иванов", "Иван", "Иванович оглы")
    assert (client.attributes, client.tags) == ({"Город": "Омск"}, ["vip", "Москва"])


BAD_ROWS = [
    ("", "x;Иван;1980", 2, "email", "address_without_at"),
    ("", ";Иван;1980", 2, "email", "address_missing"),
    ("", "a@example.test;Иван;1980;;x", 2, "", "ragged"),
    ("", '"a@example.test;Иван;1980', 2, "", "unclosed_quote"),
    ("", 'a@example.test;"Ив"ан";1980', 2, "", "stray_quote"),
    ("", "a@example.test;Ив\x00ан;1980", 2, "first_name", "control_character"),
    ("", f"a@example.test;{'я' * 151};1980", 2, "first_name", "too_long"),
    ("", f"a@example.test;{'я' * 10_001};1980", 2, "", "field_too_long"),
    ("", "a@example.test;Иван;1899", 2, "birth_year", "year_out_of_range"),
    ("", "a@example.test;Иван;2999", 2, "birth_year", "year_out_of_range"),
    ("", "a@example.test;Иван;85", 2, "birth_year", "year_not_a_number"),
    ("", "a@example.test;Иван;двадцать", 2, "birth_year", "year_not_a_number"),
    ("A@Example.test;Иван;1980\n", "a@EXAMPLE.test;Иван;1980", 3, "email", "duplicate"),
]


@pytest.mark.parametrize(("before", "bad", "row", "field", "code"), BAD_ROWS)
def test_a_bad_row_is_reported_and_costs_no_other(
    importer: Importer, problems: Any, before: str, bad: str, row: int, field: str, code: str
) -> None:
    done = importer.run(f"email;имя;год рождения\n{before}{bad}\ngood@example.test;Анна;1990\n")
    assert problems(done) == [(row, field, code)]
    assert done.rejected_count == 1 and adds_up(done)
    assert live_clients()[-1].email == "good@example.test"


def test_a_wrong_byte_is_reported_in_its_row(importer: Importer, problems: Any) -> None:
    text = "email;имя\na@example.test;Иван\n".encode("cp1251") + b"b@example.test;\x98\n"
    assert problems(importer.run(text)) == [(3, "first_name", "undecodable")]


def test_all_problems_of_a_row_are_named_and_the_report_is_in_order(importer: Importer, problems: Any) -> None:
    done = importer.run("email;год\na@example.test;1980\na@example.test;1980\nb;85\n\nc@example.test;1\n")
    assert problems(done) == [
        (3, "email", "duplicate"),
        (4, "email", "address_without_at"),
        (4, "birth_year", "year_not_a_number"),
        (6, "birth_year", "year_not_a_number"),
    ]
    assert (done.row_count, done.created_count, done.rejected_count) == (4, 1, 3)


def test_a_look_alike_domain_is_taken_with_a_warning(importer: Importer, problems: Any) -> None:
    done = importer.run("email\na@раypal.test\n")
    assert problems(done) == [(2, "email", "mixed_script")]
    assert (done.created_count, done.rejected_count) == (1, 0)


def test_invisible_characters_are_mended(importer: Importer) -> None:
    importer.run("email;имя\na@example.test;\u202e И\u0306\u200bван\u00a0 😀\n")
    assert live_clients()[0].first_name == "Йван 😀"


def test_clients_that_are_there_are_updated_and_nothing_is_wiped_out(importer: Importer, owner: User) -> None:
    make_client(
        owner, "a@example.test", first_name="Анна", comment="from the fair", tags=["old"], attributes={"x": "1"}
    )
    make_client(owner, "b@example.test", first_name="Борис")
    done = importer.run(
        "email;имя;комментарий;метки;y\nA@example.test;Анна-Мария;;new,old;2\nb@example.test;Борис;;;\n"
    )
    assert (done.created_count, done.updated_count, done.unchanged_count) == (0, 1, 1)
    anna, boris = live_clients()
    assert (anna.first_name, anna.comment) == ("Анна-Мария", "from the fair")
    assert (anna.tags, anna.attributes, anna.version) == (["old", "new"], {"x": "1", "y": "2"}, 2)
    assert boris.version == 1


def test_clients_that_are_there_can_be_left_alone(importer: Importer, owner: User) -> None:
    make_client(owner, "a@example.test", first_name="Анна")
    done = importer.run("email;имя\na@example.test;Ольга\nb@example.test;Борис\n", existing="leave")
    assert (done.created_count, done.unchanged_count) == (1, 1)
    assert live_clients()[0].first_name == "Анна"


def test_all_or_nothing_writes_nothing_for_one_bad_row(importer: Importer, problems: Any) -> None:
    done = importer.run("email\na@example.test\nbad\n", mode="all")
    assert (done.state, done.error, live_clients()) == (ImportState.FAILED, "rows_rejected", [])
    assert problems(done) == [(3, "email", "address_without_at")]


def test_a_job_that_runs_twice_writes_once(importer: Importer) -> None:
    done = importer.run("email\na@example.test\n")
    run_import(done.id)
    assert len(live_clients()) == 1
    assert db.session.get_one(ClientImport, done.id).created_count == 1


def test_an_import_that_broke_off_is_found_and_done_again(importer: Importer) -> None:
    address, form = importer.preview("email\na@example.test\n")
    importer.web.post(address, data=form)
    (begun,) = db.session.scalars(db.select(ClientImport))
    begun.state, begun.started_at = ImportState.RUNNING, utcnow()
    db.session.commit()
    later = utcnow() + timedelta(minutes=1)
    assert stalled_imports(utcnow()) == []
    assert stalled_imports(later) == [begun.id]
    with db.engine.begin() as worker:
        assert worker.scalar(trying_pair(IMPORTS, begun.id))
        assert stalled_imports(later) == []
        run_import(begun.id)  # leaves the one at work alone
        assert live_clients() == []
    run_import(begun.id)
    assert len(live_clients()) == 1
    assert stalled_imports(later) == []


def test_the_start_wakes_a_worker_once(importer: Importer) -> None:
    address, form = importer.preview("email\na@example.test\n")
    for _click in range(2):
        assert importer.web.post(address, data=form).status_code == 303
    redis = queue.own_connection()
    assert queue.queue(queue.IMPORTS, redis).count == 1
    SimpleWorker([queue.queue(queue.IMPORTS, redis)], connection=redis, serializer=JSONSerializer).work(burst=True)
    assert [client.email for client in live_clients()] == ["a@example.test"]


def test_the_progress_renews_itself_until_the_end(importer: Importer) -> None:
    address, form = importer.preview("email\na@example.test\nbad\n")
    importer.web.post(address, data=form)
    waiting = importer.web.get(address + "/progress").text
    assert 'data-state="queued"' in waiting and "hx-trigger" in waiting and "<html" not in waiting
    run_import(int(address.rsplit("/", 1)[1]))
    done = importer.web.get(address + "/progress").text
    assert 'data-state="done"' in done and "hx-trigger" not in done
    assert 'data-row="3" data-code="address_without_at"' in done


def test_the_report_can_be_downloaded_with_formulas_disarmed(importer: Importer) -> None:
    done = importer.run("email\n=cmd()\n")
    answer = importer.web.get(f"/clients/import/{done.id}/report.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.text.splitlines()[1].split(";")[2] == "'=cmd()"


def test_an_import_is_undone_but_for_what_was_changed_since(importer: Importer, owner: User) -> None:
    make_client(owner, "there@example.test")
    done = importer.run("email\nthere@example.test\na@example.test\nb@example.test\n")
    changed = live_clients()[1]
    changed.comment = "met since"
    db.session.commit()
    assert importer.web.post(f"/clients/import/{done.id}/undo").status_code == 303
    assert [client.email for client in live_clients()] == ["there@example.test", changed.email]
    assert db.session.get_one(ClientImport, done.id).state is ImportState.UNDONE
    importer.web.post(f"/clients/import/{done.id}/undo")
    assert len(live_clients()) == 2


def _zip(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x" * 100)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n \n",
        b"\x89PNG\r\n\x1a\n" + bytes(50),
        b"\xff\xd8\xff\xe0" + bytes(50),
        b"%PDF-1.7\n",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50),
        _zip("[Content_Types].xml"),
        _zip("clients.csv"),
        bytes(range(256)) * 20,
        "email\na@example.test\n".encode("utf-16-le"),
        b"\xef\xbb\xbf",
    ],
)
def test_what_is_not_csv_is_refused_and_not_kept(importer: Importer, content: bytes) -> None:
    answer = importer.upload(content)
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text
    assert db.session.scalars(db.select(ClientImport)).all() == []


def test_a_header_alone_is_not_imported(importer: Importer) -> None:
    address, form = importer.preview("email;имя\n")
    assert importer.web.post(address, data=form).status_code == 422


@pytest.mark.parametrize(
    "columns",
    [("ignore", "ignore"), ("email", "email"), ("attribute", "attribute"), ("full_name", "last_name")],
)
def test_a_choice_of_columns_that_cannot_work_comes_back(importer: Importer, columns: tuple[str, str]) -> None:
    address, form = importer.preview("email;имя\na@example.test;Анна\n")
    chosen = form | {"column-0": columns[0], "column-1": columns[1], "tags": "kept"}
    answer = importer.web.post(address, data=chosen)
    assert answer.status_code == 422
    again = form_on(answer.text)
    assert (again["column-0"], again["column-1"]) == columns
    assert 'value="kept"' in answer.text
    assert db.session.scalars(db.select(ClientImport)).one().state is ImportState.UPLOADED


def test_more_than_five_hundred_columns_are_refused(importer: Importer) -> None:
    answer = importer.upload(";".join(f"c{n}" for n in range(501)) + "\n")
    assert importer.web.get(answer.location).status_code == 303


def test_a_line_without_end_costs_no_memory_and_no_neighbour(importer: Importer, problems: Any) -> None:
    done = importer.run("email\n" + "x" * 2_000_000 + "\na@example.test\n")
    assert problems(done) == [(2, "", "field_too_long")]
    assert done.created_count == 1


def test_values_that_look_like_code_are_stored_as_they_are_and_stay_inert(importer: Importer) -> None:
    importer.run("email;имя\na@example.test;<script>alert(1)</script>\nb@example.test;{{ 7*7 }}\n")
    assert live_clients()[0].first_name == "<script>alert(1)</script>"
    for page in ("/clients/", f"/clients/{live_clients()[0].id}"):
        html = importer.web.get(page).text
        assert "<script>alert" not in html and "&lt;script&gt;" in html
    assert "{{ 7*7 }}" in importer.web.get("/clients/").text


@pytest.mark.parametrize("path", ["", "/progress", "/report.csv"])
def test_another_owners_import_is_not_there(
    importer: Importer, as_stranger: Browser, as_manager: Browser, path: str
) -> None:
    address, form = importer.preview("email\na@example.test\n")
    assert as_stranger.get(address + path).status_code == 404
    assert as_manager.get(address + path).status_code == 403
    assert as_stranger.post(address, data=form).status_code == 404
    assert as_stranger.post(address + "/undo").status_code == 404
    assert as_manager.post(address + "/undo").status_code == 403


def test_the_same_address_may_be_another_owners_client(importer: Importer, stranger: User) -> None:
    make_client(stranger, "a@example.test", first_name="Theirs")
    assert importer.run("email;имя\na@example.test;Mine\n").created_count == 1
    assert [client.first_name for client in live_clients()] == ["Theirs", "Mine"]


@pytest.mark.parametrize(("mode", "state"), [("valid", ImportState.DONE), ("all", ImportState.FAILED)])
def test_only_the_report_is_kept_at_the_end(app: Flask, importer: Importer, mode: str, state: ImportState) -> None:
    done = importer.run("email\na@example.test\nbad\n", mode=mode)
    assert done.state is state
    kept = Path(app.config["IMPORTS_DIR"]).glob(done.stored_file.removesuffix(".csv") + "*")
    assert [path.name.partition(".")[2] for path in kept] == ["report.jsonl"]


def test_an_import_whose_file_is_gone_fails_with_a_reason(importer: Importer, owner: User) -> None:
    begun = save(ClientImport(owner_id=owner.id, file_name="x.csv", stored_file="gone.csv", state=ImportState.QUEUED))
    run_import(begun.id)
    db.session.refresh(begun)
    assert (begun.state, begun.error) == (ImportState.FAILED, "file_missing")


@pytest.mark.slow
def test_a_hundred_thousand_rows(importer: Importer) -> None:
    rows = (f"client{n}@example.test;Иванов-{n % 97};Пётр" for n in range(100_000))
    done = importer.run("email;фамилия;имя\n" + "\n".join(rows))
    assert (done.row_count, done.created_count, done.rejected_count) == (100_000, 100_000, 0)


def test_a_file_that_makes_room_for_another_is_told_of(importer: Importer) -> None:
    addresses = [importer.upload(f"email\na{number}@example.test\n").location for number in range(5)]
    assert "пять" in importer.web.get("/clients/import/").text, "before"
    assert importer.web.get(addresses[0]).status_code == 200
    answer = importer.upload("email\nlast@example.test\n")
    page = importer.web.get(answer.location).text
    assert "Удалён" in page, "after"
    assert importer.web.get(addresses[0]).status_code == 404


def test_the_merge_is_planned_for_as_many_rows_as_the_file_has(app: Flask) -> None:
    """Nobody but the import gathers statistics of a temporary table; without them it is taken for a handful of rows."""
    clients = (
        ImportedClient(
            row=row, email=f"p{row}@example.test", email_key=f"p{row}@example.test", suppressed="unsubscribed"
        )
        for row in range(5_000)
    )
    with db.engine.begin() as work:
        cursor = work.connection.cursor()
        staging.stage(cursor, clients)  # type: ignore[arg-type]
        cursor.execute("EXPLAIN SELECT FROM staged_clients WHERE suppressed <> ''")
        (plan,) = cursor.fetchone() or ("",)
    assert " rows=5000 " in plan
