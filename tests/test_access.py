"""Role × action: the table of who may do what, walked over the whole URL map by direct requests with forged ids.

Cells: `+` allowed · `L` to the login page (GET), 401 (else) · a number: just that status. A route missing here fails.
"""

from __future__ import annotations

from itertools import cycle

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from launcher.application_role import ROLE
from mailer.access import Permission
from mailer.admin.overviews import OVERVIEWS, rest
from mailer.extensions import db
from mailer.models.journal_entry import Action, JournalEntry
from mailer.models.user import GRANTABLE, Role, User
from tests.conftest import Browser, Servers, empty_the_tables
from tests.factories import make_user
from tests.security.hostile_words import HOSTILE, alive_in, turn_hostile, unreadable_in
from tests.test_pages import flaws_of
from tests.world import FURNISHED, address_of, browsers_of_everybody, populate, query_of

PEOPLE = ("anonymous", "unconfirmed", "blocked", "other", "editor", "manager", "admin", "owner")  # in this order

EVERYBODY = "+ + + + + + + +"
SIGNED_IN = "L L L + + + + +"
OWN_WORK = "L L L + 403 403 403 +"  # whole pages of one's own: lists, new things
OWN_THING = "L L L 404 404 403 403 +"  # changing one thing of the owner's
OWN_COPY = "L L L 404 403 403 403 +"  # making something of it: only those who have such things may ask
SEEN_THING = "L L L 404 404 + + +"  # looking at one thing of the owner's
SEEN_LIST = "L L L + 403 + + +"
SEEN_REPORT = "L L L 404 403 + + +"  # looking at the report of one thing of the owner's
SIGNED_OUT = "+ + + 302 302 302 302 302"
OVERSEERS = "L L L 403 403 + + 403"
ADMINS = "L L L 403 403 403 + 403"
BLOG_ADMIN = "L L L 403 + 403 + 403"
SEEN_ARTICLE = "L L L 404 + + + +"
OWN_ARTICLE = "L L L 404 403 403 403 +"
DISABLING = {"manager.disable", "manager.disable_series", "manager.stop_run"}
LOOKED_AT = [overview.model.__tablename__ for overview in (*OVERVIEWS, *rest())]
APPROVERS = "L L L 403 + + + 403"

TABLE: dict[str, dict[str, str]] = {
    "static": {"GET": EVERYBODY},
    "home.index": {"GET": EVERYBODY},
    "home.accessibility": {"GET": EVERYBODY},
    "home.privacy": {"GET": EVERYBODY},
    "home.robots": {"GET": EVERYBODY},
    "home.favicon": {"GET": EVERYBODY},
    "home.show_health": {"GET": EVERYBODY},
    "home.styleguide": {"GET": EVERYBODY},
    "home.set_language": {"POST": EVERYBODY},
    "home.dashboard": {"GET": SIGNED_IN},
    "home.live": {"GET": SIGNED_IN},
    "unsubscribe.page": {"GET": EVERYBODY},
    "unsubscribe.unsubscribe": {"POST": EVERYBODY},
    "unsubscribe.again": {"POST": EVERYBODY},
    "tracking.follow": {"GET": EVERYBODY},
    "preferences.page": {"GET": EVERYBODY},
    "preferences.topics": {"POST": EVERYBODY},
    "preferences.pause": {"POST": EVERYBODY},
    "preferences.name": {"POST": EVERYBODY},
    "preferences.language": {"POST": EVERYBODY},
    "preferences.take_data": {"POST": EVERYBODY},
    "preferences.erase": {"POST": EVERYBODY},
    "preferences.view": {"GET": EVERYBODY},
    "preferences.view_html": {"GET": EVERYBODY},
    "sign_up.page": {"GET": EVERYBODY},
    "sign_up.ask": {"POST": EVERYBODY},
    "sign_up.again": {"POST": EVERYBODY},
    "sign_up.consent": {"GET": EVERYBODY},
    "sign_up.confirm_page": {"GET": EVERYBODY},
    "sign_up.confirm": {"POST": EVERYBODY},
    "webhooks.probe": {"GET": "404 404 404 404 404 404 404 404"},  # none is set up: tests/returns
    "webhooks.take": {"POST": "404 404 404 404 404 404 404 404"},
    "guide.index": {"GET": EVERYBODY},
    "guide.show": {"GET": EVERYBODY},
    "guide.picture": {"GET": EVERYBODY},
    "blog.index": {"GET": EVERYBODY},
    "blog.show": {"GET": EVERYBODY},
    "blog.image": {"GET": EVERYBODY},
    "blog.show_feed": {"GET": EVERYBODY},
    "blog.sitemap": {"GET": EVERYBODY},
    "articles.index": {"GET": SIGNED_IN},
    "articles.create": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "articles.preview": {"POST": SIGNED_IN},
    "articles.add_picture": {"POST": SIGNED_IN},
    "articles.show": {"GET": SEEN_ARTICLE},
    "articles.edit": {"GET": OWN_ARTICLE, "POST": OWN_ARTICLE},
    "articles.take_back": {"POST": OWN_ARTICLE},
    "articles.drop_change": {"POST": OWN_ARTICLE},
    "articles.delete": {"POST": OWN_ARTICLE},
    "articles.restore": {"POST": "L L L 404 404 404 404 +"},
    "review.index": {"GET": APPROVERS},
    "review.show": {"GET": APPROVERS},
    "review.approve": {"POST": APPROVERS},
    "review.reject": {"POST": APPROVERS},
    "auth.invite": {"GET": ADMINS, "POST": ADMINS},
    "auth.register": {"GET": SIGNED_OUT, "POST": SIGNED_OUT},
    "auth.login": {"GET": SIGNED_OUT, "POST": SIGNED_OUT},
    "auth.forgot": {"GET": SIGNED_OUT, "POST": SIGNED_OUT},
    "auth.resend": {"GET": SIGNED_OUT, "POST": SIGNED_OUT},
    "auth.confirm": {"GET": EVERYBODY},
    "auth.do_confirm": {"POST": EVERYBODY},
    "auth.reset": {"GET": EVERYBODY, "POST": EVERYBODY},
    "auth.confirm_email": {"GET": EVERYBODY},
    "auth.do_confirm_email": {"POST": EVERYBODY},
    "auth.avatar": {"GET": EVERYBODY},
    "auth.logout": {"POST": SIGNED_IN},
    "auth.profile": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "auth.set_avatar": {"POST": SIGNED_IN},
    "auth.remove_avatar": {"POST": SIGNED_IN},
    "auth.email": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "auth.addresses": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "auth.remove_own_address": {"POST": "L L L 404 404 404 404 +"},
    "auth.confirm_own_address": {"GET": EVERYBODY},
    "auth.do_confirm_own_address": {"POST": EVERYBODY},
    "auth.password": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "auth.code": {"GET": "302 302 302 302 302 302 302 302", "POST": "302 302 302 302 302 302 302 302"},
    "auth.second_factor": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "auth.new_recovery_codes": {"POST": SIGNED_IN},
    "auth.switch_second_factor_off": {"POST": SIGNED_IN},
    "auth.own_data": {"GET": SIGNED_IN},
    "auth.export_own_data": {"POST": SIGNED_IN},
    "auth.erase_account": {"POST": SIGNED_IN},
    "auth.sessions": {"GET": SIGNED_IN},
    "auth.end_session": {"POST": "L L L 404 404 404 404 +"},
    "auth.end_other_sessions": {"POST": SIGNED_IN},
    "drafts.autosave": {"POST": SIGNED_IN},
    "drafts.open_kept": {"GET": "L L L 404 404 404 404 +"},
    "drafts.discard": {"POST": SIGNED_IN},
    "clients.index": {"GET": SEEN_LIST},
    "clients.show": {"GET": SEEN_THING},
    "clients.new": {"GET": OWN_WORK, "POST": OWN_WORK},
    "clients.edit": {"GET": OWN_THING, "POST": OWN_THING},
    "clients.delete": {"POST": OWN_THING},
    "clients.restore": {"POST": OWN_COPY},
    "clients.suppress": {"POST": OWN_THING},
    "clients.unsuppress": {"POST": OWN_THING},
    "clients.bulk": {"POST": OWN_WORK},
    "clients.restore_deleted": {"POST": OWN_WORK},
    "clients.undo_tag": {"POST": OWN_WORK},
    "clients.undo_suppress": {"POST": OWN_WORK},
    "clients.undo_value": {"POST": OWN_WORK},
    "clients.export": {"GET": OWN_WORK},
    "clients.duplicates.index": {"GET": OWN_WORK},
    "clients.duplicates.compare": {"GET": OWN_WORK, "POST": OWN_WORK},
    "clients.duplicates.keep_apart": {"POST": OWN_WORK},
    "clients.duplicates.propose_again": {"POST": OWN_WORK},
    "enrolling.ask": {"POST": OWN_WORK},
    "enrolling.take_back": {"POST": OWN_THING},
    "sign_up_forms.only_confirmed": {"GET": OWN_WORK, "POST": OWN_WORK},
    "clients.fields.index": {"GET": OWN_WORK},
    "clients.fields.new": {"GET": OWN_WORK, "POST": OWN_WORK},
    "clients.fields.edit": {"GET": OWN_THING, "POST": OWN_THING},
    "clients.fields.change_type": {"GET": OWN_THING, "POST": OWN_THING},
    "clients.fields.move": {"POST": OWN_THING},
    "clients.fields.archive": {"POST": OWN_THING},
    "clients.fields.restore": {"POST": OWN_THING},
    "clients.segments.index": {"GET": OWN_WORK},
    "clients.segments.from_list": {"POST": OWN_WORK},
    "clients.segments.new": {"GET": OWN_WORK, "POST": OWN_WORK},
    "clients.segments.edit": {"GET": OWN_THING, "POST": OWN_THING},
    "clients.segments.preview": {"POST": OWN_WORK},
    "clients.segments.delete": {"POST": OWN_THING},
    "clients.tags.index": {"GET": OWN_WORK},
    "clients.tags.rename": {"POST": OWN_WORK},
    "clients.tags.delete": {"GET": OWN_WORK, "POST": OWN_WORK},
    "clients.imports.new": {"GET": OWN_WORK, "POST": OWN_WORK},
    "clients.imports.show": {"GET": OWN_THING},
    "clients.imports.start": {"POST": OWN_THING},
    "clients.imports.progress": {"GET": OWN_THING},
    "clients.imports.report": {"GET": OWN_THING},
    "clients.imports.undo": {"POST": OWN_THING},
    "topics.index": {"GET": OWN_WORK, "POST": OWN_WORK},
    "topics.edit": {"GET": OWN_THING, "POST": OWN_THING},
    "topics.delete": {"POST": OWN_THING},
    "sign_up_forms.index": {"GET": OWN_WORK},
    "sign_up_forms.new": {"GET": OWN_WORK, "POST": OWN_WORK},
    "sign_up_forms.show": {"GET": OWN_THING},
    "sign_up_forms.edit": {"GET": OWN_THING, "POST": OWN_THING},
    "sign_up_forms.close": {"POST": OWN_THING},
    "sign_up_forms.reopen": {"POST": OWN_THING},
    "sign_up_forms.delete": {"POST": OWN_THING},
    "messages.index": {"GET": SEEN_LIST},
    "messages.show": {"GET": SEEN_THING},
    "messages.preview_html": {"GET": SEEN_THING},
    "messages.show_check": {"GET": SEEN_THING},
    "messages.create": {"GET": OWN_WORK, "POST": OWN_WORK},
    "messages.import_file": {"GET": OWN_WORK, "POST": OWN_WORK},
    "messages.preview": {"POST": OWN_WORK},
    "messages.preview_draft_html": {"GET": "L L L 404 403 403 403 404"},  # nobody has previewed anything
    "messages.clients": {"GET": OWN_WORK},
    "messages.edit": {"GET": OWN_THING, "POST": OWN_THING},
    "messages.copy": {"GET": OWN_THING},
    "messages.delete": {"POST": OWN_THING},
    "messages.restore": {"POST": OWN_COPY},
    "messages.send_test": {"POST": OWN_THING},
    "messages.choose": {"GET": OWN_WORK},
    "messages.begin_with_starter": {"POST": OWN_WORK},
    "messages.begin_with_template": {"POST": OWN_COPY},
    "messages.begin_with_earlier": {"POST": OWN_THING},
    "messages.starter_preview": {"GET": OWN_WORK},
    "messages.template_preview": {"GET": OWN_COPY},
    "messages.delete_template": {"POST": OWN_COPY},
    "messages.files": {"GET": OWN_THING},
    "messages.inline_pictures": {"POST": OWN_THING},
    "messages.examine": {"POST": OWN_THING},
    "messages.cancel_examination": {"POST": OWN_THING},
    "messages.examination": {"GET": SEEN_THING},
    "messages.add_file": {"POST": OWN_THING},
    "messages.add_invitation": {"POST": OWN_THING},
    "messages.show_attachment": {"GET": SEEN_THING},
    "messages.remove_file": {"POST": OWN_THING},
    "messages.keep_as_template": {"POST": OWN_THING},
    "messages.rename_template": {"POST": OWN_COPY},
    "messages.rename_blocks": {"POST": OWN_COPY},
    "messages.delete_blocks": {"POST": OWN_COPY},
    "messages.letter_insert": {"POST": OWN_THING},
    "messages.keep_blocks": {"POST": OWN_THING},
    "messages.theme": {"GET": OWN_WORK, "POST": OWN_WORK},
    "messages.letter": {"GET": OWN_THING},
    "messages.letter_part": {"POST": OWN_THING},
    "messages.letter_add": {"POST": OWN_THING},
    "messages.letter_block": {"POST": OWN_THING},
    "messages.letter_people_of": {"GET": OWN_THING, "POST": OWN_THING},
    "messages.letter_step": {"POST": OWN_THING},
    "messages.letter_save": {"POST": OWN_THING},
    "messages.letter_preview": {"GET": OWN_THING},
    "messages.letter_inboxes": {"GET": OWN_THING},
    "messages.letter_to_html": {"POST": OWN_THING},
    "messages.letter_to_blocks": {"POST": OWN_THING},
    "media.show_file": {"GET": EVERYBODY},
    "media.index": {"GET": OWN_WORK},
    "media.picker": {"GET": OWN_WORK},
    "media.upload": {"POST": OWN_WORK},
    "media.show": {"GET": OWN_THING, "POST": OWN_THING},
    "media.cut": {"POST": OWN_THING},
    "media.delete": {"POST": OWN_THING},
    "media.restore": {"POST": "L L L 404 403 403 403 +"},
    "mailings.index": {"GET": SEEN_LIST},
    "mailings.show": {"GET": SEEN_THING},
    "mailings.progress": {"GET": SEEN_THING},
    "mailings.run": {"GET": SEEN_THING},
    "mailings.run_progress": {"GET": SEEN_THING},
    "mailings.delivery": {"GET": SEEN_THING},
    "mailings.export_run": {"GET": OWN_THING},
    "mailings.create": {"GET": OWN_WORK, "POST": OWN_WORK},
    "mailings.preview_audience": {"POST": OWN_WORK},
    "mailings.preview_moments": {"GET": OWN_WORK},
    "mailings.read_sentence": {"GET": OWN_WORK},
    "mailings.pick_clients": {"POST": OWN_WORK},
    "mailings.edit": {"GET": OWN_THING, "POST": OWN_THING},
    "mailings.copy": {"GET": OWN_THING},
    "mailings.delete": {"POST": OWN_THING},
    "mailings.restore": {"POST": OWN_COPY},
    "mailings.pause": {"POST": OWN_THING},
    "mailings.resume": {"POST": OWN_THING},
    "mailings.stop": {"POST": OWN_THING},
    "mailings.ask_for_approval": {"POST": OWN_THING},
    "mailings.send_now": {"GET": OWN_THING, "POST": OWN_THING},
    "mailings.resend_uncertain": {"POST": OWN_THING},
    "mailings.count_as_accepted": {"POST": OWN_THING},
    "mailings.retry_refused": {"POST": OWN_THING},
    "mailings.send_to_stopped": {"POST": OWN_THING},
    "mailings.export_rule": {"GET": SEEN_THING},
    "mailings.leave_out": {"POST": OWN_THING},
    "mailings.move": {"GET": OWN_THING, "POST": OWN_THING},
    "series.index": {"GET": SEEN_LIST},
    "series.show": {"GET": SEEN_THING},
    "series.people": {"GET": SEEN_THING},
    "series.create": {"GET": OWN_WORK, "POST": OWN_WORK},
    "series.put_in": {"GET": OWN_WORK, "POST": OWN_WORK},
    "series.edit": {"GET": OWN_THING, "POST": OWN_THING},
    "series.copy": {"GET": OWN_THING},
    "series.start": {"GET": OWN_THING, "POST": OWN_THING},
    "series.pause": {"POST": OWN_THING},
    "series.resume": {"POST": OWN_THING},
    "series.stop": {"POST": OWN_THING},
    "series.ask_for_approval": {"POST": OWN_THING},
    "series.delete": {"POST": OWN_THING},
    "series.restore": {"POST": OWN_COPY},
    "series.take_out": {"POST": OWN_THING},
    "series.move_on": {"POST": OWN_THING},
    "manager.disable_series": {"GET": OVERSEERS, "POST": OVERSEERS},
    "manager.enable_series": {"POST": OVERSEERS},
    "calendar.ceiling.edit": {"GET": OWN_WORK, "POST": OWN_WORK},
    "calendar.index": {"GET": SEEN_LIST},
    "calendar.show_punctuality": {"GET": SEEN_LIST},
    "calendar.holidays.index": {"GET": OWN_WORK},
    "calendar.holidays.add": {"POST": OWN_WORK},
    "calendar.holidays.work": {"POST": OWN_WORK},
    "calendar.holidays.forget": {"POST": OWN_WORK},
    "calendar.make_feed": {"POST": OWN_WORK},
    "calendar.revoke_feed": {"POST": OWN_WORK},
    "calendar.feed": {"GET": EVERYBODY},  # the link is the key
    "reports.index": {"GET": SEEN_LIST},
    "reports.printed": {"GET": SEEN_LIST},
    **{
        f"reports.{name}": {"GET": SEEN_REPORT}
        for name in (
            "run",
            "print_run",
            "run_preview_html",
            "export_run",
            "compare_runs",
            "print_compared",
            "export_compared",
        )
    },
    "reports.export": {"GET": SEEN_LIST},
    "reports.by_domain": {"GET": SEEN_LIST},
    "reports.export_by_domain": {"GET": SEEN_LIST},
    "domains.index": {"GET": OWN_WORK, "POST": OWN_WORK},
    "domains.show": {"GET": SEEN_THING},
    "domains.check": {"POST": OWN_THING},
    "domains.use": {"POST": OWN_THING},
    "domains.leave": {"POST": OWN_THING},
    "domains.rotate": {"POST": OWN_THING},
    "domains.delete": {"POST": OWN_THING},
    "operations.index": {"GET": OVERSEERS},
    "returns.index": {"GET": OVERSEERS},
    "returns.show_probe": {"GET": OVERSEERS},
    "returns.send_probe": {"POST": ADMINS},
    "paces.index": {"GET": OVERSEERS},
    "paces.set_rule": {"POST": ADMINS},
    "paces.end_rule": {"POST": ADMINS},
    "paces.end_rest": {"POST": ADMINS},
    "warm_ups.index": {"GET": OVERSEERS},
    "warm_ups.start": {"POST": ADMINS},
    "warm_ups.show": {"GET": OVERSEERS},
    "warm_ups.plan": {"GET": ADMINS},
    "warm_ups.change_plan": {"POST": ADMINS},
    "warm_ups.pause": {"POST": ADMINS},
    "warm_ups.resume": {"POST": ADMINS},
    "warm_ups.end": {"POST": ADMINS},
    "warm_ups.go_on": {"POST": ADMINS},
    "service_domain.show": {"GET": OVERSEERS},
    "service_domain.check": {"POST": OVERSEERS},
    "operations.confirm_instance": {"POST": "L L L 403 403 403 + 403"},
    "manager.index": {"GET": OVERSEERS},
    "manager.journal": {"GET": ADMINS},
    "manager.user": {"GET": OVERSEERS},
    "manager.block": {"POST": OVERSEERS},
    "manager.unblock": {"POST": OVERSEERS},
    "manager.limits": {"POST": OVERSEERS},
    "manager.permissions": {"POST": ADMINS},
    "manager.role": {"POST": ADMINS},
    "manager.end_sessions": {"POST": ADMINS},
    "manager.reset_second_factor": {"POST": ADMINS},
    "manager.disable": {"GET": OVERSEERS, "POST": OVERSEERS},
    "manager.stop_run": {"GET": OVERSEERS, "POST": OVERSEERS},
    "manager.enable": {"POST": OVERSEERS},
    "manager.switch": {"POST": OVERSEERS},
    "manager.approvals": {"GET": OVERSEERS},
    "manager.approval": {"GET": OVERSEERS},
    "manager.approve": {"POST": OVERSEERS},
    "manager.reject": {"POST": OVERSEERS},
    "admin.static": {"GET": EVERYBODY},
    "admin.index": {"GET": BLOG_ADMIN},
    "machinery.index_view": {"GET": ADMINS},
    **{f"all_{table}.{page}_view": {"GET": ADMINS} for table in LOOKED_AT for page in ("index", "details")},
    **{f"all_{table}.export": {"GET": ADMINS} for table in LOOKED_AT},
    "posts.index_view": {"GET": BLOG_ADMIN},
    "posts.create_view": {"GET": BLOG_ADMIN, "POST": BLOG_ADMIN},
    "posts.edit_view": {"GET": BLOG_ADMIN, "POST": BLOG_ADMIN},
    "posts.details_view": {"GET": BLOG_ADMIN},
    "posts.preview": {"GET": BLOG_ADMIN},
    "posts.restore": {"POST": BLOG_ADMIN},
    "posts.delete_view": {"POST": BLOG_ADMIN},
    "posts.action_view": {"POST": BLOG_ADMIN},
    "posts.ajax_update": {"POST": "L L L 403 404 403 404 403"},  # nothing is editable in place
    "posts.ajax_lookup": {"GET": "L L L 403 404 403 404 403"},  # no field is looked up
    "posts.export": {"GET": "L L L 403 + 403 + 403"},
}
ROWS = [(endpoint, method) for endpoint, methods in TABLE.items() for method in methods]


ONE_CLICK = "unsubscribe.unsubscribe"  # RFC 8058: no cookies, no token
OF_PROGRAMS = "webhooks.take"  # believed by a signature
# Forms of people without an account, posted from any site: they prove nothing, or carry a link that a mail brought.
OF_LINKS = {f"preferences.{name}" for name in ("topics", "pause", "name", "language", "take_data", "erase")}
OF_STRANGERS = {"sign_up.ask", "sign_up.again", "sign_up.confirm", *OF_LINKS}


@pytest.fixture
def people(app: Flask, owner: User) -> dict[str, Browser]:
    """A browser for each column of the table."""
    return browsers_of_everybody(app, owner)


def allowed(status: int) -> bool:
    """Whether the door was open, whatever the room then said about an empty form."""
    return status < 500 and status not in (401, 403, 404, 405)


def test_every_route_is_in_the_table(app: Flask) -> None:
    routes = {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes - set(ROWS) == set()
    assert set(ROWS) - routes == set()


# Where "nothing there" is the right answer to somebody allowed in: a forged file or token, nothing to undo or report.
MAY_BE_MISSING = {
    "auth.avatar", "auth.confirm", "auth.do_confirm", "auth.reset", "auth.confirm_email", "auth.do_confirm_email",
    "auth.confirm_own_address", "auth.do_confirm_own_address",
    "blog.image", "posts.export", "clients.imports.report", "clients.restore", "clients.restore_deleted",
    "clients.undo_tag", "clients.undo_suppress", "clients.undo_value", "enrolling.take_back",
    "messages.restore", "mailings.restore", "calendar.feed",
    "articles.restore", "posts.restore", "media.show_file", "tracking.follow",
    "preferences.view_html", "reports.run_preview_html",  # the mail is plain text
    *(f"all_{table}.details_view" for table in LOOKED_AT if table not in FURNISHED),
}  # fmt: skip


MAIL_ITSELF = ("preview_html", "preview_draft_html", "starter_preview", "template_preview", "letter_preview")
SHOWING = ["/clients/", "/clients/1", "/clients/filters/", "/messages", "/messages/1", "/mailings", "/blog"]
SIGNED_OUT_ALL_ALONG = ("anonymous", "unconfirmed", "blocked")
HOSTILE_HEADERS = {"User-Agent": HOSTILE, "Referer": f"http://x/{HOSTILE}"}


def keeping_flaws(answer: TestResponse, endpoint: str, person: str) -> list[str]:
    """No page of somebody signed in is kept by anybody."""
    kept = answer.headers["Cache-Control"]
    if "public" not in kept:
        return [] if kept == "private, no-store" or person in SIGNED_OUT_ALL_ALONG else [f"kept: {kept}"]
    is_page = "html" in (answer.content_type or "") and not endpoint.endswith(("avatar", "image"))
    return ["kept with a cookie"] * ("Set-Cookie" in answer.headers) + ["a page kept"] * is_page


def judge(app: Flask, people: dict[str, Browser], endpoint: str, method: str) -> list[tuple[object, ...]]:
    """Ask for one row of the table as everybody; answers that are not those of their cells, and pages with a flaw."""
    wrong: list[tuple[object, ...]] = []
    url = address_of(app, endpoint) + query_of(endpoint)
    for person, cell in zip(PEOPLE, TABLE[endpoint][method].split(), strict=True):
        answer = people[person].open(url, method=method, headers=HOSTILE_HEADERS)
        status, page = answer.status_code, answer.text if answer.mimetype == "text/html" else ""
        answer.close()  # a file is not read
        flaws = [f"alive: {element}" for element in alive_in(page)]
        flaws += [f"not for people: {domain}" for domain in unreadable_in(page)]
        if "<html" in page and status not in (302, 303) and not endpoint.endswith(MAIL_ITSELF):
            inert = page.replace("onerror=", "")  # of the hostile words, which a pattern cannot tell from a page's own
            flaws += flaws_of(inert, url.startswith("/admin/"))
        if method == "GET" and not endpoint.endswith("static"):
            flaws += keeping_flaws(answer, endpoint, person)
        wrong += [(person, method, url, flaw) for flaw in flaws]
        to_login = status == 302 and answer.location.startswith("/login")
        if cell == "L":
            is_right = to_login if method == "GET" else status == 401
        elif cell == "+":
            is_right = (allowed(status) and not to_login) or (status == 404 and endpoint in MAY_BE_MISSING)
        else:
            is_right = status == int(cell)
        if not is_right:
            wrong.append((person, method, url, f"{status} instead of {cell}", answer.location))
    return wrong


@pytest.mark.slow
def test_the_table_holds_for_looking_and_looking_changes_nothing(
    app: Flask, people: dict[str, Browser], caplog: pytest.LogCaptureFixture
) -> None:
    """One visit of every page as everybody: who may, that nothing changes, that what people type, call themselves or
    send along stays inert, who may keep the page, what is journaled, and that the role which owns nothing suffices."""
    assert db.session.scalar(text("SELECT current_user")) == ROLE
    turn_hostile()
    before = digest()
    wrong = [each for endpoint, method in ROWS if method == "GET" for each in judge(app, people, endpoint, method)]
    assert wrong == []
    assert digest() == before
    assert not_journaled() == set()
    assert "permission denied" not in caplog.text
    shown = [path for path in SHOWING if "&lt;script&gt;" in people["owner"].get(path).text]
    assert shown == SHOWING, "the hostile words are really shown"


# What staff may look at without an entry in the journal: what everybody may read, their own account, empty forms, and
# how the machines do. Everything else that opens to them is watched.
FEW = {
    "admin.index", "machinery.index_view", "operations.index", "returns.index", "returns.show_probe",
    "service_domain.show", "paces.index", "warm_ups.index", "articles.index",
    "articles.create", "calendar.feed",
    "posts.create_view", "media.show_file",
}  # fmt: skip
OPEN_ROOMS = {"home", "auth", "blog", "guide", "unsubscribe", "sign_up", "preferences", "tracking"}
FEW |= {endpoint for endpoint in TABLE if endpoint.partition(".")[0] in OPEN_ROOMS}
MOVING = {"mailings.progress", "mailings.run_progress", "messages.examination"}  # parts of pages that are watched


def not_journaled() -> set[tuple[str, str]]:
    """Pages that opened to staff and left no entry, and entries about pages of the few."""
    wrong = set()
    for role in (Role.EDITOR, Role.MANAGER, Role.ADMIN):
        person = db.session.scalars(select(User).filter_by(role=role)).one()
        entries = select(JournalEntry.details["where"].astext).where(
            JournalEntry.actor_id == person.id, JournalEntry.action.in_([Action.VIEWED, Action.EXPORTED])
        )
        watched = set(db.session.scalars(entries))
        opened = {
            endpoint
            for endpoint, methods in TABLE.items()
            if "GET" in methods and methods["GET"].split()[PEOPLE.index(role.value)] == "+"
        }
        expected = {each for each in opened if not each.endswith("static")} - FEW - MOVING - MAY_BE_MISSING
        wrong |= {(role.value, endpoint) for endpoint in (expected - watched) | (watched & FEW)}
    return wrong


@pytest.mark.slow
def test_the_table_holds_for_doing(app: Flask, servers: Servers, people: dict[str, Browser]) -> None:
    """Each row finds one of each thing; what the one before has left untouched serves for the next."""
    before, wrong = rows(), []
    for endpoint in (endpoint for endpoint, method in ROWS if method == "POST"):
        if rows() != before:
            db.session.remove()
            empty_the_tables()
            Redis.from_url(servers.redis_url).flushdb()
            people = browsers_of_everybody(app, make_user(email="owner@golub.test"))
            before = rows()
        wrong += judge(app, people, endpoint, "POST")
    assert wrong == []


def rows() -> tuple[str, str | None]:
    """Tells whether anything has been done: `digest`, and who is signed in."""
    return digest(), db.session.scalar(text("SELECT string_agg(id::text, ',' ORDER BY id) FROM user_sessions"))


def test_the_table_knows_no_other_verbs() -> None:
    assert {method for _endpoint, method in ROWS} == {"GET", "POST"}


def test_nothing_changes_without_a_csrf_token(app: Flask, people: dict[str, Browser]) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    form = {"name": "x", "ids": "1", "List-Unsubscribe": "One-Click"}
    try:
        before = digest()
        others = {ONE_CLICK, OF_PROGRAMS, *OF_STRANGERS}
        for endpoint in (endpoint for endpoint, method in ROWS if method == "POST" and endpoint not in others):
            assert people["owner"].post(address_of(app, endpoint), data=form).status_code == 400, endpoint
            assert digest() == before, endpoint
        for endpoint in OF_STRANGERS - OF_LINKS - {"sign_up.confirm"}:
            assert people["owner"].post(address_of(app, endpoint), data=form).status_code in (410, 422), endpoint
            assert digest() == before, endpoint
        assert people["owner"].post(address_of(app, ONE_CLICK), data=form).status_code == 200
    finally:
        app.config["WTF_CSRF_ENABLED"] = False


def test_other_verbs_are_refused_everywhere(app: Flask, people: dict[str, Browser]) -> None:
    known = {verb for rule in app.url_map.iter_rules() for verb in rule.methods or ()}
    assert known == {"GET", "HEAD", "OPTIONS", "POST"}
    for endpoint, verb in zip(TABLE, cycle(("PUT", "PATCH", "DELETE", "TRACE")), strict=False):
        answer = people["owner"].open(address_of(app, endpoint), method=verb)
        assert answer.status_code == 405, (verb, endpoint)


# What a plain user gains by a single permission: looking at what is everybody's, and one thing to do with it.
LOOKING = {
    (endpoint, "GET")
    for endpoint, methods in TABLE.items()
    if methods.get("GET") in (SEEN_THING, SEEN_REPORT, OVERSEERS)
    and endpoint not in DISABLING | {"reports.run_preview_html"}
} | {("service_domain.check", "POST")}  # asks others, and changes nothing
APPROVING = {
    *((endpoint, "GET") for endpoint in ("review.index", "review.show", "articles.show")),
    ("review.approve", "POST"),
    ("review.reject", "POST"),
}
GAINS: dict[Permission, set[tuple[str, str]]] = {
    Permission.OVERSEE: LOOKING,
    Permission.BLOCK_USERS: LOOKING | {("manager.block", "POST"), ("manager.unblock", "POST")},
    Permission.SET_LIMITS: LOOKING | {("manager.limits", "POST")},
    Permission.SWITCH_MAILINGS: LOOKING
    | {("manager.disable", "GET"), ("manager.disable", "POST"), ("manager.enable", "POST"), ("manager.switch", "POST")}
    | {("manager.stop_run", "GET"), ("manager.stop_run", "POST"), ("manager.enable_series", "POST")}
    | {("manager.disable_series", "GET"), ("manager.disable_series", "POST")},
    Permission.APPROVE_MAILINGS: LOOKING | {("manager.approve", "POST"), ("manager.reject", "POST")},
    Permission.APPROVE_POSTS: APPROVING,
}


@pytest.mark.parametrize("permission", GRANTABLE)
def test_a_single_permission_opens_what_it_names_and_nothing_else(
    app: Flask, web: Browser, owner: User, permission: Permission
) -> None:
    populate(app, owner)
    web.login(make_user(granted=[permission.value]))
    opened = set()
    for endpoint, method in ROWS:
        cells = dict(zip(PEOPLE, TABLE[endpoint][method].split(), strict=True))
        if endpoint.startswith("all_") and endpoint != "all_users.index_view":
            continue  # one table of the panel stands for all
        if cells["other"] == "+" or (cells["admin"] == cells["other"] and cells["owner"] != "+"):
            continue  # open to everybody signed in, or to nobody
        if cells["owner"] == "+" and cells["other"] == "404" and cells["admin"] != "+":
            continue  # the owner's own work, whoever looks
        answer = web.open(address_of(app, endpoint) + query_of(endpoint), method=method)
        answer.close()
        if allowed(answer.status_code):
            opened.add((endpoint, method))
    assert opened == GAINS[permission]


LOOKED = {"journal", "user_sessions"}


def digest() -> str:
    """What is in the database, but for what grows by looking: the journal, and when a session was seen last."""
    db.session.rollback()
    names = [table.name for table in db.metadata.sorted_tables if table.name not in LOOKED]
    tables = " UNION ALL ".join(
        f"SELECT '{name}' AS name, string_agg(t::text, '|' ORDER BY t::text) AS found FROM {name} t" for name in names
    )
    found = db.session.scalar(
        text(f"SELECT md5(string_agg(name || coalesce(found, ''), '#' ORDER BY name)) FROM ({tables})")
    )
    db.session.rollback()
    return str(found)
