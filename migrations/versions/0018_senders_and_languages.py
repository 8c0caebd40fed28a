"""A message has a name and a language; a mailing has a sender's name and an address for answers.

Revision ID: 0018
Revises: 0017
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

PURPOSES = ("confirm-email", "reset-password", "change-email")


def upgrade() -> None:
    op.add_column("messages", sa.Column("name", sa.String(150), server_default="", nullable=False))
    op.add_column("messages", sa.Column("language", sa.String(8), server_default="ru", nullable=False))
    op.execute("UPDATE messages SET language = users.language FROM users WHERE users.id = messages.owner_id")
    op.create_table(
        "own_addresses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_own_addresses_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_addresses")),
        sa.UniqueConstraint("owner_id", "id", name=op.f("uq_own_addresses_owner_id_id")),
    )
    op.create_index("uq_own_addresses_owner_email", "own_addresses", ["owner_id", sa.text("lower(email)")], unique=True)
    op.add_column("mailings", sa.Column("sender_name", sa.String(100), server_default="", nullable=False))
    op.add_column("mailings", sa.Column("reply_to_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_mailings_owner_id_reply_to_id_own_addresses"),
        "mailings",
        "own_addresses",
        ["owner_id", "reply_to_id"],
        ["owner_id", "id"],
    )
    op.create_index("ix_mailings_reply_to", "mailings", ["reply_to_id"], postgresql_where="reply_to_id IS NOT NULL")
    _allow((*PURPOSES, "confirm-own-address"))


def downgrade() -> None:
    op.execute("DELETE FROM account_tokens WHERE purpose = 'confirm-own-address'")
    _allow(PURPOSES)
    op.drop_column("mailings", "reply_to_id")
    op.drop_column("mailings", "sender_name")
    op.drop_table("own_addresses")
    op.drop_column("messages", "language")
    op.drop_column("messages", "name")


def _allow(purposes: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_account_tokens_purpose"), "account_tokens", type_="check")
    listed = ", ".join(f"'{purpose}'" for purpose in purposes)
    op.create_check_constraint(op.f("ck_account_tokens_purpose"), "account_tokens", f"purpose IN ({listed})")
