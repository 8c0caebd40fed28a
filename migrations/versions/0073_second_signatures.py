"""A key of Ed25519 beside each key of RSA of an owner's domain.

Revision ID: 0073
Revises: 0071
Create Date: 2026-12-01
"""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("domain_keys", sa.Column("ed25519_record", sa.Text()))
    op.add_column("domain_keys", sa.Column("ed25519_sealed", sa.Text()))
    op.add_column("domain_keys", sa.Column("ed25519_seen_at", sa.DateTime(timezone=True)))
    op.execute(
        "ALTER TABLE domain_keys ADD CONSTRAINT ck_domain_keys_seen_is_there "
        "CHECK (ed25519_seen_at IS NULL OR ed25519_sealed IS NOT NULL) NOT VALID"
    )


def downgrade() -> None:
    op.drop_constraint("ck_domain_keys_seen_is_there", "domain_keys")
    for column in ("ed25519_seen_at", "ed25519_sealed", "ed25519_record"):
        op.drop_column("domain_keys", column)
