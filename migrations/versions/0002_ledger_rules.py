"""Rules of the ledger: counters kept by triggers, illegal moves refused, attempts immutable.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-21
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# One statement for a whole slice: the figures of the run change with the rows, in the same transaction, or not at all.
COUNT = """
    UPDATE runs SET
        planned_count = planned_count + d.planned,
        waiting_count = waiting_count + d.waiting,
        accepted_count = accepted_count + d.accepted,
        refused_count = refused_count + d.refused,
        excluded_count = excluded_count + d.excluded,
        stopped_count = stopped_count + d.stopped,
        uncertain_count = uncertain_count + d.uncertain,
        successful_attempt_count = successful_attempt_count + d.answered_well,
        failed_attempt_count = failed_attempt_count + d.attempts - d.answered_well
    FROM (
        SELECT run_id,
            sum(n) AS planned,
            coalesce(sum(n) FILTER (WHERE state IN ('waiting', 'deferred', 'in_doubt')), 0) AS waiting,
            coalesce(sum(n) FILTER (WHERE state = 'accepted'), 0) AS accepted,
            coalesce(sum(n) FILTER (WHERE state = 'refused'), 0) AS refused,
            coalesce(sum(n) FILTER (WHERE state = 'excluded'), 0) AS excluded,
            coalesce(sum(n) FILTER (WHERE state = 'stopped'), 0) AS stopped,
            coalesce(sum(n) FILTER (WHERE state = 'uncertain'), 0) AS uncertain,
            coalesce(sum(n) FILTER (WHERE state = 'accepted' AND was_answered), 0) AS answered_well,
            coalesce(sum(attempts), 0) AS attempts
        FROM ({changes}) AS change GROUP BY run_id
    ) AS d
    WHERE runs.id = d.run_id;
"""
# An acceptance that the owner decided on (`counted_as_accepted`) is no successful attempt.
ADDED = """
    SELECT run_id, state, reason IS NULL AS was_answered, count(*) AS n, sum(attempt_count) AS attempts
    FROM new_rows GROUP BY 1, 2, 3
"""
REMOVED = """
    SELECT run_id, state, reason IS NULL AS was_answered, -count(*) AS n, -sum(attempt_count) AS attempts
    FROM old_rows GROUP BY 1, 2, 3
"""

REFUSE_ILLEGAL_MOVES = """
    SELECT o.state || ' -> ' || n.state INTO move
    FROM old_rows o JOIN new_rows n ON n.run_id = o.run_id AND n.position = o.position
    WHERE n.state <> o.state AND (
        o.state IN ('accepted', 'excluded', 'stopped')
        OR o.state = 'refused' AND n.state <> 'waiting'
        OR o.state = 'uncertain' AND n.state NOT IN ('waiting', 'accepted')
        OR o.state IN ('deferred', 'in_doubt') AND n.state = 'waiting'
    ) LIMIT 1;
    IF move IS NOT NULL THEN
        RAISE EXCEPTION 'illegal move of a delivery: %', move USING ERRCODE = 'check_violation';
    END IF;
"""

FUNCTIONS = {
    "deliveries_added": COUNT.format(changes=ADDED),
    "deliveries_moved": REFUSE_ILLEGAL_MOVES + COUNT.format(changes=f"{ADDED} UNION ALL {REMOVED}"),
    "deliveries_removed": COUNT.format(changes=REMOVED),
    "attempts_immutable": "RAISE EXCEPTION 'an attempt is never changed' USING ERRCODE = 'check_violation';",
}
TRIGGERS = {
    "deliveries_added": "AFTER INSERT ON deliveries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT",
    "deliveries_moved": (
        "AFTER UPDATE ON deliveries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT"
    ),
    "deliveries_removed": "AFTER DELETE ON deliveries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT",
    "attempts_immutable": "BEFORE UPDATE ON attempts FOR EACH ROW",
}


def upgrade() -> None:
    for name, body in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ DECLARE move text; BEGIN {body} RETURN NULL; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} {TRIGGERS[name]} EXECUTE FUNCTION {name}()")
    # Room on the page, so that a change of state stays there and touches no index.
    op.execute("ALTER TABLE deliveries SET (fillfactor = 70)")
    op.execute("ALTER TABLE slices SET (fillfactor = 50)")


def downgrade() -> None:
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.execute("ALTER TABLE deliveries RESET (fillfactor)")
    op.execute("ALTER TABLE slices RESET (fillfactor)")
