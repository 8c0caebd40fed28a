"""Sign-up forms, the texts agreed to there, and who signed up.

Revision ID: 0044
Revises: 0043
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

ALLOWANCES = ["strangers", "recovery", "known-device", "new-address"]
REASONS = ["unsubscribed", "manual", "bad-address", "bounced", "complained"]
NOW = sa.text("now()")
# What somebody agreed to, and what says that they did, is evidence.
NEVER_CHANGE = {
    "consent_texts": "id, owner_id, form_id, kind, wording, made_at",
    "sign_ups": "id, owner_id, form_id, token, email, email_key, answers, consent_ids, page, ip, user_agent, asked_at",
}


def upgrade() -> None:
    op.create_table(
        "sign_up_forms",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.String(150), nullable=False),
        sa.Column("title", sa.String(150), nullable=False),
        sa.Column("intro", sa.String(1000), nullable=False),
        sa.Column("after_text", sa.String(1000), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("asked", postgresql.ARRAY(sa.String(40)), server_default="{}", nullable=False),
        sa.Column("required", postgresql.ARRAY(sa.String(40)), server_default="{}", nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.String(50)), server_default="{}", nullable=False),
        sa.Column("mail_subject", sa.String(200), nullable=False),
        sa.Column("mail_text", sa.String(4000), nullable=False),
        sa.Column("is_owner_told", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("required <@ asked", name=op.f("ck_sign_up_forms_what_is_required_is_asked")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_sign_up_forms_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up_forms")),
        sa.UniqueConstraint("owner_id", "id", name=op.f("uq_sign_up_forms_owner_id_id")),
        sa.UniqueConstraint("owner_id", "name", name="uq_sign_up_forms_owner_id_name"),
        sa.UniqueConstraint("token", name=op.f("uq_sign_up_forms_token")),
    )
    op.create_table(
        "consent_texts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("wording", sa.String(2000), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("kind IN ('mail', 'data')", name=op.f("ck_consent_texts_kind")),
        sa.ForeignKeyConstraint(
            ["owner_id", "form_id"],
            ["sign_up_forms.owner_id", "sign_up_forms.id"],
            name=op.f("fk_consent_texts_owner_id_form_id_sign_up_forms"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_texts")),
    )
    op.create_index("ix_consent_texts_form", "consent_texts", ["form_id", "kind", "id"])
    _create_sign_ups()
    for table, columns in NEVER_CHANGE.items():
        op.execute(
            f"CREATE TRIGGER {table}_never_change BEFORE UPDATE OF {columns} ON {table} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION never_changes('{columns}')"
        )
    _allow([*ALLOWANCES, "sign-up"])


def _create_sign_ups() -> None:
    reasons = ", ".join(f"'{reason}'" for reason in REASONS)
    op.create_table(
        "sign_ups",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("consent_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("page", sa.String(500), nullable=False),
        sa.Column("ip", sa.String(45), nullable=False),
        sa.Column("user_agent", sa.String(300), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_ip", sa.String(45), nullable=True),
        sa.Column("client_id", sa.BigInteger(), nullable=True),
        sa.Column("lifted_reason", sa.String(32), nullable=True),
        sa.Column("lifted_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("email_key = lower(email_key)", name=op.f("ck_sign_ups_email_key_is_lower")),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_ip IS NULL)", name=op.f("ck_sign_ups_confirmed_from_somewhere")
        ),
        sa.CheckConstraint(f"lifted_reason IN ({reasons})", name=op.f("ck_sign_ups_lifted_reason")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_sign_ups_client_id_clients"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "form_id"],
            ["sign_up_forms.owner_id", "sign_up_forms.id"],
            name=op.f("fk_sign_ups_owner_id_form_id_sign_up_forms"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
        sa.UniqueConstraint("token", name=op.f("uq_sign_ups_token")),
    )
    op.create_index("ix_sign_ups_address", "sign_ups", ["owner_id", "email_key", "asked_at"])
    op.create_index("ix_sign_ups_form", "sign_ups", ["form_id", "asked_at"])
    op.create_index("ix_sign_ups_client", "sign_ups", ["client_id"], postgresql_where=sa.text("client_id IS NOT NULL"))
    op.create_index("ix_sign_ups_open", "sign_ups", ["expires_at"], postgresql_where=sa.text("confirmed_at IS NULL"))


def _allow(allowances: list[str]) -> None:
    listed = ", ".join(f"'{each}'" for each in allowances)
    op.drop_constraint(op.f("ck_account_emails_allowance"), "account_emails", type_="check")
    op.execute(
        f"ALTER TABLE account_emails ADD CONSTRAINT ck_account_emails_allowance CHECK (allowance IN ({listed})) "
        "NOT VALID"
    )


def downgrade() -> None:
    """Mails that are not sent yet go: their templates are unknown to the release before."""
    op.drop_table("sign_ups")
    op.drop_table("consent_texts")
    op.drop_table("sign_up_forms")
    op.execute("DELETE FROM account_emails WHERE allowance = 'sign-up'")
    _allow(ALLOWANCES)
