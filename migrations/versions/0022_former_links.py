"""Links of clients who are gone altogether: that there were such links, and nothing else about anybody.

Revision ID: 0022
Revises: 0021
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_former_links")),
    )
    op.execute(
        "CREATE FUNCTION remember_former_links() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN INSERT INTO former_links (token_hash) SELECT sha256(uuid_send(token)) FROM gone "
        "ON CONFLICT DO NOTHING; RETURN NULL; END$$"
    )
    op.execute(
        "CREATE TRIGGER remember_former_links AFTER DELETE ON clients REFERENCING OLD TABLE AS gone "
        "FOR EACH STATEMENT EXECUTE FUNCTION remember_former_links()"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION remember_former_links() CASCADE")
    op.drop_table("former_links")
