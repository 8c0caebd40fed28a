"""How many clients an owner has, and with which tags, kept by triggers; indexes for long lists.

Revision ID: 0055
Revises: 0054
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

INTO = "INSERT INTO client_counts (owner_id, is_deleted, tag, change)"
# What a table of clients adds to the numbers.
EACH = """
    SELECT owner_id, deleted_at IS NOT NULL AS is_deleted, NULL::varchar AS tag, {sign}1 AS one FROM {rows}
    UNION ALL
    SELECT owner_id, deleted_at IS NOT NULL, unnest(tags), {sign}1 FROM {rows}
"""
SUM = "SELECT owner_id, is_deleted, tag, sum(one) FROM ({each}) AS one_by_one GROUP BY 1, 2, 3 HAVING sum(one) <> 0"
COME, GONE = EACH.format(rows="come", sign=""), EACH.format(rows="gone", sign="-")
# name: (when, what)
TRIGGERS = {
    "clients_are_counted": ("AFTER INSERT ON clients REFERENCING NEW TABLE AS come", SUM.format(each=COME)),
    "clients_are_counted_anew": (
        "AFTER UPDATE ON clients REFERENCING OLD TABLE AS gone NEW TABLE AS come",
        SUM.format(each=f"{COME} UNION ALL {GONE}"),
    ),
    # Of an account that is erased nothing is counted any more.
    "clients_are_counted_off": (
        "AFTER DELETE ON clients REFERENCING OLD TABLE AS gone",
        SUM.format(
            each=f"SELECT o.* FROM ({GONE}) AS o "  # noqa: S608 - ours
            "WHERE EXISTS (SELECT FROM users u WHERE u.id = o.owner_id AND u.erased_at IS NULL)"
        ),
    ),
}


def upgrade() -> None:
    op.create_table(
        "client_counts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("tag", sa.String(length=50), nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_counts")),
    )
    op.create_index("ix_client_counts_owner", "client_counts", ["owner_id", "tag"])
    for name, (when, what) in TRIGGERS.items():  # from the first of them on nobody else writes clients
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {INTO} {what}; RETURN NULL; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} {when} FOR EACH STATEMENT EXECUTE FUNCTION {name}()")
    op.execute(f"{INTO} {SUM.format(each=EACH.format(rows='clients', sign=''))}")
    # A deep page is found in the index alone.
    op.drop_index("ix_clients_owner_created", table_name="clients")
    op.create_index(
        "ix_clients_owner_added",
        "clients",
        ["owner_id", "created_at", "id"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_clients_refused_tags", "clients", ["owner_id"], postgresql_where=sa.text("refused_tags <> '{}'")
    )

    op.create_index("ix_clients_paused", "clients", ["owner_id"], postgresql_where=sa.text("paused_until IS NOT NULL"))
    op.drop_index("ix_clients_owner_name", table_name="clients")  # the one with the order of a dictionary serves


def downgrade() -> None:
    op.create_index("ix_clients_owner_name", "clients", ["owner_id", "last_name", "first_name", "id"])
    op.drop_index("ix_clients_paused", table_name="clients")
    op.drop_index("ix_clients_refused_tags", table_name="clients")
    op.create_index("ix_clients_owner_created", "clients", ["owner_id", "created_at", "id"])
    op.drop_index("ix_clients_owner_added", table_name="clients")
    for name in TRIGGERS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.drop_table("client_counts")
