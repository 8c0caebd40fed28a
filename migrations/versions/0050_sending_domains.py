"""Owners' own domains in From, and the keys that sign for them.

Revision ID: 0050
Revises: 0049
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sending_domains",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(180), nullable=False),
        sa.Column("local_part", sa.String(64), server_default="news", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_used", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("wants_key", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("look_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("findings", postgresql.JSONB(), nullable=True),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("NOT is_used OR proven_at IS NOT NULL", name=op.f("ck_sending_domains_used_is_proven")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_sending_domains_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sending_domains")),
        sa.UniqueConstraint("owner_id", "name", name="uq_sending_domains_owner_id_name"),
    )
    op.create_index(
        "uq_sending_domains_proven_name",
        "sending_domains",
        ["name"],
        unique=True,
        postgresql_where=sa.text("proven_at IS NOT NULL"),
    )
    op.create_index(
        "uq_sending_domains_used", "sending_domains", ["owner_id"], unique=True, postgresql_where=sa.text("is_used")
    )
    op.create_index("ix_sending_domains_look_due_at", "sending_domains", ["look_due_at"])
    op.create_table(
        "domain_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("selector", sa.String(63), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signs_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "retired_at IS NULL OR signs_since IS NOT NULL", name=op.f("ck_domain_keys_retired_has_signed")
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["sending_domains.id"],
            name=op.f("fk_domain_keys_domain_id_sending_domains"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_keys")),
        sa.UniqueConstraint("domain_id", "selector", name="uq_domain_keys_domain_id_selector"),
    )
    op.create_index(
        "uq_domain_keys_waiting",
        "domain_keys",
        ["domain_id"],
        unique=True,
        postgresql_where=sa.text("signs_since IS NULL"),
    )
    op.create_index(
        "uq_domain_keys_signing",
        "domain_keys",
        ["domain_id"],
        unique=True,
        postgresql_where=sa.text("signs_since IS NOT NULL AND retired_at IS NULL"),
    )


def downgrade() -> None:
    """Mailings leave from the service's address again."""
    op.drop_table("domain_keys")
    op.drop_table("sending_domains")
