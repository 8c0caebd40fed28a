"""Columns that never change once written, and what was sent goes only with an account whose end is in the journal.

Revision ID: 0032
Revises: 0031
Create Date: 2026-11-30
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# Who wrote to whom, what and when. Attempts and the journal are whole in themselves (0002, 0009).
NEVER_CHANGE = {
    "users": "id, created_at",
    "runs": "id, owner_id, mailing_id, occurrence, token, snapshot, planned_at, created_at",
    "deliveries": "run_id, position, client_id, email, email_key, bound_values",
}
ERASED = (
    "u.erased_at IS NOT NULL "
    "AND EXISTS (SELECT FROM journal j WHERE j.subject = 'user ' || u.id AND j.action = 'erased')"
)
ERASING = {
    "erase_deliveries(of_run bigint, below integer)": """
        DELETE FROM deliveries d USING runs r, users u
        WHERE d.run_id = of_run AND d.position < below AND r.id = of_run AND u.id = r.owner_id AND {erased}""",
    "erase_runs(of_owner bigint)": """
        DELETE FROM runs r USING users u WHERE r.owner_id = of_owner AND u.id = of_owner AND {erased}""",
}


def upgrade() -> None:
    # A statement that names such a column is refused; other updates cost nothing. What the database itself does in
    # answer to a deletion (a delivery forgets its client) comes from a trigger, one level down.
    op.execute(
        """
        CREATE FUNCTION never_changes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF pg_trigger_depth() > 1 THEN RETURN NULL; END IF;
            RAISE EXCEPTION 'these columns of % never change: %', TG_TABLE_NAME, TG_ARGV[0]
                USING ERRCODE = 'check_violation';
        END $$
        """
    )
    for table, columns in NEVER_CHANGE.items():
        op.execute(
            f"CREATE TRIGGER {table}_never_change BEFORE UPDATE OF {columns} ON {table} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION never_changes('{columns}')"
        )
    # An account is erased with everything that names a person, for good. NOT VALID: rows of before are not looked at.
    op.execute(
        "ALTER TABLE users ADD CONSTRAINT ck_users_erased_names_nobody CHECK (erased_at IS NULL OR "
        "email = 'deleted-' || id || '@deleted.invalid' AND password_hash = '') NOT VALID"
    )
    op.execute(
        """
        CREATE FUNCTION users_are_erased_for_good() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'an account is erased for good' USING ERRCODE = 'check_violation';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER users_are_erased_for_good BEFORE UPDATE OF erased_at ON users FOR EACH ROW "
        "WHEN (OLD.erased_at IS NOT NULL AND NEW.erased_at IS DISTINCT FROM OLD.erased_at) "
        "EXECUTE FUNCTION users_are_erased_for_good()"
    )
    _replace_erasing(ERASED)


def downgrade() -> None:
    _replace_erasing("u.erased_at IS NOT NULL")
    op.execute("DROP FUNCTION users_are_erased_for_good CASCADE")
    op.drop_constraint("erased_names_nobody", "users", type_="check")
    op.execute("DROP FUNCTION never_changes CASCADE")


def _replace_erasing(condition: str) -> None:
    for signature, statement in ERASING.items():
        op.execute(
            f"CREATE OR REPLACE FUNCTION {signature} RETURNS void LANGUAGE sql SECURITY DEFINER "
            f"SET search_path FROM CURRENT AS $$ {statement.format(erased=condition)} $$"
        )
