"""Who takes the mail of recipient domains: those at one provider share its pace.

Revision ID: 0076
Revises: 0069
Create Date: 2026-12-01
"""

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_exchangers",
        sa.Column("domain", sa.String(length=254), nullable=False),
        sa.Column("host", sa.String(length=255)),
        sa.Column("group_name", sa.String(length=32)),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("look_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_mail_exchangers")),
    )
    op.create_index("ix_mail_exchangers_look_due_at", "mail_exchangers", ["look_due_at"])


def downgrade() -> None:
    op.drop_table("mail_exchangers")
