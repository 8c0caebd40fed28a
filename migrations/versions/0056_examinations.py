"""Looking over every link of a message, and the mail of every person.

Revision ID: 0056
Revises: 0055
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

KINDS = ("links", "people")
STATES = ("queued", "running", "done", "cancelled", "failed")


def upgrade() -> None:
    op.create_table(
        "examinations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Enum(*KINDS, name="kind", native_enum=False, length=32, create_constraint=True),
                  nullable=False),
        sa.Column("mailing_id", sa.BigInteger(), nullable=True),
        sa.Column("message_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Enum(*STATES, name="state", native_enum=False, length=32, create_constraint=True),
                  nullable=False),
        sa.Column("total_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state IN ('done', 'cancelled', 'failed')) = (finished_at IS NOT NULL)",
                           name=op.f("ck_examinations_final_has_an_end")),
        sa.ForeignKeyConstraint(["owner_id", "message_id"], ["messages.owner_id", "messages.id"],
                                name=op.f("fk_examinations_owner_id_messages"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"],
                                name=op.f("fk_examinations_mailing_id_mailings"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_examinations")),
        sa.UniqueConstraint("message_id", "kind", name=op.f("uq_examinations_message_id_kind")),
    )  # fmt: skip
    op.create_index("ix_examinations_open", "examinations", ["moved_at"],
                    postgresql_where=sa.text("finished_at IS NULL"))  # fmt: skip


def downgrade() -> None:
    op.drop_table("examinations")
