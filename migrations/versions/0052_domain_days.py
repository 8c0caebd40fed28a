"""Figures of runs by recipient domain and day.

Revision ID: 0052
Revises: 0051
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

FIGURES = ("accepted", "deferred", "refused", "bounced", "complained")


def upgrade() -> None:
    op.create_table(
        "domain_days",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("domain", sa.String(length=254), nullable=False),
        sa.Column("figure", sa.Enum(*FIGURES, name="figure", native_enum=False, length=32), nullable=False),
        sa.Column("words", sa.String(length=160), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_domain_days_count_is_positive")),
        sa.CheckConstraint(
            "figure IN ({})".format(", ".join(f"'{figure}'" for figure in FIGURES)), name=op.f("ck_domain_days_figure")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_domain_days_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "day", "domain", "figure", "words", name=op.f("pk_domain_days")),
    )
    op.create_index("ix_domain_days_owner_day", "domain_days", ["owner_id", "day"])
    op.create_index("ix_domain_days_day", "domain_days", ["day"])
    op.add_column("runs", sa.Column("domains_counted_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_runs_to_count_domains",
        "runs",
        ["id"],
        postgresql_where=sa.text("closed_at IS NOT NULL AND domains_counted_at IS DISTINCT FROM closed_at"),
    )


def downgrade() -> None:
    op.drop_index("ix_runs_to_count_domains", "runs")
    op.drop_column("runs", "domains_counted_at")
    op.drop_table("domain_days")
