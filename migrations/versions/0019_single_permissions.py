"""Permissions granted one by one besides the role.

Revision ID: 0019
Revises: 0018
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

GRANTABLE = ["oversee", "block-users", "switch-mailings", "approve-mailings", "approve-posts", "set-limits"]
# Whatever the list holds by now.
MORE_ACTIONS = r"""
    DO $do$ DECLARE definition text; BEGIN
        SELECT pg_get_constraintdef(oid) INTO STRICT definition FROM pg_constraint WHERE conname = 'ck_journal_action';
        IF position('permissions-changed' IN definition) = 0 THEN
            ALTER TABLE journal DROP CONSTRAINT ck_journal_action;
            EXECUTE 'ALTER TABLE journal ADD CONSTRAINT ck_journal_action '
                || regexp_replace(definition, 'ARRAY\[', 'ARRAY[''permissions-changed''::character varying, ');
        END IF;
    END $do$
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("granted", ARRAY(sa.String(32)), server_default="{}", nullable=False))
    listed = ", ".join(f"'{name}'" for name in GRANTABLE)
    op.create_check_constraint(op.f("ck_users_granted_can_be"), "users", f"granted <@ ARRAY[{listed}]::varchar[]")
    op.execute(MORE_ACTIONS)


def downgrade() -> None:
    """Entries of the new kind stay: the journal is never changed."""
    op.drop_column("users", "granted")
