"""What came back: reports tied to deliveries, figures of runs, and reasons not to write to an address any more.

Revision ID: 0038
Revises: 0037
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

DOORS = "'command', 'receiver', 'mailbox', 'webhook'"
KINDS = "'bounce', 'delayed', 'delivered', 'complaint', 'auto_reply', 'reply', 'unknown'"
CAME_BACK = ["transient", "permanent", "complained"]
SUPPRESSION = ["unsubscribed", "manual", "bad-address"]
PAUSES = ["refusals", "restored"]
REASONS = [
    *("unsubscribed", "suppressed", "deleted", "invalid_address", "no_smtputf8", "render_error", "retries_ran_out"),
    *("counted_as_accepted", "owner", "disabled", "blocked", "mailing_deleted", "ended", "window", "no_catcher"),
    "manager",
]
# In the functions of revision 0002, which count recipients into their run: `sum` over states, the `n` it sums, and both
# ways of counting.
REPLACED = {
    "successful_attempt_count = successful_attempt_count + d.answered_well,": (
        "bounced_count = bounced_count + d.bounced,\n        complained_count = complained_count + d.complained,\n"
        "        successful_attempt_count = successful_attempt_count + d.answered_well,"
    ),
    "coalesce(sum(attempts), 0) AS attempts": (
        "coalesce(sum(attempts), 0) AS attempts,\n"
        "            coalesce(sum(bounced) FILTER (WHERE state = 'accepted'), 0) AS bounced,\n"
        "            coalesce(sum(complained) FILTER (WHERE state = 'accepted'), 0) AS complained"
    ),
    " sum(attempt_count) AS attempts": (
        " sum(attempt_count) AS attempts,\n        count(*) FILTER (WHERE came_back IN ('transient', 'permanent')) AS"
        " bounced, count(*) FILTER (WHERE came_back = 'complained') AS complained"
    ),
    " -sum(attempt_count) AS attempts": (
        " -sum(attempt_count) AS attempts,\n        -count(*) FILTER (WHERE came_back IN ('transient', 'permanent')) AS"
        " bounced, -count(*) FILTER (WHERE came_back = 'complained') AS complained"
    ),
}
COUNTING = {
    "deliveries_added": [0, 1, 2],
    "deliveries_moved": [0, 1, 2, 3],
    "deliveries_removed": [0, 1, 3],
}
ROLE = ("ON attempts, deliveries, runs, users FROM", "ON attempts, deliveries, mail_reports, runs, users FROM")
TRIGGERS = {
    "mail_reports_immutable": (
        "BEFORE UPDATE ON mail_reports FOR EACH ROW",
        "RAISE EXCEPTION 'a report is never changed' USING ERRCODE = 'check_violation';",
    ),
    "mail_reports_need_a_delivery": (
        "AFTER INSERT ON mail_reports REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT",
        """
        IF EXISTS (
            SELECT FROM new_rows n
            WHERE NOT EXISTS (SELECT FROM deliveries d WHERE d.run_id = n.run_id AND d.position = n.position)
        ) THEN
            RAISE EXCEPTION 'a report needs its delivery' USING ERRCODE = 'foreign_key_violation';
        END IF;
        """,
    ),
    "mail_reports_go_with_deliveries": (
        "AFTER DELETE ON deliveries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT",
        "DELETE FROM mail_reports m USING old_rows o WHERE m.run_id = o.run_id AND m.position = o.position;",
    ),
}


def upgrade() -> None:
    _create_tables()
    op.add_column("deliveries", sa.Column("came_back", sa.String(32)))
    _allow("deliveries", "came_back", CAME_BACK)
    _allow("deliveries", "reason", [*REASONS, "proven_by_report"])
    _allow("suppressions", "reason", [*SUPPRESSION, "bounced", "complained"])
    _allow("runs", "pause_reason", [*PAUSES, "bounces"])
    for name in ("bounced_count", "complained_count"):
        op.add_column("runs", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.add_column("runs", sa.Column("tolerates_bounces", sa.Boolean(), server_default="false", nullable=False))
    op.create_check_constraint(
        op.f("ck_runs_only_accepted_ones_come_back"), "runs",
        "bounced_count >= 0 AND complained_count >= 0 AND bounced_count + complained_count <= accepted_count",
    )  # fmt: skip
    pairs = list(REPLACED.items())
    for name, places in COUNTING.items():
        _replace(f"{name}()", [pairs[place] for place in places])
    _replace("grant_to_application(text)", [ROLE])
    for name, (when, what) in TRIGGERS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what} RETURN NULL; END $$")
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    """Who complained or whose mail came back has a bad address then, as far as older code knows."""
    for name in TRIGGERS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    _replace("grant_to_application(text)", [ROLE[::-1]])
    pairs = [pair[::-1] for pair in REPLACED.items()]
    for name, places in COUNTING.items():
        _replace(f"{name}()", [pairs[place] for place in places])
    op.execute("UPDATE suppressions SET reason = 'bad-address' WHERE reason IN ('bounced', 'complained')")
    op.execute("UPDATE runs SET pause_reason = 'refusals' WHERE pause_reason = 'bounces'")
    op.execute("UPDATE deliveries SET reason = 'counted_as_accepted' WHERE reason = 'proven_by_report'")
    _allow("suppressions", "reason", SUPPRESSION)
    _allow("runs", "pause_reason", PAUSES)
    _allow("deliveries", "reason", REASONS)
    op.drop_constraint("ck_runs_only_accepted_ones_come_back", "runs")
    for name in ("tolerates_bounces", "complained_count", "bounced_count"):
        op.drop_column("runs", name)
    op.drop_column("deliveries", "came_back")
    op.drop_table("unread_mails")
    op.drop_table("mail_reports")


def _create_tables() -> None:
    op.create_table(
        "mail_reports",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("attempt_number", sa.SmallInteger()),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("door", sa.String(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("is_permanent", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("read_by", sa.String(16), nullable=False),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("smtp_code", sa.SmallInteger()),
        sa.Column("response", sa.String(1000), nullable=False),
        sa.Column("server", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_reports")),
        sa.CheckConstraint("smtp_code BETWEEN 200 AND 599", name=op.f("ck_mail_reports_smtp_code_is_a_reply")),
        sa.CheckConstraint(f"door IN ({DOORS})", name=op.f("ck_mail_reports_door")),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_mail_reports_kind")),
    )
    op.create_index("uq_mail_reports_door_digest", "mail_reports", ["door", "digest"], unique=True)
    op.create_index("ix_mail_reports_delivery", "mail_reports", ["run_id", "position"])
    op.create_table(
        "unread_mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("door", sa.String(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unread_mails")),
        sa.CheckConstraint(f"door IN ({DOORS})", name=op.f("ck_unread_mails_door")),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_unread_mails_kind")),
    )
    op.create_index("uq_unread_mails_door_digest", "unread_mails", ["door", "digest"], unique=True)
    op.create_index("ix_unread_mails_received", "unread_mails", ["received_at"])


def _allow(table: str, column: str, values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{column}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({listed})) NOT VALID")


def _replace(function: str, pairs: list[tuple[str, str]]) -> None:
    """Change words of a function; refused where it is not as this migration knows it."""
    steps = "\n".join(
        f"IF position($old${before}$old$ IN definition) = 0 THEN RAISE EXCEPTION '% is not as known', '{function}'; END IF;"
        f"definition := replace(definition, $old${before}$old$, $new${after}$new$);"
        for before, after in pairs
    )
    op.execute(
        f"DO $do$ DECLARE definition text; BEGIN SELECT pg_get_functiondef('{function}'::regprocedure) INTO definition; "
        f"{steps} EXECUTE definition; END $do$"
    )
