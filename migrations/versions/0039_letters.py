"""Messages are letters of blocks, HTML, or plain text; those there are keep what they send.

Revision ID: 0039
Revises: 0038
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kind = sa.Column("kind", sa.String(length=32), server_default="html", nullable=False)
    op.add_column("messages", kind)
    op.add_column("messages", sa.Column("document", postgresql.JSONB(), nullable=True))
    op.add_column("messages", sa.Column("compiled_by", sa.String(length=60), nullable=True))
    op.execute("UPDATE messages SET kind = 'text' WHERE html_body = ''")
    op.create_check_constraint(op.f("ck_messages_message_kind"), "messages", "kind IN ('blocks', 'html', 'text')")
    op.create_check_constraint(
        op.f("ck_messages_blocks_have_a_document"), "messages", "kind <> 'blocks' OR document IS NOT NULL"
    )
    _desks()
    _kept()


def _desks() -> None:
    op.create_table(
        "letter_desks",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("saved_number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id", "message_id"],
            ["messages.owner_id", "messages.id"],
            name=op.f("fk_letter_desks_owner_id_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_letter_desks")),
    )
    op.create_table(
        "letter_versions",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("touched", sa.String(length=40), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id", "message_id"],
            ["messages.owner_id", "messages.id"],
            name=op.f("fk_letter_versions_owner_id_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "number", name=op.f("pk_letter_versions")),
    )


def _kept() -> None:
    op.create_table(
        "own_templates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_own_templates_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_templates")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_own_templates_owner_id_name")),
    )
    op.create_table(
        "own_themes",
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("theme", postgresql.JSONB(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_own_themes_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_own_themes")),
    )


def downgrade() -> None:
    for table in ("own_themes", "own_templates", "letter_versions", "letter_desks"):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_messages_blocks_have_a_document"), "messages", type_="check")
    op.drop_constraint(op.f("ck_messages_message_kind"), "messages", type_="check")
    for column in ("compiled_by", "document", "kind"):
        op.drop_column("messages", column)
