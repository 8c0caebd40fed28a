"""The report of a run, and the runs of a mailing beside each other: figures, shares, the letter, the file, paper."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.reaction import Asker, JudgedBy, Reaction
from mailer.models.run import Run
from mailer.models.user import User
from mailer.tracking.folding import count_anew
from tests.conftest import Browser
from tests.factories import make_mailing, make_message, save
from tests.mailings.builders import close, make_deliveries, make_run

SHOP, OFFER = "https://shop.example/?a=1&b=2", "https://shop.example/<script>"
HTML = f'<p><a href="{SHOP.replace("&", "&amp;")}">One</a> and <a href="https://shop.example/offer">Two</a></p>'


@pytest.fixture
def run(owner: User) -> Run:
    """Five mails: one came back; three people clicked, one of them twice over, and a machine followed everything."""
    owner.language = "en"
    message = make_message(owner, subject="Spring", html_body=HTML, text_body="")
    mailing = make_mailing(owner, name="Weekly", message=message, counts_clicks=True, counts_opens=True)
    run = make_run(mailing, utcnow() - timedelta(days=2), is_tracked=True)
    made = make_deliveries(run, accepted=5, excluded=1)
    run.bounced_count = 1
    did = [(1, 1, "person", "none"), (1, 2, "person", "none"), (2, 1, "person", "none"), (3, 0, "person", "proxy"),
           (4, 1, "machine", "burst"), (4, 2, "machine", "burst"), (3, 1, "probably", "soon")]  # fmt: skip
    for number, link, verdict, rule in did:
        at = run.planned_at + timedelta(hours=number)
        save(Reaction(run_id=run.id, position=made[number - 1].position, link=link, verdict=Asker(verdict),
                      rule=JudgedBy(rule), first_at=at, last_at=at, hit_count=1))  # fmt: skip
    count_anew(run.id)
    db.session.commit()
    close(run)
    return db.session.get_one(Run, run.id, populate_existing=True)


def cells(page: str, number: int) -> list[str]:
    row = page.split(f'data-link="{number}"')[1].split("</tr>")[0]
    return [re.sub("<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)]


def figures_of(page: str, run: Run) -> list[str]:
    row = page.split(f'data-run="{run.id}"')[1].split("</tr>")[0]
    return re.findall(r'class="cell-number"[^>]*>([^<]+)</td>', row)


def test_the_report_says_what_people_did_and_keeps_machines_apart(as_owner: Browser, run: Run) -> None:
    assert (run.clicked_count, run.opened_count) == (2, 3)
    for path in (f"/reports/runs/{run.id}", f"/reports/runs/{run.id}/print"):
        page = as_owner.get(path).text
        assert cells(page, 1) == ["1", SHOP.replace("&", "&amp;"), "2", "50%", "1", "1"]
        assert cells(page, 2) == ["2", "https://shop.example/offer", "1", "25%", "0", "1"]
        rules = dict(re.findall(r'data-rule="(\w+)">.*?class="cell-number"[^>]*>(\d+)', page, re.S))
        assert rules == {"burst": "2", "soon": "1"}
        assert page.count('class="spark-day"') == 3, "an hour for each, from the first click to the last open"
    letter = as_owner.get(f"/reports/runs/{run.id}/letter")
    assert "sandbox" in letter.headers["Content-Security-Policy"]
    assert re.findall(r"</a><span[^>]*>([^<]+)</span>", letter.text) == ["50% · 2", "25% · 1"]
    assert "/l/" not in letter.text
    rows = list(csv.reader(io.StringIO(as_owner.get(f"/reports/runs/{run.id}/links.csv").text), delimiter=";"))
    assert rows[1:] == [["1", SHOP, "2", "50%", "1", "1"], ["2", "https://shop.example/offer", "1", "25%", "0", "1"]]


def test_the_page_of_a_run_leads_to_who_clicked_and_the_persons_page_to_what(as_owner: Browser, run: Run) -> None:
    page = as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}?outcome=clicked").text
    assert re.findall(r'<tr data-position="(\d+)"', page) == ["1", "2"]
    assert re.findall(r'data-figure="(?:clicked|opened)">\s*(?:<a[^>]*>)?(\d+)', page) == ["2", "3"]
    person = as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}/deliveries/4").text
    assert re.findall(r'data-reaction="(\w+)"', person) == ["machine", "machine"]
    # Once forgotten nobody is offered to be looked for, and the figures stand.
    run.reactions_ended_at = utcnow()
    db.session.commit()
    page = as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}").text
    assert 'data-figure="clicked">2' in page
    assert 'value="clicked"' not in page


def test_runs_of_a_mailing_stand_beside_each_other_and_in_the_file(as_owner: Browser, run: Run) -> None:
    kept = {"subject": 'Summer, {{ first_name }}{{ город | ", dear" }}', "html": "", "text": "x"}
    other = make_run(run.mailing, utcnow() - timedelta(days=1), snapshot=kept)
    make_deliveries(other, accepted=2)
    close(other)
    compared = f"/reports/mailings/{run.mailing_id}"
    page, paper = as_owner.get(compared).text, as_owner.get(f"{compared}/print").text
    for shown in (page, paper):
        assert figures_of(shown, run) == ["5", "20%", "75%", "50%", "0%"]
        assert figures_of(shown, other) == ["2", "0%", "—", "—", "0%"]
        assert shown.count('class="spark-day"') == 2
    assert "data-print" in paper
    assert f"/reports/runs/{run.id}" not in paper, "paper leads nowhere"
    text = as_owner.get(f"{compared}/runs.csv").text.removeprefix("\ufeff")
    taken = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert taken[0][2:7] == ["Subject", "Planned people", "Accepted", "Came back", "Came back, share"]
    assert [[row[0], *row[2:]] for row in taken[1:]] == [
        [str(other.id), "Summer, [first name], dear", "2", "2", "0", "0%", "", "", "", "", "0", "0%"],
        [str(run.id), "Spring", "6", "5", "1", "20%", "3", "75%", "2", "50%", "0", "0%"],
    ]
    text = as_owner.get(f"/reports/report.csv?mailing={run.mailing_id}").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [(row["Came back"], row["Clicked"], row["Opened, at least"]) for row in rows] == [
        ("0", "0", "0"),
        ("1", "2", "3"),
    ]
    for path in (f"/reports/runs/{other.id}", f"/mailings/{other.mailing_id}/runs/{other.id}"):
        page += as_owner.get(path).text
    assert page.count("Summer, [first name], dear") >= 3 and "{{" not in page
    assert as_owner.get(f"/reports/runs/{other.id}/letter").status_code == 404
