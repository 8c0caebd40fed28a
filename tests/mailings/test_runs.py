"""A run's people, their attempts, the owner's decisions, the export."""

from __future__ import annotations

import csv
import re

import pytest
from werkzeug.test import TestResponse

from mailer.extensions import db
from mailer.models.delivery import Delivery, DeliveryState, Reason
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.queue import TICKS, queue
from tests.conftest import Browser, rewrite
from tests.factories import make_client, make_mailing
from tests.mailings.builders import close, make_deliveries, make_run


@pytest.fixture
def run(mailing: Mailing) -> Run:
    """A closed run with some of everything."""
    run = make_run(mailing)
    make_deliveries(run, accepted=4, refused=2, uncertain=3, excluded=1)
    return close(run)


def address(run: Run, tail: str = "") -> str:
    return f"/mailings/{run.mailing_id}/runs/{run.id}{tail}"


def positions(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'data-position="(\d+)"', page)]


def states(run: Run) -> list[str]:
    db.session.expire_all()
    return [str(row.state) for row in db.session.query(Delivery).filter_by(run_id=run.id).order_by("position")]


class TestPeople:
    def test_a_figure_leads_to_the_people_behind_it(self, as_owner: Browser, run: Run) -> None:
        page = as_owner.get(address(run)).text
        assert f"{address(run)}?outcome=refused#people" in page
        assert positions(as_owner.get(address(run, "?outcome=refused")).text) == [5, 6]

    def test_waiting_covers_all_that_is_not_final(self, as_owner: Browser, mailing: Mailing) -> None:
        run = make_run(mailing)
        make_deliveries(run, waiting=1, deferred=1, in_doubt=1, accepted=1)
        assert positions(as_owner.get(address(run, "?outcome=waiting")).text) == [1, 2, 3]

    def test_the_last_answer_of_the_server_stands_beside_each(self, as_owner: Browser, mailing: Mailing) -> None:
        run = make_run(mailing)
        make_deliveries(run, refused=1, words="<img src=x onerror=alert(1)> said the server")
        page = as_owner.get(address(run)).text
        assert "&lt;img src=x" in page
        assert "<img src=x" not in page

    def test_a_reason_is_told_in_words(self, as_owner: Browser, run: Run) -> None:
        assert "delivery-why" in as_owner.get(address(run, "?outcome=excluded")).text

    @pytest.mark.parametrize("search", ["refused5@example.test", "REFUSED5", "fused5@"])
    def test_an_address_is_found_whole_or_in_part(self, as_owner: Browser, run: Run, search: str) -> None:
        assert positions(as_owner.get(address(run), query_string={"q": search}).text) == [5]

    def test_wildcards_are_letters(self, as_owner: Browser, run: Run) -> None:
        assert positions(as_owner.get(address(run, "?q=%25")).text) == []

    def test_what_moves_brings_the_counts_of_the_filter_and_the_people_as_chosen(
        self, as_owner: Browser, mailing: Mailing
    ) -> None:
        run = make_run(mailing)
        make_deliveries(run, waiting=2, refused=3)
        whole = as_owner.get(address(run, "?outcome=refused&after=3")).text
        (digest,) = re.findall(r'id="people-digest" name="rows" value="(\w+)"', whole)
        assert "/progress?outcome=refused&amp;after=3" in whole
        same = as_owner.get(address(run, f"/progress?outcome=refused&after=3&rows={digest}")).text
        assert re.findall(r'id="choice-(refused|waiting)" hx-swap-oob="innerHTML">([^<]+)<', same) == [
            ("refused", "отклонено: 3"),
            ("waiting", "ждут: 2"),
        ]
        assert 'id="run-people"' not in same
        make_deliveries(run, refused=1)
        moved = as_owner.get(address(run, f"/progress?outcome=refused&after=3&rows={digest}")).text
        assert positions(moved) == [4, 5, 6]
        assert 'id="run-people" data-keeps-selection hx-swap-oob="true"' in " ".join(moved.split())

    def test_pages_hang_on_positions_both_ways(self, as_owner: Browser, mailing: Mailing) -> None:
        run = make_run(mailing)
        make_deliveries(run, accepted=120)
        first = as_owner.get(address(run)).text
        assert positions(first) == list(range(1, 51))
        assert "after=50" in first
        second = as_owner.get(address(run, "?after=50")).text
        assert positions(second) == list(range(51, 101))
        assert positions(as_owner.get(address(run, "?after=100")).text) == list(range(101, 121))
        back = as_owner.get(address(run, "?before=101")).text
        assert positions(back) == list(range(51, 101))
        assert 'rel="prev"' in back
        assert 'rel="prev"' not in as_owner.get(address(run, "?before=51")).text

    @pytest.mark.parametrize(
        ("query", "code"),
        [("outcome=happy", 400), ("after=x", 404), ("after=-1", 404), ("before=9999999999", 404), ("q=%00", 200)],
    )
    def test_addresses_typed_by_hand(self, as_owner: Browser, run: Run, query: str, code: int) -> None:
        assert as_owner.get(address(run, f"?{query}")).status_code == code


class TestOneDelivery:
    def test_every_attempt_is_there_with_the_servers_words(self, as_owner: Browser, run: Run) -> None:
        page = as_owner.get(address(run, "/deliveries/5")).text
        assert page.count("data-attempt=") == 1
        assert "550 5.1.1 no such user here" in page

    @pytest.mark.parametrize("position", [1, 5, 7, 10])
    def test_each_state_has_a_page(self, as_owner: Browser, run: Run, position: int) -> None:
        assert as_owner.get(address(run, f"/deliveries/{position}")).status_code == 200

    @pytest.mark.parametrize("position", ["0", "11", str(2**31), str(2**63 - 1), str(2**63), "-1", "x"])
    def test_positions_that_are_not_there(self, as_owner: Browser, run: Run, position: str) -> None:
        assert as_owner.get(address(run, f"/deliveries/{position}")).status_code == 404


class TestDecisions:
    def test_counting_as_accepted_completes_the_figures_but_not_the_attempts(self, as_owner: Browser, run: Run) -> None:
        as_owner.post(address(run, "/count-as-accepted"))
        assert states(run).count("accepted") == 7
        run = db.session.get_one(Run, run.id)
        assert (run.accepted_count, run.uncertain_count, run.successful_attempt_count) == (7, 0, 4)
        assert run.state is RunState.COMPLETE_WITH_REFUSALS
        assert db.session.get_one(Delivery, (run.id, 7)).reason is Reason.COUNTED_AS_ACCEPTED

    def test_sending_once_more_reopens_the_run_for_those_uncertain_only(self, as_owner: Browser, run: Run) -> None:
        as_owner.post(address(run, "/resend-uncertain"))
        assert states(run).count(DeliveryState.WAITING) == 3
        assert db.session.get_one(Run, run.id).closed_at is None
        assert queue(TICKS).count == 1

    def test_refused_ones_can_be_tried_again(self, as_owner: Browser, run: Run) -> None:
        as_owner.post(address(run, "/retry-refused"))
        assert [index for index, state in enumerate(states(run), 1) if state == "waiting"] == [5, 6]

    def test_the_buttons_say_how_many(self, as_owner: Browser, run: Run) -> None:
        page = as_owner.get(address(run)).text
        assert page.count("data-confirm=") == 3

    def test_there_is_nothing_to_decide_while_the_run_goes(self, as_owner: Browser, mailing: Mailing) -> None:
        run = make_run(mailing)
        make_deliveries(run, uncertain=1, waiting=1)
        assert "data-confirm=" not in as_owner.get(address(run)).text.split('id="people"')[0].split("run-live")[1]

    def test_a_hold_must_be_lifted_first(self, as_owner: Browser, run: Run) -> None:
        mailing = db.session.get_one(Mailing, run.mailing_id)
        mailing.paused_at = run.closed_at
        db.session.commit()
        as_owner.post(address(run, "/resend-uncertain"))
        assert "waiting" not in states(run)


class TestExport:
    def rows(self, answer: TestResponse) -> list[list[str]]:
        return list(csv.reader(answer.get_data(as_text=True).removeprefix("\ufeff").splitlines(), delimiter=";"))

    def test_every_recipient_is_a_row_with_the_last_answer(self, as_owner: Browser, run: Run) -> None:
        answer = as_owner.get(address(run, "/deliveries.csv"))
        rows = self.rows(answer)
        assert answer.mimetype == "text/csv"
        assert len(rows) == 1 + 10
        assert rows[5][:2] == ["5", "refused5@example.test"]
        assert rows[5][9] == "5.1.1 no such user here"

    def test_states_are_told_in_the_readers_language(self, as_owner: Browser, owner: User, run: Run) -> None:
        owner.language = "ru"
        db.session.commit()
        row = self.rows(as_owner.get(address(run, "/deliveries.csv")))[5]
        assert row[3] == "отклонено"
        assert row[6].startswith("не успешно")

    def test_the_filter_of_the_page_applies(self, as_owner: Browser, run: Run) -> None:
        assert len(self.rows(as_owner.get(address(run, "/deliveries.csv?outcome=uncertain")))) == 1 + 3

    def test_a_spreadsheet_runs_nothing_of_it(self, as_owner: Browser, owner: User) -> None:
        client = make_client(owner, first_name='=HYPERLINK("http://evil")')
        mailing = make_mailing(owner)
        run = make_run(mailing)
        make_deliveries(run, refused=1, words="@SUM(1)")
        rewrite("UPDATE deliveries SET client_id = :client WHERE run_id = :run", client=client.id, run=run.id)
        row = self.rows(as_owner.get(address(run, "/deliveries.csv")))[1]
        assert row[2].startswith("'=")
        assert row[9] == "'@SUM(1)"

    def test_a_manager_looks_but_takes_nothing_away(self, as_manager: Browser, run: Run) -> None:
        assert as_manager.get(address(run)).status_code == 200
        assert as_manager.get(address(run, "/deliveries.csv")).status_code == 403
