"""Saving a mailing: what is refused beside its field, what starts at once, what another's id does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.mailings.plan import MAX_CLIENTS
from mailer.models.client import Client, ClientFilter, SuppressionReason
from mailer.models.mailing import Audience, Mailing, mailing_clients
from mailer.models.user import User
from mailer.queue import TICKS, queue
from mailer.segments.former import tree_of
from tests.conftest import Browser
from tests.drafts.test_kept_forms import hidden
from tests.factories import make_client, make_mailing, make_message, save
from tests.mailings.builders import close, form_of, make_run, suppress
from tests.narrowing import one


def local(days: float = 1) -> str:
    """A moment as a form sends it, in UTC."""
    return (utcnow() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def fields(owner: User) -> dict[str, Any]:
    return {
        "name": "Spring news",
        "message_id": make_message(owner).id,
        "audience": "everyone",
        "period": "once",
        "starts_at": local(1),
        "ends_at": "",
        "timezone": "UTC",
        "in_doubt_rule": "hold",
    }


def many_clients(owner: User, count: int) -> list[int]:
    rows = [{"owner_id": owner.id, "email": f"c{n}@x.test", "email_key": f"c{n}@x.test"} for n in range(count)]
    ids = list(db.session.scalars(insert(Client).returning(Client.id), rows))
    db.session.commit()
    return ids


def test_a_thousand_clients_are_chosen_by_hand_and_no_more(
    as_owner: Browser, owner: User, fields: dict[str, Any]
) -> None:
    ids = many_clients(owner, MAX_CLIENTS + 1)
    by_hand = fields | {"audience": "clients"}
    refused = "Вручную можно выбрать не больше 1\xa0000 клиентов"
    at_once = {"starts_at": local(-1), "ends_at": local(1), "client_ids": ids}
    for too_many in (by_hand | {"client_ids": ids}, by_hand | at_once):
        answer = as_owner.post("/mailings/new", data=too_many)
        assert (answer.status_code, refused in answer.text) == (422, True)
        assert answer.text.count(" checked") >= len(ids), "what was chosen is kept"
    assert db.session.query(Mailing).count() == 0
    assert refused in as_owner.post("/mailings/clients", data={"client_ids": ids}).text
    assert refused not in as_owner.post("/mailings/clients", data={"client_ids": ids[1:]}).text
    assert as_owner.post("/mailings/new", data=by_hand | {"client_ids": ids[1:]}).status_code == 303
    mailing = only_mailing()
    answer = as_owner.post(f"/mailings/{mailing.id}/edit", data=form_of(mailing, client_ids=ids))
    assert (answer.status_code, refused in answer.text) == (422, True)
    assert db.session.query(mailing_clients).count() == MAX_CLIENTS
    page = as_owner.get("/mailings/new").text
    draft = hidden(page) | by_hand | {"client_ids": [str(one) for one in ids[1:]], "draft_path": "/mailings/new"}
    answer = as_owner.post("/drafts", data=draft, content_type="multipart/form-data")  # as the script sends it
    assert answer.status_code == 200, answer.text


def only_mailing() -> Mailing:
    return db.session.query(Mailing).one()


def test_a_mailing_of_the_future_waits_for_its_moment(as_owner: Browser, fields: dict[str, Any]) -> None:
    answer = as_owner.post("/mailings/new", data=fields)
    mailing = only_mailing()
    assert (answer.status_code, answer.location) == (303, f"/mailings/{mailing.id}")
    assert one(mailing.next_run_at).strftime("%Y-%m-%dT%H:%M") == fields["starts_at"]
    assert queue(TICKS).count == 0


def test_a_start_that_has_passed_is_due_at_once_and_wakes_the_tick(as_owner: Browser, fields: dict[str, Any]) -> None:
    as_owner.post("/mailings/new", data=fields | {"starts_at": local(-1), "ends_at": local(1), "confirmed": "0"})
    assert one(only_mailing().next_run_at) <= utcnow()
    assert queue(TICKS).count == 1


def test_moments_are_kept_in_the_zone_they_were_typed_in(as_owner: Browser, fields: dict[str, Any]) -> None:
    as_owner.post("/mailings/new", data=fields | {"starts_at": "2030-07-01T09:00", "timezone": "Asia/Tokyo"})
    assert one(only_mailing().next_run_at).isoformat() == "2030-07-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "nul\0"}, "name"),
        ({"message_id": ""}, "message_id"),
        ({"message_id": "abc"}, "message_id"),
        ({"starts_at": ""}, "starts_at"),
        ({"starts_at": "2030-02-31T09:00"}, "starts_at"),
        ({"starts_at": "2030-01-01T24:00"}, "starts_at"),
        ({"starts_at": "04/05/2030 09:00"}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59"}, "starts_at"),
        ({"starts_at": "2030-01-02T09:00", "ends_at": "2030-01-02T09:00"}, "ends_at"),
        ({"starts_at": "2030-01-02T09:00", "ends_at": "2030-01-01T09:00"}, "ends_at"),
        ({"period": "hourly"}, "period"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"audience": "nobody"}, "audience"),
        ({"audience": "tags"}, "tags"),
        ({"audience": "tags", "tags": "\0"}, "tags"),
        ({"audience": "filter"}, "segment_ids"),
        ({"audience": "clients"}, "client_ids"),
        ({"audience": "clients", "client_ids": "one"}, "client_ids"),
        ({"in_doubt_rule": "guess"}, "in_doubt_rule"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field_and_kept(
    as_owner: Browser, fields: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    answer = as_owner.post("/mailings/new", data=fields | changes)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    if "name" not in changes:
        assert 'value="Spring news"' in answer.text
    assert db.session.query(Mailing).count() == 0


def test_a_calendar_that_is_over_says_so_beside_both_fields(as_owner: Browser, fields: dict[str, Any]) -> None:
    answer = as_owner.post("/mailings/new", data=fields | {"starts_at": local(-2), "ends_at": local(-1)})
    assert answer.status_code == 422
    assert 'id="starts_at-error"' in answer.text
    assert 'id="ends_at-error"' in answer.text


def test_fields_that_are_not_in_the_form_change_nothing(
    as_owner: Browser, fields: dict[str, Any], stranger: User
) -> None:
    as_owner.post("/mailings/new", data=fields | {"owner_id": stranger.id, "disabled_at": local(), "id": 77})
    mailing = only_mailing()
    assert mailing.owner_id != stranger.id
    assert mailing.disabled_at is None
    assert mailing.id != 77


@pytest.mark.parametrize("kind", ["message", "filter", "client"])
def test_anothers_message_filter_or_client_does_not_exist(
    as_owner: Browser, fields: dict[str, Any], stranger: User, kind: str
) -> None:
    foreign_filter = save(ClientFilter(owner_id=stranger.id, name="Theirs", tree=tree_of({})))
    changes: dict[str, dict[str, Any]] = {
        "message": {"message_id": make_message(stranger).id},
        "filter": {"audience": "filter", "segment_ids": foreign_filter.id},
        "client": {"audience": "clients", "client_ids": [make_client(stranger).id]},
    }
    answer = as_owner.post("/mailings/new", data=fields | changes[kind])
    assert answer.status_code == (404 if kind == "message" else 422)
    assert (
        kind == "message" or "из выбранного здесь больше нет" in answer.text
    )  # as of one deleted meanwhile: the form is kept
    assert "Theirs" not in answer.text
    assert db.session.query(Mailing).count() == 0


@pytest.mark.parametrize("id_", ["-1", "0", str(2**63), "9" * 40])
def test_ids_out_of_any_range_do_not_exist(as_owner: Browser, fields: dict[str, Any], id_: str) -> None:
    assert as_owner.post("/mailings/new", data=fields | {"message_id": id_}).status_code in {404, 422}


def test_a_message_deleted_meanwhile_is_refused_with_the_form_kept(
    as_owner: Browser, owner: User, fields: dict[str, Any]
) -> None:
    gone = make_message(owner, deleted_at=utcnow())
    answer = as_owner.post("/mailings/new", data=fields | {"message_id": gone.id})
    assert answer.status_code == 422
    assert 'id="message_id-error"' in answer.text


def test_chosen_clients_are_stored_and_can_be_changed(as_owner: Browser, owner: User, fields: dict[str, Any]) -> None:
    first, second, third = (make_client(owner) for _number in range(3))
    as_owner.post("/mailings/new", data=fields | {"audience": "clients", "client_ids": [first.id, second.id]})
    mailing = only_mailing()
    as_owner.post(f"/mailings/{mailing.id}/edit", data=form_of(mailing, client_ids=[third.id]))
    stored = db.session.execute(db.select(mailing_clients.c.client_id)).scalars().all()
    assert stored == [third.id]


def test_tags_and_filters_are_kept_only_for_their_own_kind_of_audience(
    as_owner: Browser, owner: User, fields: dict[str, Any]
) -> None:
    saved = save(ClientFilter(owner_id=owner.id, name="Young", tree=tree_of({"birth_year_from": 2000})))
    as_owner.post("/mailings/new", data=fields | {"audience": "tags", "tags": ["vip", "new"], "segment_ids": saved.id})
    mailing = only_mailing()
    assert (mailing.audience, mailing.tags, mailing.segment_ids) == (Audience.TAGS, ["new", "vip"], [])


def test_editing_moves_the_next_run(as_owner: Browser, mailing: Mailing) -> None:
    as_owner.post(f"/mailings/{mailing.id}/edit", data=form_of(mailing, starts_at="2031-05-05T10:00"))
    assert one(db.session.get_one(Mailing, mailing.id).next_run_at).isoformat() == "2031-05-05T10:00:00+00:00"


def test_a_mailing_whose_calendar_is_over_can_still_be_renamed(as_owner: Browser, owner: User) -> None:
    past = datetime(2020, 1, 1, 9)
    mailing = make_mailing(owner, starts_local=past, ends_local=past + timedelta(days=3), completed_at=utcnow())
    answer = as_owner.post(f"/mailings/{mailing.id}/edit", data=form_of(mailing, name="Renamed"))
    assert answer.status_code == 303
    assert db.session.get_one(Mailing, mailing.id).name == "Renamed"


def test_a_stale_form_comes_back_with_what_was_typed(as_owner: Browser, mailing: Mailing) -> None:
    data = form_of(mailing, name="Mine")
    as_owner.post(f"/mailings/{mailing.id}/edit", data=form_of(mailing, name="From another tab"))
    answer = as_owner.post(f"/mailings/{mailing.id}/edit", data=data)
    assert answer.status_code == 409
    assert 'value="Mine"' in answer.text
    assert only_mailing().name == "From another tab"
    again = as_owner.post(f"/mailings/{mailing.id}/edit", data=data | {"version": only_mailing().version})
    assert again.status_code == 303


def test_nothing_can_be_changed_while_a_run_goes(as_owner: Browser, mailing: Mailing) -> None:
    run = make_run(mailing)
    assert as_owner.get(f"/mailings/{mailing.id}/edit").status_code == 409
    assert as_owner.post(f"/mailings/{mailing.id}/edit", data=form_of(mailing, name="No")).status_code == 409
    assert only_mailing().name == "A mailing"
    close(run)
    assert as_owner.get(f"/mailings/{mailing.id}/edit").status_code == 200


def test_the_form_of_a_copy_holds_everything_but_a_start_that_has_passed(as_owner: Browser, owner: User) -> None:
    client = make_client(owner)
    original = make_mailing(owner, [client], starts_local=datetime(2020, 1, 1, 9), timezone="Asia/Tokyo")
    page = as_owner.get(f"/mailings/{original.id}/copy").text
    assert 'action="/mailings/new"' in page
    assert f'value="{client.id}" id="client-{client.id}" checked' in " ".join(page.split())
    assert 'value="Токио (UTC+9)"' in page
    assert "2020-01-01" not in page


def test_without_javascript_the_search_for_clients_keeps_what_was_chosen(
    as_owner: Browser, owner: User, fields: dict[str, Any]
) -> None:
    chosen, wanted = make_client(owner, first_name="Anna"), make_client(owner, first_name="Boris")
    answer = as_owner.post(
        "/mailings/new",
        data=fields | {"audience": "clients", "client_ids": [chosen.id], "client_q": "boris", "find": "1"},
    )
    assert answer.status_code == 200
    assert f'id="client-{chosen.id}" checked' in answer.text
    assert f'value="{wanted.id}"' in answer.text
    assert db.session.query(Mailing).count() == 0


class TestPieces:
    """The parts of the form that answer while one types."""

    calendar = {"starts_at": "2030-01-31T09:00", "ends_at": "", "period": "monthly", "timezone": "Europe/Moscow"}

    def moments(self, browser: Browser, **changes: str) -> str:
        answer = browser.get("/mailings/moments", query_string=self.calendar | changes)
        assert answer.status_code == 200
        return answer.text

    def test_ten_moments_are_shown_with_what_is_odd_about_them(self, as_owner: Browser) -> None:
        text = self.moments(as_owner)
        assert text.count("<li>") == 10
        assert text.count("agenda-note") == 4  # February, April, June, September

    def test_the_end_cuts_the_list(self, as_owner: Browser) -> None:
        assert self.moments(as_owner, ends_at="2030-04-01T00:00").count("<li>") == 3

    def test_a_single_run_before_the_end_is_remarked(self, as_owner: Browser) -> None:
        assert "agenda-remark" in self.moments(as_owner, ends_at="2030-02-05T00:00", starts_at="2030-01-31T09:00")

    def test_a_start_that_has_passed_says_that_it_begins_at_once(self, as_owner: Browser) -> None:
        assert "agenda-now" in self.moments(as_owner, starts_at="2020-01-31T09:00", period="daily")

    @pytest.mark.parametrize(
        "changes",
        [
            {"starts_at": ""},
            {"starts_at": "nonsense"},
            {"timezone": "Mars/Olympus"},
            {"timezone": "\0"},
            {"period": "hourly"},
            {"ends_at": "2029-01-01T00:00"},
            {"starts_at": "0001-01-01T00:00"},
            {"starts_at": "2020-01-01T00:00", "ends_at": "2020-01-02T00:00"},
        ],
    )
    def test_a_calendar_half_typed_shows_no_moments_and_no_error_page(
        self, as_owner: Browser, changes: dict[str, str]
    ) -> None:
        assert "<li>" not in self.moments(as_owner, **changes)

    def test_the_figures_of_the_audience_say_who_is_left_out(self, as_owner: Browser, owner: User) -> None:
        for number in range(5):
            make_client(owner, email=f"c{number}@example.test", tags=["vip"])
        make_client(owner)
        suppress(owner, "c1@example.test")
        suppress(owner, "c2@example.test", SuppressionReason.BAD_ADDRESS)
        text = as_owner.post("/mailings/audience", data={"audience": "tags", "tags": ["vip"]}).text
        assert 'data-will-get="3"' in text
        assert text.count("text-soft") == 2

    def test_chosen_clients_are_counted_before_they_are_saved(
        self, as_owner: Browser, owner: User, stranger: User
    ) -> None:
        ids = [make_client(owner).id, make_client(owner).id, make_client(stranger).id]
        text = as_owner.post("/mailings/audience", data={"audience": "clients", "client_ids": ids}).text
        assert 'data-will-get="2"' in text

    def test_anothers_filter_cannot_be_counted(self, as_owner: Browser, stranger: User) -> None:
        theirs = save(ClientFilter(owner_id=stranger.id, name="Theirs", tree=tree_of({})))
        answer = as_owner.post("/mailings/audience", data={"audience": "filter", "segment_ids": theirs.id})
        assert answer.status_code == 200
        assert "data-will-get" not in answer.text

    def test_the_picker_never_shows_anothers_clients(self, as_owner: Browser, owner: User, stranger: User) -> None:
        mine, theirs = make_client(owner, first_name="Vera"), make_client(stranger, first_name="Vera")
        text = as_owner.post("/mailings/clients", data={"client_q": "vera", "client_ids": [theirs.id]}).text
        assert mine.email in text
        assert theirs.email not in text

    def test_the_picker_takes_wildcards_literally(self, as_owner: Browser, owner: User) -> None:
        make_client(owner)
        assert "client_ids" not in as_owner.post("/mailings/clients", data={"client_q": "%_%"}).text
