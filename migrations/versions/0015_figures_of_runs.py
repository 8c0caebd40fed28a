"""What a run tells besides: mails sent, who left because of it, and why those left out or refused were.

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Counted with the delivery that an attempt belongs to, as the other figures are: whichever of the two is written last. The
# sender writes attempts first, and so locks the run's row once a slice and not once a group of answers.
COUNT_SENT = """
    UPDATE runs SET sent_count = sent_count + s.n
    FROM ({sent} AND (a.outcome = 'accepted' OR a.phase = 'content') GROUP BY a.run_id) AS s
    WHERE runs.id = s.run_id;
"""
SETTLED = """
    SELECT a.run_id, count(*) AS n
    FROM old_rows o
    JOIN new_rows d ON d.run_id = o.run_id AND d.position = o.position AND d.attempt_count > o.attempt_count
    JOIN attempts a ON a.run_id = d.run_id AND a.position = d.position
    WHERE a.number > o.attempt_count AND a.number <= d.attempt_count
"""
ADDED = """
    SELECT a.run_id, count(*) AS n
    FROM new_rows a JOIN deliveries d ON d.run_id = a.run_id AND d.position = a.position
    WHERE a.number <= d.attempt_count
"""
TRIGGERS = {
    "deliveries_count_sent": (
        "AFTER UPDATE ON deliveries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
        COUNT_SENT.format(sent=SETTLED),
    ),
    "attempts_count_sent": (
        "AFTER INSERT ON attempts REFERENCING NEW TABLE AS new_rows",
        COUNT_SENT.format(sent=ADDED),
    ),
}
BACKFILL = """
    UPDATE runs SET sent_count = s.n
    FROM (
        SELECT a.run_id, count(*) AS n
        FROM attempts a JOIN deliveries d ON d.run_id = a.run_id AND d.position = a.position
        WHERE (a.outcome = 'accepted' OR a.phase = 'content') AND a.number <= d.attempt_count
        GROUP BY a.run_id
    ) AS s
    WHERE runs.id = s.run_id
"""
CHECKS = {"sent_is_not_negative": "sent_count >= 0", "unsubscribed_is_not_negative": "unsubscribed_count >= 0"}


def upgrade() -> None:
    for name in ("sent_count", "unsubscribed_count"):
        op.add_column("runs", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.add_column("runs", sa.Column("tallied_at", sa.DateTime(timezone=True)))
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_runs_{name}"), "runs", condition)
    op.create_index(
        "ix_runs_to_tally",
        "runs",
        ["id"],
        postgresql_where=sa.text("closed_at IS NOT NULL AND tallied_at IS DISTINCT FROM closed_at"),
    )
    op.create_table(
        "run_tallies",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_tallies_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "kind", "reason", name=op.f("pk_run_tallies")),
        sa.CheckConstraint("count > 0", name=op.f("ck_run_tallies_count_is_positive")),
    )
    op.add_column("suppressions", sa.Column("run_id", sa.BigInteger()))
    op.create_foreign_key(
        op.f("fk_suppressions_run_id_runs"), "suppressions", "runs", ["run_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index("ix_suppressions_run", "suppressions", ["run_id"], postgresql_where=sa.text("run_id IS NOT NULL"))
    op.execute(BACKFILL)
    for name, (when, what) in TRIGGERS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what} RETURN NULL; END $$")
        op.execute(f"CREATE TRIGGER {name} {when} FOR EACH STATEMENT EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.drop_column("suppressions", "run_id")
    op.drop_table("run_tallies")
    for name in ("tallied_at", "unsubscribed_count", "sent_count"):
        op.drop_column("runs", name)
