"""References of deliveries and attempts are looked at once a statement, not once a row.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-21
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NEW, OLD = "REFERENCING NEW TABLE AS new_rows", "REFERENCING OLD TABLE AS old_rows"
# name: (when, what)
TRIGGERS = {
    "deliveries_need_a_run": (
        f"AFTER INSERT ON deliveries {NEW}",
        """
        IF EXISTS (
            SELECT FROM (SELECT run_id FROM new_rows GROUP BY run_id) AS named
            WHERE NOT EXISTS (SELECT FROM runs r WHERE r.id = named.run_id)
        ) THEN
            RAISE EXCEPTION 'a delivery needs its run' USING ERRCODE = 'foreign_key_violation';
        END IF;
        """,
    ),
    "attempts_need_a_delivery": (
        f"AFTER INSERT ON attempts {NEW}",
        """
        IF EXISTS (
            SELECT FROM new_rows n
            WHERE NOT EXISTS (SELECT FROM deliveries d WHERE d.run_id = n.run_id AND d.position = n.position)
        ) THEN
            RAISE EXCEPTION 'an attempt needs its delivery' USING ERRCODE = 'foreign_key_violation';
        END IF;
        """,
    ),
    "attempts_go_with_deliveries": (
        f"AFTER DELETE ON deliveries {OLD}",
        "DELETE FROM attempts a USING old_rows o WHERE a.run_id = o.run_id AND a.position = o.position;",
    ),
    "deliveries_go_with_runs": (
        f"AFTER DELETE ON runs {OLD}",
        "DELETE FROM deliveries d USING old_rows o WHERE d.run_id = o.id;",
    ),
    "deliveries_forget_clients": (
        f"AFTER DELETE ON clients {OLD}",
        "UPDATE deliveries d SET client_id = NULL FROM old_rows o WHERE d.client_id = o.id;",
    ),
}


def upgrade() -> None:
    for name, (when, what) in TRIGGERS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what} RETURN NULL; END $$")
        op.execute(f"CREATE TRIGGER {name} {when} FOR EACH STATEMENT EXECUTE FUNCTION {name}()")
    op.drop_constraint("fk_attempts_run_id_position_deliveries", "attempts")
    op.drop_constraint("fk_deliveries_client_id_clients", "deliveries")
    op.drop_constraint("fk_deliveries_run_id_runs", "deliveries")
    # Over half a page free: every delivery is written twice, and the second time it stays there and touches no index.
    op.execute("ALTER TABLE deliveries SET (fillfactor = 45)")


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.create_foreign_key(
        "fk_attempts_run_id_position_deliveries", "attempts", "deliveries",
        ["run_id", "position"], ["run_id", "position"], ondelete="CASCADE",
    )  # fmt: skip
    op.create_foreign_key(
        "fk_deliveries_client_id_clients", "deliveries", "clients", ["client_id"], ["id"], ondelete="SET NULL"
    )
    op.create_foreign_key("fk_deliveries_run_id_runs", "deliveries", "runs", ["run_id"], ["id"], ondelete="CASCADE")
    op.execute("ALTER TABLE deliveries SET (fillfactor = 70)")
