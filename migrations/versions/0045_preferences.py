"""What readers choose themselves: topics, tags given back, a pause.

Revision ID: 0045
Revises: 0044
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

REASONS = [
    *("unsubscribed", "suppressed", "deleted", "invalid_address", "no_smtputf8", "render_error", "retries_ran_out"),
    *("counted_as_accepted", "owner", "disabled", "manager", "blocked", "mailing_deleted", "ended", "window"),
    *("no_catcher", "proven_by_report", "too_many", "too_late"),
]


def _allow(values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute("ALTER TABLE deliveries DROP CONSTRAINT IF EXISTS ck_deliveries_reason")
    op.execute(f"ALTER TABLE deliveries ADD CONSTRAINT ck_deliveries_reason CHECK (reason IN ({listed})) NOT VALID")


def upgrade() -> None:
    op.create_table(
        "topics",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("tag", sa.String(50), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("hint", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_topics_owner_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topics")),
        sa.UniqueConstraint("owner_id", "tag", name="uq_topics_owner_id_tag"),
    )
    op.add_column("clients", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "clients", sa.Column("refused_tags", postgresql.ARRAY(sa.String(50)), server_default="{}", nullable=False)
    )
    # An import, a rule or an owner's hand may add the tag: the person's word outweighs them. The condition costs no
    # call of the function for whoever has given nothing back.
    op.execute(
        """
        CREATE FUNCTION clients_keep_tags_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            NEW.tags := ARRAY(
                SELECT t.tag FROM unnest(NEW.tags) WITH ORDINALITY AS t (tag, n)
                WHERE t.tag <> ALL (NEW.refused_tags) ORDER BY t.n
            );
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER clients_keep_tags_off BEFORE UPDATE OF tags ON clients FOR EACH ROW "
        "WHEN (NEW.refused_tags <> '{}' AND NEW.tags && NEW.refused_tags) EXECUTE FUNCTION clients_keep_tags_off()"
    )
    _allow([*REASONS, "paused"])


def downgrade() -> None:
    """Who paused is written to again, and counts as left out where a run was made meanwhile."""
    op.execute("DROP FUNCTION clients_keep_tags_off CASCADE")
    op.drop_column("clients", "refused_tags")
    op.drop_column("clients", "paused_until")
    op.drop_table("topics")
    op.execute("ALTER TABLE deliveries DISABLE TRIGGER USER")
    op.execute("UPDATE deliveries SET reason = 'suppressed' WHERE reason = 'paused'")
    op.execute("ALTER TABLE deliveries ENABLE TRIGGER USER")
    op.execute("UPDATE run_tallies SET reason = 'suppressed' WHERE reason = 'paused'")
    _allow(REASONS)
