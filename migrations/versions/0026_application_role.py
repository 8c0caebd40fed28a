"""What the application's role may do, in functions of whoever owns the tables: no DDL, no DELETE of what was sent.

Revision ID: 0026
Revises: 0025
Create Date: 2026-11-29
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

# The one way in which they go: with the account that they belong to, once that is erased.
ERASING = {
    "erase_deliveries(of_run bigint, below integer)": """
        DELETE FROM deliveries d USING runs r, users u
        WHERE d.run_id = of_run AND d.position < below AND r.id = of_run AND u.id = r.owner_id
          AND u.erased_at IS NOT NULL""",
    "erase_runs(of_owner bigint)": """
        DELETE FROM runs r USING users u WHERE r.owner_id = of_owner AND u.id = of_owner AND u.erased_at IS NOT NULL""",
}


def upgrade() -> None:
    for signature, statement in ERASING.items():
        op.execute(
            f"CREATE FUNCTION {signature} RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT "
            f"AS $$ {statement} $$"
        )
        op.execute(f"REVOKE EXECUTE ON FUNCTION {signature} FROM PUBLIC")
    op.execute(
        """
        CREATE FUNCTION grant_to_application(role_name text) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE place text := quote_ident(current_schema());
        BEGIN
            EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', place, role_name);
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s TO %I', place, role_name);
            EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %s TO %I', place, role_name);
            EXECUTE format('GRANT EXECUTE ON FUNCTION erase_deliveries, erase_runs TO %I', role_name);
            EXECUTE format('REVOKE DELETE ON attempts, deliveries, runs, users FROM %I', role_name);
            EXECUTE format('REVOKE UPDATE, DELETE ON journal FROM %I', role_name);
            EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM %I', role_name);
        END $$
        """
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION grant_to_application, erase_deliveries, erase_runs")
