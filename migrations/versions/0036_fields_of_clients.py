"""Own fields with a type: the names found in `attributes` become text fields, and no client is rewritten.

Revision ID: 0036
Revises: 0035
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

KINDS = {"n": sa.Numeric(), "d": sa.Date(), "b": sa.Boolean()}
MOST_FIELDS = 100
# The most used names first; one beyond the limit stays what it is, shown and exported, without a field.
NAMES = """
    INSERT INTO client_fields (owner_id, key, label, position, created_at)
    SELECT owner_id, key, key, place, now() FROM (
        SELECT owner_id, key, row_number() OVER (PARTITION BY owner_id ORDER BY used DESC, key) AS place FROM (
            SELECT c.owner_id, k.key, count(*) AS used FROM clients c, jsonb_object_keys(c.attributes) AS k (key)
            WHERE c.attributes <> '{}' AND char_length(k.key) BETWEEN 1 AND 50 GROUP BY c.owner_id, k.key
        ) AS counted
    ) AS numbered WHERE place <= :most
"""


def upgrade() -> None:
    op.create_table(
        "client_fields",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(50), nullable=False),
        sa.Column("label", sa.String(50), nullable=False),
        sa.Column("type", sa.String(32), server_default="text", nullable=False),
        sa.Column("slot", sa.String(3), nullable=True),
        sa.Column("choices", postgresql.ARRAY(sa.String(100)), server_default="{}", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_listed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "type IN ('text', 'number', 'date', 'boolean', 'choice')", name=op.f("ck_client_fields_type")
        ),
        sa.CheckConstraint(
            "(type IN ('number', 'date', 'boolean')) = (slot IS NOT NULL)",
            name=op.f("ck_client_fields_typed_has_a_slot"),
        ),
        sa.CheckConstraint(
            "type <> 'choice' OR cardinality(choices) > 0", name=op.f("ck_client_fields_choice_has_choices")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_client_fields_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_fields")),
        sa.UniqueConstraint("owner_id", "key", name="uq_client_fields_owner_id_key"),
        sa.UniqueConstraint("owner_id", "slot", name=op.f("uq_client_fields_owner_id_slot")),
    )
    op.create_index("uq_client_fields_owner_label", "client_fields", ["owner_id", "label"], unique=True)
    columns = ", ".join(
        f"ADD COLUMN {letter}{number} {kind.compile(dialect=postgresql.dialect())}"
        for letter, kind in KINDS.items()
        for number in range(1, 21)
    )
    op.execute(f"ALTER TABLE clients {columns}")
    op.get_bind().execute(sa.text(NAMES), {"most": MOST_FIELDS})


def downgrade() -> None:
    columns = ", ".join(f"DROP COLUMN {letter}{number}" for letter in KINDS for number in range(1, 21))
    op.execute(f"ALTER TABLE clients {columns}")
    op.drop_table("client_fields")
