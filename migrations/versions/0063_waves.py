"""Mailings at a time of each client's own zone: runs in waves.

Revision ID: 0063
Revises: 0067
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0067"
branch_labels = None
depends_on = None

NEVER_CHANGE = "id, owner_id, mailing_id, occurrence, token, snapshot, planned_at, created_at"  # of runs
CAN_START = "next_run_at IS NOT NULL AND paused_at IS NULL AND disabled_at IS NULL AND deleted_at IS NULL"


def _never_change(columns: str) -> None:
    op.execute("DROP TRIGGER runs_never_change ON runs")
    op.execute(
        f"CREATE TRIGGER runs_never_change BEFORE UPDATE OF {columns} ON runs FOR EACH STATEMENT "
        f"EXECUTE FUNCTION never_changes('{columns}')"
    )


def upgrade() -> None:
    """No column is filled, so no row is rewritten; the index of clients has no entries yet."""
    op.add_column("mailings", sa.Column("in_waves", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("mailings", sa.Column("first_wave_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_mailings_in_waves", "mailings", ["next_run_at"], postgresql_where=sa.text(f"in_waves AND {CAN_START}")
    )
    op.create_index(
        "ix_mailings_first_wave", "mailings", ["first_wave_at"], postgresql_where=sa.text("first_wave_at IS NOT NULL")
    )
    op.create_index(
        "ix_clients_timezone", "clients", ["owner_id", "timezone"], postgresql_where=sa.text("timezone <> ''")
    )
    op.add_column("runs", sa.Column("wave_local", sa.DateTime(), nullable=True))
    _never_change(f"{NEVER_CHANGE}, wave_local")
    op.add_column("slices", sa.Column("wave", sa.SmallInteger(), nullable=True))
    op.add_column("slices", sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("slices", sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "waves",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("zone_count", sa.SmallInteger(), nullable=False),
        sa.Column("client_count", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True)),
        sa.Column("begun_at", sa.DateTime(timezone=True)),
        sa.Column("is_too_late", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_waves_number_counts_from_one")),
        sa.CheckConstraint("zone_count >= 1 AND client_count >= 0", name=op.f("ck_waves_counts_are_sane")),
        sa.CheckConstraint("opens_at >= planned_at", name=op.f("ck_waves_opens_at_its_moment")),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_waves_closes_later")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_waves_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_waves")),
    )
    op.create_index("ix_waves_to_begin", "waves", ["opens_at"], postgresql_where=sa.text("begun_at IS NULL"))


def downgrade() -> None:
    """Mailings keep their calendar, and everybody gets them by the mailing's own zone."""
    op.drop_table("waves")
    for name in ("wave", "opens_at", "closes_at"):
        op.drop_column("slices", name)
    _never_change(NEVER_CHANGE)
    op.drop_column("runs", "wave_local")
    op.drop_index("ix_clients_timezone", "clients")
    op.drop_index("ix_mailings_first_wave", "mailings")
    op.drop_index("ix_mailings_in_waves", "mailings")
    op.drop_column("mailings", "first_wave_at")
    op.drop_column("mailings", "in_waves")
