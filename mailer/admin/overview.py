"""A table of the database to look at. It has a list and a page for each row, and no address that could change anything:
the routes of Flask-Admin for that are never registered."""

from __future__ import annotations

from typing import Any

from flask import abort
from flask_admin.contrib.sqla import ModelView
from flask_admin.tools import iterdecode
from flask_babel import lazy_gettext as _l

from mailer.admin.guard import Guarded
from mailer.extensions import db
from mailer.searching import shortened

OPEN = {"index_view", "details_view"}
LABELS = {
    "id": "№", "owner_id": _l("Owner"), "user_id": _l("User"), "email": _l("Address"), "email_key": _l("Address"),
    "name": _l("Name"), "role": _l("Role"), "language": _l("Language"), "timezone": _l("Time zone"),
    "country": _l("Country"), "phone": _l("Phone"), "created_at": _l("Created"), "updated_at": _l("Changed"),
    "deleted_at": _l("Deleted"), "confirmed_at": _l("Confirmed"), "last_login_at": _l("Last login"),
    "blocked_at": _l("Blocked"), "block_reason": _l("Reason of the block"), "blocked_by_id": _l("Blocked by"),
    "last_name": _l("Last name"), "first_name": _l("First name"), "patronymic": _l("Patronymic"),
    "comment": _l("Comment"), "birth_year": _l("Year of birth"), "tags": _l("Tags"), "attributes": _l("Own fields"),
    "import_id": _l("Import"), "subject": _l("Subject"), "text_body": _l("Text"), "html_body": "HTML",
    "message_id": _l("Message"), "audience": _l("Recipients"), "period": _l("Period"), "starts_local": _l("Starts"),
    "ends_local": _l("Ends"), "next_run_at": _l("Next run"), "last_run_at": _l("Last run"),
    "completed_at": _l("Completed"), "paused_at": _l("Paused"), "disabled_at": _l("Disabled"),
    "disabled_reason": _l("Reason of the switching off"), "disabled_by_id": _l("Disabled by"),
    "mailing_id": _l("Mailing"), "occurrence": _l("Occurrence"), "state": _l("State"),
    "stop_reason": _l("Why it was stopped"), "pause_reason": _l("Why it paused"), "planned_at": _l("Planned for"),
    "started_at": _l("Started"), "closed_at": _l("Closed"), "ends_at": _l("Ends"), "reopened_at": _l("Reopened"),
    "last_fault": _l("Last fault of the mail server"), "last_fault_at": _l("When"), "planned_count": _l("Planned"),
    "waiting_count": _l("Waiting"), "accepted_count": _l("Accepted"), "refused_count": _l("Refused"),
    "excluded_count": _l("Excluded"), "stopped_count": _l("Stopped"), "uncertain_count": _l("Uncertain"),
    "unlisted_count": _l("Not on the list yet"),
    "successful_attempt_count": _l("Successful attempts"), "failed_attempt_count": _l("Failed attempts"),
    "run_id": _l("Run"), "position": _l("Number in the run"), "client_id": _l("Client"), "reason": _l("Reason"),
    "attempt_count": _l("Attempts"), "retry_at": _l("Next try"), "number": _l("Attempt"), "outcome": _l("Outcome"),
    "phase": _l("Step"), "smtp_code": _l("Code"), "enhanced_code": _l("Enhanced code"), "response": _l("Answer"),
    "finished_at": _l("Finished"), "tls": "TLS", "transport": _l("Mail server"), "worker": _l("Worker"),
    "file_name": _l("File"), "row_count": _l("Rows"), "done_count": _l("Done"), "created_count": _l("New"),
    "updated_count": _l("Updated"), "unchanged_count": _l("Unchanged"), "rejected_count": _l("Rejected"),
    "error": _l("Error"), "template": _l("Kind of mail"), "to_email": _l("To"), "next_try_at": _l("Next try"),
    "try_count": _l("Tries"), "last_error": _l("Last error"), "sent_at": _l("Sent"), "given_up_at": _l("Given up"),
}  # fmt: skip


class Overview(Guarded, ModelView):  # type: ignore[misc]
    """Rows of one model, the newest first."""

    model: Any
    title: Any
    shown: tuple[str, ...]  # the columns of the list
    more: tuple[str, ...] = ()  # what the page of a row tells besides
    is_large = False  # millions of rows: they are not counted, and not sorted by anything without an index

    can_create = can_edit = can_delete = can_export = False
    can_view_details = True
    list_template, details_template = "admin/list.html", "admin/details.html"
    column_labels = LABELS
    page_size = 25

    def __init__(self) -> None:
        table = self.model.__tablename__
        keys = [column.name for column in self.model.__table__.primary_key]
        self.column_list, self.column_details_list = self.shown, [*self.shown, *self.more]
        self.column_sortable_list = keys if self.is_large else [name for name in self.shown if name != "tags"]
        self.column_default_sort = [(key, True) for key in keys]
        self.simple_list_pager = self.is_large
        super().__init__(self.model, db, name=self.title, endpoint=f"all_{table}", url=f"/admin/{table}")

    def create_blueprint(self, admin: Any) -> Any:
        """Only the two pages."""
        self._urls: list[Any] = [route for route in self._urls if route[1] in OPEN]
        return super().create_blueprint(admin)

    def _get_list_extra_args(self) -> Any:
        asked = super()._get_list_extra_args()
        asked.search = shortened(asked.search or "") or None
        return asked

    def _apply_sorting(self, *arguments: Any) -> Any:
        """Those alike in the sorted column keep one order, or a page would show again what the one before did."""
        query, joins = super()._apply_sorting(*arguments)
        return query.order_by(*self.model.__table__.primary_key), joins

    def get_one(self, id: Any) -> Any:
        """404 rather than a way back to the list."""
        keys = iterdecode(str(id))
        if len(keys) != len(self.model.__table__.primary_key) or any(len(key) > 254 for key in keys):
            abort(404)
        return super().get_one(id) or abort(404)

    def render(self, template: str, **kwargs: Any) -> Any:
        """`get` gives a column's value as the model has it."""
        return super().render(template, get=getattr, large=self.is_large, **kwargs)
