"""What mail servers said when they kept a run from being sent.

Revision ID: 0023
Revises: 0022
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

PHASES = [
    *("connect", "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "mark", "content"),
    *("rset", "idle", "quit"),
]

# Moments of the present calendar that came to nothing: from now on a number of runs goes on without them.
SKIPPED_SO_FAR = """
    UPDATE mailings SET skipped_count = s.n
    FROM (
        SELECT m.id, count(*) AS n FROM mailings m JOIN runs r ON r.mailing_id = m.id
        WHERE m.run_limit IS NOT NULL AND r.state = 'skipped' AND r.occurrence NOT LIKE 'manual:%'
            AND r.planned_at >= m.starts_local AT TIME ZONE m.timezone
        GROUP BY m.id
    ) AS s
    WHERE mailings.id = s.id
"""


def upgrade() -> None:
    op.create_table(
        "run_faults",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("server", sa.String(100), nullable=False),
        sa.Column(
            "phase",
            sa.Enum(*PHASES, name="phase", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("smtp_code", sa.SmallInteger(), nullable=True),
        sa.Column("response", sa.String(1000), nullable=False),
        sa.Column("count", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_run_faults_count_is_positive")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_faults_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_faults")),
    )
    op.create_index("ix_run_faults_run_last", "run_faults", ["run_id", "last_at"])
    op.add_column("mail_servers", sa.Column("last_fault_phase", sa.String(32), nullable=True))
    op.add_column("mail_servers", sa.Column("last_fault_code", sa.SmallInteger(), nullable=True))
    op.add_column("mailings", sa.Column("skipped_count", sa.Integer(), server_default="0", nullable=False))
    op.execute(SKIPPED_SO_FAR)


def downgrade() -> None:
    op.drop_column("mailings", "skipped_count")
    op.drop_column("mail_servers", "last_fault_code")
    op.drop_column("mail_servers", "last_fault_phase")
    op.drop_table("run_faults")
