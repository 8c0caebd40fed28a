"""Clicks and opens: who asked for a link, judged, and figures that stay.

Revision ID: 0047
Revises: 0046
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

VERDICTS = "'person', 'probably', 'machine'"
RULES = (
    "'none', 'proxy', 'head', 'ahead', 'program', 'burst', 'at_once', 'soon', 'proxy_soon', 'apple', 'gmail', 'network'"
)


def upgrade() -> None:
    for name in ("counts_clicks", "counts_opens"):
        op.add_column("mailings", sa.Column(name, sa.Boolean(), server_default="false", nullable=False))
    op.add_column("runs", sa.Column("is_tracked", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("runs", sa.Column("reactions_ended_at", sa.DateTime(timezone=True)))
    for name in ("clicked_count", "opened_count"):
        op.add_column("runs", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_runs_tracked",
        "runs",
        ["closed_at"],
        postgresql_where=sa.text("is_tracked AND reactions_ended_at IS NULL"),
    )
    _create_hits()
    _create_judged()


def downgrade() -> None:
    for table in ("reaction_hours", "reaction_totals", "reactions", "link_hits"):
        op.drop_table(table)
    op.drop_index("ix_runs_tracked", "runs")
    for name in ("opened_count", "clicked_count", "reactions_ended_at", "is_tracked"):
        op.drop_column("runs", name)
    for name in ("counts_opens", "counts_clicks"):
        op.drop_column("mailings", name)


def _create_hits() -> None:
    op.create_table(
        "link_hits",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_head", sa.Boolean(), nullable=False),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("purpose", sa.String(60), nullable=False),
        sa.Column("agent", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_hits")),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_link_hits_run", "link_hits", ["run_id", "at"])


def _create_judged() -> None:
    op.create_table(
        "reactions",
        _run(),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("link", sa.SmallInteger(), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hit_count", sa.Integer(), nullable=False),
        *_constraints("reactions", "run_id", "position", "link", "verdict"),
        *_checks("reactions"),
    )
    op.create_table(
        "reaction_totals",
        _run(),
        sa.Column("link", sa.SmallInteger(), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("recipient_count", sa.Integer(), nullable=False),
        *_constraints("reaction_totals", "run_id", "link", "verdict", "rule"),
        *_checks("reaction_totals"),
    )
    op.create_table(
        "reaction_hours",
        _run(),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clicked_count", sa.Integer(), nullable=False),
        sa.Column("opened_count", sa.Integer(), nullable=False),
        *_constraints("reaction_hours", "run_id", "hour"),
    )


def _run() -> sa.Column[int]:
    return sa.Column("run_id", sa.BigInteger(), nullable=False)


def _constraints(table: str, *key: str) -> list[sa.Constraint]:
    reference = sa.ForeignKeyConstraint(
        ["run_id"], ["runs.id"], name=op.f(f"fk_{table}_run_id_runs"), ondelete="CASCADE"
    )
    return [sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")), reference]


def _checks(table: str) -> list[sa.Constraint]:
    return [
        sa.CheckConstraint(f"verdict IN ({VERDICTS})", name=op.f(f"ck_{table}_verdict")),
        sa.CheckConstraint(f"rule IN ({RULES})", name=op.f(f"ck_{table}_rule")),
    ]
