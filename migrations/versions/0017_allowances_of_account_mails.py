"""Account mails that can be caused by a form are counted by their cause.

Revision ID: 0017
Revises: 0016
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KINDS = "allowance IN ('strangers', 'recovery', 'known-device', 'new-address')"
COUNTED = sa.text("allowance IS NOT NULL")


def upgrade() -> None:
    op.add_column("account_emails", sa.Column("allowance", sa.String(32), nullable=True))
    op.create_check_constraint(op.f("ck_account_emails_allowance"), "account_emails", KINDS)
    op.create_index(
        "ix_account_emails_counted",
        "account_emails",
        [sa.text("lower(to_email)"), "created_at"],
        postgresql_where=COUNTED,
    )


def downgrade() -> None:
    op.drop_index("ix_account_emails_counted", table_name="account_emails")
    op.drop_column("account_emails", "allowance")
