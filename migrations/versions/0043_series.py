"""Series: steps that are sent by mailings of their own, and who is where in one.

Revision ID: 0043
Revises: 0042
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

AUDIENCES = ["everyone", "clients", "tags", "filter"]
REASONS = [
    *("unsubscribed", "suppressed", "deleted", "invalid_address", "no_smtputf8", "render_error", "retries_ran_out"),
    *("counted_as_accepted", "owner", "disabled", "manager", "blocked", "mailing_deleted", "ended", "window"),
    *("no_catcher", "proven_by_report", "too_many"),
]
MOMENT = sa.DateTime(timezone=True)
ENTRIES = "'hand', 'sign_up', 'tag', 'segment', 'date'"
LEFT = "'unsubscribed', 'suppressed', 'deleted', 'refused', 'segment', 'goal', 'owner', 'stopped'"
# Whoever must not be written to any more leaves at once, whichever door said so.
LEAVE = {
    "suppressed_leave_series": (
        "AFTER INSERT ON suppressions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT",
        """
        UPDATE enrolments e SET state = 'left', due_at = NULL, moved_at = now(),
            left_reason = CASE n.reason WHEN 'unsubscribed' THEN 'unsubscribed' ELSE 'suppressed' END
        FROM new_rows n JOIN clients c ON c.owner_id = n.owner_id AND c.email_key = n.email_key AND c.deleted_at IS NULL
        WHERE e.client_id = c.id AND e.state = 'waiting';
        """,
    ),
    "deleted_leave_series": (
        "AFTER UPDATE OF deleted_at ON clients FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)",
        """
        UPDATE enrolments e SET state = 'left', left_reason = 'deleted', due_at = NULL, moved_at = now()
        WHERE e.client_id = NEW.id AND e.state = 'waiting';
        """,
    ),
}


def upgrade() -> None:
    _allow("mailings", "audience", [*AUDIENCES, "series"])
    _allow("deliveries", "reason", [*REASONS, "too_late"])
    _create_series()
    _create_steps()
    _create_enrolments()
    for name, (when, body) in LEAVE.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$")
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    """Series are gone; what their steps sent stays, of mailings that are deleted and were to nobody in particular."""
    for name, (when, _body) in LEAVE.items():
        op.execute(f"DROP TRIGGER {name} ON {when.split(' ON ')[1].split()[0]}")
        op.execute(f"DROP FUNCTION {name}()")
    for name in ("enrolments", "series_steps", "series"):
        op.drop_table(name)
    op.execute(
        "UPDATE mailings SET audience = 'tags', tags = ARRAY['-'], deleted_at = coalesce(deleted_at, now()) "
        "WHERE audience = 'series'"
    )
    op.execute("ALTER TABLE deliveries DISABLE TRIGGER USER")
    op.execute("UPDATE deliveries SET reason = 'suppressed' WHERE reason = 'too_late'")
    op.execute("ALTER TABLE deliveries ENABLE TRIGGER USER")
    op.execute("UPDATE run_tallies SET reason = 'suppressed' WHERE reason = 'too_late'")
    _allow("mailings", "audience", AUDIENCES)
    _allow("deliveries", "reason", REASONS)


def _allow(table: str, column: str, values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{column}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({listed})) NOT VALID")


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _flag(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean(), server_default="false", nullable=False)


def _create_series() -> None:
    op.create_table(
        "series",
        _id(),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.String(length=32), nullable=False),
        sa.Column("entry_tag", sa.String(length=50), nullable=True),
        sa.Column("entry_segment_id", sa.BigInteger(), nullable=True),
        sa.Column("entry_field_id", sa.BigInteger(), nullable=True),
        sa.Column("entry_offset", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("entry_at", sa.Time(), nullable=True),
        _flag("entry_is_yearly"),
        _flag("takes_present"),
        _flag("allows_again"),
        _flag("leaves_with_segment"),
        sa.Column("goal_tag", sa.String(length=50), nullable=True),
        sa.Column("late_limit_hours", sa.SmallInteger(), server_default="12", nullable=False),
        sa.Column("window_opens", sa.Time(), nullable=True),
        sa.Column("window_closes", sa.Time(), nullable=True),
        _flag("working_days_only"),
        sa.Column("holiday_country", sa.String(length=3), nullable=True),
        sa.Column("next_look_at", MOMENT, nullable=True),
        sa.Column("looked_at", MOMENT, nullable=True),
        sa.Column("looked_day", sa.Date(), nullable=True),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("stopped_at", MOMENT, nullable=True),
        sa.Column("paused_at", MOMENT, nullable=True),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("disabled_by_id", sa.BigInteger(), nullable=True),
        sa.Column("disabled_reason", sa.String(length=500), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        *_checks(
            "series",
            state="state IN ('draft', 'active', 'stopped')",
            entry=f"entry IN ({ENTRIES})",
            tag_when_by_tag="entry <> 'tag' OR entry_tag IS NOT NULL",
            segment_when_by_segment="entry <> 'segment' OR entry_segment_id IS NOT NULL",
            field_when_by_date="entry <> 'date' OR entry_field_id IS NOT NULL AND entry_at IS NOT NULL",
            segment_when_left_with_it="NOT leaves_with_segment OR entry_segment_id IS NOT NULL",
            offset_is_sane="entry_offset BETWEEN -365 AND 365",
            late_limit_is_sane="late_limit_hours BETWEEN 0 AND 720",
            window_opens_and_closes="(window_opens IS NULL) = (window_closes IS NULL)",
            disabled_has_a_reason="(disabled_at IS NULL) = (disabled_reason IS NULL)",
            started_is_no_draft="(state = 'draft') = (started_at IS NULL)",
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_series_owner_id_users"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["disabled_by_id"], ["users.id"], name=op.f("fk_series_disabled_by_id_users")),
        sa.ForeignKeyConstraint(
            ["entry_field_id"], ["client_fields.id"], name=op.f("fk_series_entry_field_id_client_fields")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "entry_segment_id"],
            ["client_filters.owner_id", "client_filters.id"],
            name=op.f("fk_series_owner_id_client_filters"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("owner_id", "id", name=op.f("uq_series_owner_id_id")),
    )
    op.create_index("ix_series_owner_created", "series", ["owner_id", "created_at"])
    op.create_index("ix_series_look", "series", ["next_look_at"], postgresql_where=sa.text("next_look_at IS NOT NULL"))


def _create_steps() -> None:
    op.create_table(
        "series_steps",
        _id(),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("mailing_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("delay_kind", sa.String(length=32), nullable=False),
        sa.Column("delay_count", sa.SmallInteger(), nullable=False),
        sa.Column("at_time", sa.Time(), nullable=True),
        sa.Column("next_due_at", MOMENT, nullable=True),
        sa.Column("held_reason", sa.String(length=32), nullable=True),
        sa.Column("excused_until", MOMENT, nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        *_checks(
            "series_steps",
            delay_kind="delay_kind IN ('hours', 'days', 'working_days')",
            held_reason="held_reason IN ('limit', 'unapproved', 'no_catcher', 'message')",
            days_have_a_time="(delay_kind = 'hours') = (at_time IS NULL)",
            delay_is_sane="delay_count BETWEEN 0 AND 730",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_series_steps_owner_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "series_id"],
            ["series.owner_id", "series.id"],
            name=op.f("fk_series_steps_owner_id_series"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "mailing_id"],
            ["mailings.owner_id", "mailings.id"],
            name=op.f("fk_series_steps_owner_id_mailings"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series_steps")),
        sa.UniqueConstraint("mailing_id", name=op.f("uq_series_steps_mailing_id")),
    )
    op.create_index("ix_series_steps_series", "series_steps", ["series_id", "position"])
    op.create_index(
        "ix_series_steps_due", "series_steps", ["next_due_at"], postgresql_where=sa.text("next_due_at IS NOT NULL")
    )


def _create_enrolments() -> None:
    op.create_table(
        "enrolments",
        _id(),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(length=32), server_default="waiting", nullable=False),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("entered_by", sa.String(length=32), nullable=False),
        sa.Column("entered_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("moved_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("last_run_id", sa.BigInteger(), nullable=True),
        sa.Column("left_reason", sa.String(length=32), nullable=True),
        _flag("was_out"),
        *_checks(
            "enrolments",
            state="state IN ('waiting', 'finished', 'left', 'passed_by')",
            entered_by=f"entered_by IN ({ENTRIES})",
            left_reason=f"left_reason IN ({LEFT})",
            waits_for_a_moment="(state = 'waiting') = (due_at IS NOT NULL)",
            waits_for_a_step="state <> 'waiting' OR step_id IS NOT NULL",
            left_has_a_reason="(state = 'left') = (left_reason IS NOT NULL)",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_enrolments_owner_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "series_id"],
            ["series.owner_id", "series.id"],
            name=op.f("fk_enrolments_owner_id_series"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "client_id"],
            ["clients.owner_id", "clients.id"],
            name=op.f("fk_enrolments_owner_id_clients"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["step_id"], ["series_steps.id"], name=op.f("fk_enrolments_step_id_series_steps")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolments")),
        sa.UniqueConstraint("series_id", "client_id", "round", name=op.f("uq_enrolments_series_id_client_id_round")),
    )
    op.execute("ALTER TABLE enrolments SET (fillfactor = 85)")
    waiting, due = sa.text("state = 'waiting'"), sa.text("due_at IS NOT NULL")
    op.create_index(
        "uq_enrolments_one_at_a_time", "enrolments", ["series_id", "client_id"], unique=True, postgresql_where=waiting
    )
    op.create_index("ix_enrolments_due", "enrolments", ["step_id", "due_at", "id"], postgresql_where=due)
    op.create_index("ix_enrolments_place", "enrolments", ["series_id", "state", "step_id"])
    op.create_index("ix_enrolments_client", "enrolments", ["client_id"])


def _checks(table: str, **conditions: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}")) for name, condition in conditions.items()]
