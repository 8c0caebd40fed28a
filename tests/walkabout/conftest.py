"""The service exactly as `make run` starts it, with a state folder of its own, and those who walk through it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import SystemRandom
from urllib.parse import urlsplit

import pytest

from config import TestingConfig
from mailer import create_app
from tests.chromium.conftest import chromium, context, running_service
from tests.walkabout.findings import LONG, Bounds, Findings
from tests.walkabout.routes import Routes
from tests.walkabout.walk import LEAVER, Walk
from tests.walkabout.walked_service import WalkedService, everybody

__all__ = ["chromium", "context", "walked", "walks"]
# Flask-Admin registers these for what the panel does not offer; its own files are not used.
NOT_OFFERED = {
    ("posts.ajax_lookup", "GET"), ("posts.ajax_update", "POST"), ("posts.export", "GET"), ("admin.static", "GET"),
}  # fmt: skip
# Only a mail server that breaks off, or an end that comes amid a run, leads to these: tests/mailings and tests/faults.
NOT_HERE = {
    ("mailings.resend_uncertain", "POST"), ("mailings.count_as_accepted", "POST"), ("mailings.send_to_stopped", "POST"),
    ("all_run_faults.details_view", "GET"),
    # These need a mailing that counts clicks: tests/tracking and tests/reports.
    ("tracking.follow", "GET"), ("reports.run_preview_html", "GET"), ("reports.export_run", "GET"),
    ("all_reactions.details_view", "GET"), ("all_reaction_totals.details_view", "GET"),
    ("all_reaction_hours.details_view", "GET"),
    # And these need a mail that came back: tests/returns.
    ("webhooks.probe", "GET"), ("webhooks.take", "POST"),
    ("all_mail_reports.details_view", "GET"), ("all_unread_mails.details_view", "GET"),
}  # fmt: skip
UNLINKED = ("/", "/robots.txt", "/sitemap.xml", "/favicon.ico", "/health", "/styleguide", "/blog/feed.xml")


@pytest.fixture(scope="package")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WalkedService]:
    """WALKABOUT=long looks at more, by a seed of chance; WALKABOUT_SEED repeats one."""
    is_long = os.environ.get("WALKABOUT") == "long"
    seed = int(os.environ.get("WALKABOUT_SEED") or (SystemRandom().randrange(10**6) if is_long else 1))
    print(f"WALKABOUT_SEED={seed}")
    nowhere = {"DATABASE_URL": "postgresql://x/x", "REDIS_URL": "redis://x", "SECRET_KEY": "x" * 40}
    app = create_app(TestingConfig(**nowhere, VAR_DIR=str(tmp_path_factory.mktemp("nowhere"))))
    with running_service(tmp_path_factory.mktemp("walked") / "var") as service:
        routes = Routes(service.site, app.url_map.bind(urlsplit(service.site).netloc))
        yield WalkedService(
            service, routes, seed, LONG if is_long else Bounds(), Findings(routes.all() - NOT_OFFERED - NOT_HERE)
        )


@pytest.fixture(scope="package")
def walks(walked: WalkedService) -> dict[str, Walk]:
    """Everybody, after following all links."""
    found = everybody(walked)
    walked.together(found.values(), look_about)
    return found


def look_about(walk: Walk) -> None:
    """Everything that a link leads to."""
    if walk.name == LEAVER:
        walk.look("/profile/data")
    else:
        walk.wander(*(("/dashboard",) if walk.visitor.person.has_account else UNLINKED))
