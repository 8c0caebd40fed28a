"""Clients who are one person: found, merged, and kept apart.

Revision ID: 0054
Revises: 0053
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

LEFT = ["unsubscribed", "suppressed", "deleted", "refused", "segment", "goal", "owner", "stopped"]


def _allow(values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute("ALTER TABLE enrolments DROP CONSTRAINT IF EXISTS ck_enrolments_left_reason")
    op.execute(
        f"ALTER TABLE enrolments ADD CONSTRAINT ck_enrolments_left_reason CHECK (left_reason IN ({listed})) NOT VALID"
    )


def upgrade() -> None:
    op.execute(
        r"""
        CREATE FUNCTION mailbox_of(address text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
            SELECT CASE
                WHEN address ~ '@(gmail|googlemail)\.com$' THEN
                    replace(regexp_replace(split_part(address, '@', 1), '(.)\+.*$', '\1'), '.', '') || '@gmail.com'
                WHEN address ~ '@(ya\.ru|narod\.ru|yandex\.(ru|com|by|kz))$' THEN
                    replace(regexp_replace(split_part(address, '@', 1), '(.)\+.*$', '\1'), '-', '.') || '@yandex.ru'
                ELSE regexp_replace(address, '^([^@+]+)\+[^@]*@', '\1@')
            END
        $$
        """
    )
    # Few are written otherwise, so it is small, and an import hardly pays for it.
    op.execute(
        "CREATE INDEX ix_clients_mailbox ON clients (owner_id, mailbox_of(email_key)) "
        "WHERE deleted_at IS NULL AND email_key <> mailbox_of(email_key)"
    )
    _create_tables()
    op.execute(
        """
        CREATE FUNCTION merged_clients_hand_over() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE deliveries d SET client_id = NEW.client_id FROM runs r
            WHERE d.client_id = NEW.merged_id AND d.state NOT IN ('waiting', 'deferred', 'in_doubt')
            AND r.id = d.run_id AND r.unlisted_count = 0;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER merged_clients_hand_over AFTER INSERT ON client_merges FOR EACH ROW "
        "EXECUTE FUNCTION merged_clients_hand_over()"
    )
    _allow([*LEFT, "merged"])


def _create_tables() -> None:
    op.create_table(
        "client_merges",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("merged_id", sa.BigInteger(), nullable=False),
        sa.Column("former", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("client_id <> merged_id", name=op.f("ck_client_merges_are_two")),
        sa.ForeignKeyConstraint(
            ["owner_id", "client_id"],
            ["clients.owner_id", "clients.id"],
            name=op.f("fk_client_merges_owner_id_client_id_clients"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "merged_id"],
            ["clients.owner_id", "clients.id"],
            name=op.f("fk_client_merges_owner_id_merged_id_clients"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_merges")),
        sa.UniqueConstraint("merged_id", name=op.f("uq_client_merges_merged_id")),
    )
    op.create_index("ix_client_merges_client", "client_merges", ["client_id"])
    op.create_table(
        "clients_apart",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("client_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("cardinality(client_ids) > 1", name=op.f("ck_clients_apart_are_several")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_clients_apart_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients_apart")),
        sa.UniqueConstraint("owner_id", "client_ids", name=op.f("uq_clients_apart_owner_id_client_ids")),
    )


def downgrade() -> None:
    """Who was merged stays deleted; what was sent to them stays with whom they became."""
    op.execute("UPDATE enrolments SET left_reason = 'deleted' WHERE left_reason = 'merged'")
    _allow(LEFT)
    op.drop_table("clients_apart")
    op.drop_table("client_merges")
    op.execute("DROP FUNCTION merged_clients_hand_over()")
    op.execute("DROP INDEX ix_clients_mailbox")
    op.execute("DROP FUNCTION mailbox_of(text)")
