"""What a search for clients looks through: their words, folded, in a table of their own with an index for parts of words.

Revision ID: 0058
Revises: 0057
Create Date: 2026-11-30
"""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

log = logging.getLogger("alembic.runtime.migration")
VALUES = "CAST(jsonb_path_query_array({row}.attributes, '$.*') AS text)"
WORDS = (
    "translate(lower({row}.last_name || ' ' || {row}.first_name || ' ' || {row}.patronymic || ' ' || {row}.email || ' ' "
    f"|| {{row}}.comment || ' ' || CASE WHEN {{row}}.attributes <> '{{{{}}}}' THEN {VALUES} ELSE '' END), 'ё', 'е')"
)
NUMBERS = (
    f"btrim(regexp_replace(translate({{row}}.comment || ' ' || {VALUES}, ' ()-+./' || chr(160), ''), "
    "'[^0-9]+', ' ', 'g'))"
)
COLUMNS = ("last_name", "first_name", "patronymic", "email", "comment", "attributes")
NOW, BEFORE = (", ".join(f"{row}.{name}" for name in COLUMNS) for row in ("n", "o"))
INTO = "INSERT INTO client_texts (client_id, owner_id, words, numbers) "
FROM = f"SELECT n.id, n.owner_id, {WORDS.format(row='n')}, {NUMBERS.format(row='n')} FROM"
# name: (when, what)
TRIGGERS = {
    "clients_are_read": ("AFTER INSERT ON clients REFERENCING NEW TABLE AS come", f"{INTO} {FROM} come n"),
    "clients_are_read_anew": (
        "AFTER UPDATE ON clients REFERENCING OLD TABLE AS gone NEW TABLE AS come",
        f"UPDATE client_texts t SET words = {WORDS.format(row='n')}, numbers = {NUMBERS.format(row='n')} "  # noqa: S608
        f"FROM come n JOIN gone o ON o.id = n.id WHERE t.client_id = n.id AND ({NOW}) IS DISTINCT FROM ({BEFORE})",
    ),
    "clients_are_read_no_more": (
        "AFTER DELETE ON clients REFERENCING OLD TABLE AS gone",
        "DELETE FROM client_texts t USING gone o WHERE t.client_id = o.id",
    ),
}


def upgrade() -> None:
    op.create_table(
        "client_texts",
        sa.Column("client_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_texts")),
    )
    for name, (when, what) in TRIGGERS.items():
        op.execute(
            sa.text(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN {what}; RETURN NULL; END $$".replace(":", r"\:")
            )
        )
        op.execute(f"CREATE TRIGGER {name} {when} FOR EACH STATEMENT EXECUTE FUNCTION {name}()")
    op.execute(sa.text(f"{INTO} {FROM} clients n".replace(":", r"\:")))
    if not _has_trigrams():
        log.warning("PostgreSQL has no pg_trgm here: a search for clients reads the owner's whole list")
        return
    op.execute("SET LOCAL maintenance_work_mem = '256MB'")
    op.create_index(
        "ix_client_texts_search",
        "client_texts",
        ["words", "numbers"],
        postgresql_using="gin",
        postgresql_ops={"words": "gin_trgm_ops", "numbers": "gin_trgm_ops"},
        # Many new clients are put into the index at once, at half the cost; vacuum does it for a few before long.
        postgresql_with={"gin_pending_list_limit": 65536},
    )
    op.execute("ALTER TABLE client_texts SET (autovacuum_vacuum_insert_scale_factor = 0.01)")
    op.execute("ANALYZE client_texts")  # a search that comes before autovacuum does has to know what is rare


def _has_trigrams() -> bool:
    """Whether the extension is there, made now where this role may make it: it belongs to PostgreSQL's own."""
    ready = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')"
    can = (
        "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') "
        "AND has_database_privilege(current_database(), 'CREATE')"
    )
    connection = op.get_bind()
    if not connection.scalar(sa.text(ready)) and connection.scalar(sa.text(can)):
        op.execute("CREATE EXTENSION pg_trgm")
    return bool(connection.scalar(sa.text(ready)))


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.drop_table("client_texts")
