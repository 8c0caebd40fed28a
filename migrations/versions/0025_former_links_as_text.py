"""Hashes of former links are text, as all others are: the panel can then name a row.

Revision ID: 0025
Revises: 0024
Create Date: 2026-11-29
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

REMEMBER = (
    "CREATE OR REPLACE FUNCTION remember_former_links() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN INSERT INTO former_links (token_hash) SELECT {hash} FROM gone ON CONFLICT DO NOTHING; RETURN NULL; END$$"
)


def upgrade() -> None:
    op.execute("ALTER TABLE former_links ALTER token_hash TYPE varchar(64) USING encode(token_hash, 'hex')")
    op.execute(REMEMBER.format(hash="encode(sha256(uuid_send(token)), 'hex')"))


def downgrade() -> None:
    op.execute("ALTER TABLE former_links ALTER token_hash TYPE bytea USING decode(token_hash, 'hex')")
    op.execute(REMEMBER.format(hash="sha256(uuid_send(token))"))
