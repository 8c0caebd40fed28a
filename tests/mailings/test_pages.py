"""The list and the page of a mailing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_message
from tests.mailings.builders import add_deliveries, close, make_deliveries, make_run


def names_in(page: str, *names: str) -> list[str]:
    """Those of `names` that stand in the page, in its order."""
    return sorted((name for name in names if name in page), key=page.index)


class TestList:
    def test_an_empty_list_offers_the_first_step(self, as_owner: Browser) -> None:
        assert 'href="/mailings/new"' in as_owner.get("/mailings").text

    def test_search_takes_wildcards_literally(self, as_owner: Browser, owner: User) -> None:
        for name in ("Spring 100%", "Autumn"):
            make_mailing(owner, name=name)
        assert names_in(as_owner.get("/mailings?q=100%25").text, "Spring", "Autumn") == ["Spring"]
        assert names_in(as_owner.get("/mailings?q=_").text, "Spring", "Autumn") == []

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("created", "Fresh"),
            ("started", "Begun"),
            ("paused", "Held"),
            ("disabled", "Off"),
            ("completed", "Finished"),
        ],
    )
    def test_the_state_filters(self, as_owner: Browser, owner: User, status: str, expected: str) -> None:
        now = utcnow()
        make_mailing(owner, name="Fresh")
        make_mailing(owner, name="Begun", started_at=now)
        make_mailing(owner, name="Held", started_at=now, paused_at=now)
        make_mailing(owner, name="Off", started_at=now, paused_at=now, disabled_at=now, disabled_reason="spam")
        make_mailing(owner, name="Finished", started_at=now, completed_at=now)
        page = as_owner.get(f"/mailings?status={status}").text
        assert names_in(page, "Fresh", "Begun", "Held", ">Off<", "Finished") in ([expected], [f">{expected}<"])

    def test_sorting_is_stable_and_both_ways(self, as_owner: Browser, owner: User) -> None:
        for name in ("Bravo", "Alpha", "Charlie"):
            make_mailing(owner, name=name)
        up = as_owner.get("/mailings?sort=name&order=asc").text
        assert names_in(up, "Alpha", "Bravo", "Charlie") == ["Alpha", "Bravo", "Charlie"]
        down = as_owner.get("/mailings?sort=name&order=desc").text
        assert names_in(down, "Alpha", "Bravo", "Charlie") == ["Charlie", "Bravo", "Alpha"]

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("sort=password", 400),
            ("order=sideways", 400),
            ("status=flying", 400),
            ("page=0", 404),
            ("page=-1", 404),
            ("page=9999999999999999999999", 404),
            ("page=two", 404),
            ("page=2", 404),
            ("q=%00", 200),
        ],
    )
    def test_addresses_typed_by_hand(self, as_owner: Browser, query: str, code: int) -> None:
        assert as_owner.get(f"/mailings?{query}").status_code == code

    def test_the_result_of_the_last_run_stands_in_the_list(self, as_owner: Browser, mailing: Mailing) -> None:
        close_run(mailing, accepted=3, refused=1)
        assert "part-refused" in as_owner.get("/mailings").text

    def test_a_manager_sees_everybodys_with_their_owners(
        self, as_manager: Browser, mailing: Mailing, foreign: Mailing
    ) -> None:
        page = as_manager.get("/mailings").text
        assert f'data-mailing="{mailing.id}"' in page
        assert f'data-mailing="{foreign.id}"' in page
        assert "/mailings/new" not in page

    def test_a_stranger_sees_only_his_own(self, as_stranger: Browser, mailing: Mailing, foreign: Mailing) -> None:
        page = as_stranger.get("/mailings").text
        assert f'data-mailing="{mailing.id}"' not in page
        assert f'data-mailing="{foreign.id}"' in page


def close_run(mailing: Mailing, **counts: int) -> Run:
    run = make_run(mailing)
    add_deliveries(run, counts)
    return close(run)


def figures_of(page: str) -> dict[str, int]:
    """The figures of the run on the page."""
    found = re.findall(r'data-figure="(\w+)"[^>]*>([\d\s,.]+)<', page)
    return {name: int(re.sub(r"\D", "", number)) for name, number in found}


class TestPage:
    def test_the_figures_add_up(self, as_owner: Browser, mailing: Mailing) -> None:
        run = make_run(mailing)
        make_deliveries(run, accepted=5, refused=2, excluded=3, waiting=4, deferred=1, uncertain=2)
        figures = figures_of(as_owner.get(f"/mailings/{mailing.id}").text)
        del figures["sent"], figures["left"]  # of mails and of links, not parts of the list
        assert figures.pop("planned") == sum(figures.values()) == 17
        assert figures == {
            "accepted": 5, "refused": 2, "excluded": 3, "stopped": 0, "uncertain": 2, "waiting": 5,
        }  # fmt: skip

    def test_while_a_run_goes_the_page_fetches_its_moving_part(self, as_owner: Browser, mailing: Mailing) -> None:
        run = make_run(mailing)
        make_deliveries(run, accepted=1, waiting=1)
        assert 'hx-trigger="every 1s"' in as_owner.get(f"/mailings/{mailing.id}").text
        assert 'hx-trigger="every 1s"' in as_owner.get(f"/mailings/{mailing.id}/progress").text

    def test_when_the_run_is_over_it_stops_and_brings_the_other_buttons(
        self, as_owner: Browser, mailing: Mailing
    ) -> None:
        close_run(mailing, accepted=2)
        piece = as_owner.get(f"/mailings/{mailing.id}/progress?shown=going").text
        assert "every 1s" not in piece
        assert 'hx-swap-oob="true"' in piece
        assert re.search(r"<tr data-run=.*?>\s*2\s*</td>", piece, re.DOTALL)  # the list of runs follows
        assert "<html" not in piece

    def test_when_a_run_begins_the_open_page_gets_the_button_that_stops_it(
        self, as_owner: Browser, mailing: Mailing
    ) -> None:
        make_deliveries(make_run(mailing), waiting=1)
        assert (
            f'action="/mailings/{mailing.id}/stop"'
            in as_owner.get(f"/mailings/{mailing.id}/progress?shown=coming").text
        )
        assert "hx-swap-oob" not in as_owner.get(f"/mailings/{mailing.id}/progress?shown=going").text

    def test_a_run_near_at_hand_is_waited_for(self, as_owner: Browser, owner: User) -> None:
        mailing = make_mailing(owner, next_run_at=utcnow() + timedelta(seconds=20))
        assert "every 1s" in as_owner.get(f"/mailings/{mailing.id}").text

    def test_a_run_to_come_is_looked_for_more_seldom_until_it_is_near(self, as_owner: Browser, owner: User) -> None:
        later = make_mailing(owner, next_run_at=utcnow() + timedelta(hours=2))
        page = as_owner.get(f"/mailings/{later.id}").text
        assert f'hx-get="/mailings/{later.id}/progress?shown=still" hx-trigger="every 60s"' in page
        in_a_while = make_mailing(owner, next_run_at=utcnow() + timedelta(seconds=90))
        seconds = re.search(r'hx-trigger="every (\d+)s"', as_owner.get(f"/mailings/{in_a_while.id}").text)
        assert seconds and 1 < int(seconds[1]) <= 30
        over = make_mailing(owner, completed_at=utcnow())
        assert "hx-trigger" not in as_owner.get(f"/mailings/{over.id}").text

    def test_looking_for_a_run_to_come_is_not_read_out(self, as_owner: Browser, mailing: Mailing) -> None:
        close_run(mailing, accepted=2)
        mailing.next_run_at = utcnow() + timedelta(hours=2)
        db.session.commit()
        assert "data-announce" in as_owner.get(f"/mailings/{mailing.id}/progress?shown=going").text
        assert "data-announce" not in as_owner.get(f"/mailings/{mailing.id}/progress?shown=still").text

    def test_a_server_out_of_order_is_quoted(self, as_owner: Browser, mailing: Mailing) -> None:
        run = make_run(mailing, state=RunState.WAITING_FOR_SERVER, last_fault="421 <b>busy</b>", last_fault_at=utcnow())
        make_deliveries(run, waiting=2)
        page = as_owner.get(f"/mailings/{mailing.id}").text
        assert "421 &lt;b&gt;busy&lt;/b&gt;" in page

    def test_a_manager_looks_but_finds_no_buttons(self, as_manager: Browser, mailing: Mailing) -> None:
        close_run(mailing, accepted=1, uncertain=1, refused=1)
        page = as_manager.get(f"/mailings/{mailing.id}").text
        assert f'action="/mailings/{mailing.id}' not in page
        assert f"/mailings/{mailing.id}/edit" not in page

    def test_the_reason_of_a_manager_stands_on_the_page(self, as_owner: Browser, owner: User) -> None:
        mailing = make_mailing(owner, disabled_at=utcnow(), disabled_reason="Complaints <script>")
        assert "Complaints &lt;script&gt;" in as_owner.get(f"/mailings/{mailing.id}").text

    @pytest.mark.parametrize(
        ("counts", "state", "values"),
        [
            ({"accepted": 2}, RunState.COMPLETE, {}),
            ({"excluded": 2}, RunState.COMPLETE, {}),
            ({"accepted": 1, "refused": 1}, RunState.COMPLETE_WITH_REFUSALS, {}),
            ({"accepted": 1, "uncertain": 1}, RunState.INCOMPLETE, {}),
            *[({"accepted": 1, "stopped": 3}, RunState.STOPPED, {"stop_reason": reason}) for reason in StopReason],
            ({"stopped": 3}, RunState.EXPIRED, {"stop_reason": StopReason.ENDED}),
            ({}, RunState.SKIPPED, {}),
        ],
    )
    def test_every_verdict_has_its_sentence(
        self, as_owner: Browser, mailing: Mailing, counts: dict[str, int], state: RunState, values: dict[str, object]
    ) -> None:
        run = make_run(mailing)
        add_deliveries(run, counts)
        close(run, state, **values)
        page = as_owner.get(f"/mailings/{mailing.id}/runs/{run.id}")
        assert page.status_code == 200
        assert "run-verdict" in page.text

    def test_names_are_inert(self, as_owner: Browser, owner: User) -> None:
        evil = '"><script>alert(1)</script>'
        mailing = make_mailing(owner, name=evil, message=make_message(owner, subject=evil))
        for path in ("/mailings", f"/mailings/{mailing.id}", f"/mailings/{mailing.id}/edit", "/mailings/new"):
            assert "<script>alert" not in as_owner.get(path).text

    def test_the_history_has_pages(self, as_owner: Browser, mailing: Mailing) -> None:
        for minutes in range(12):
            run = make_run(mailing, planned_at=utcnow() - timedelta(minutes=minutes + 1))
            make_deliveries(run, accepted=1)
            close(run)
        assert as_owner.get(f"/mailings/{mailing.id}").text.count("data-run=") == 10
        assert as_owner.get(f"/mailings/{mailing.id}?page=2").text.count("data-run=") == 2
        assert as_owner.get(f"/mailings/{mailing.id}?page=3").status_code == 404

    def test_looking_changes_nothing(self, as_owner: Browser, mailing: Mailing) -> None:
        make_client(mailing.owner)
        version = mailing.version
        for path in ("", "/progress", "/edit", "/copy", "/send-now"):
            assert as_owner.get(f"/mailings/{mailing.id}{path}").status_code == 200
        db.session.expire_all()
        assert mailing.version == version
