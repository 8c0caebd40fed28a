"""The ledger's statements. Each is whole in itself; what they promise stands in `ledger`."""

from __future__ import annotations

from mailer.models.client import SuppressionReason
from mailer.models.delivery import DeliveryState, Reason
from mailer.models.run import PauseReason, RunState
from mailer.sending.conditions import IS_FREE_SQL, IS_UNFINISHED_SQL, IS_WAVE_OPEN_SQL, MAY_SEND_SQL, listed
from mailer.sending.worker.delivery_rules import SUSPECT_PHASES
from mailer.smtp.results import Outcome

MAY_LEAVE_SQL = f"{MAY_SEND_SQL} AND {IS_WAVE_OPEN_SQL}"
DUE = f"s.ready_at <= now() AND {IS_FREE_SQL} AND {MAY_LEAVE_SQL}"
ABANDONED = "s.leased_until < now() AND s.marked IS NOT NULL"
CLAIM = """
    WITH free AS (
        SELECT s.id FROM slices s JOIN runs r ON r.id = s.run_id
        WHERE s.run_id = %(run)s AND {condition}
        ORDER BY s.ready_at, s.id LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED
    )
    UPDATE slices s SET lease_token = %(token)s, leased_by = %(worker)s,
        leased_until = now() + make_interval(secs => %(lease)s)
    FROM free WHERE s.id = free.id
    RETURNING s.id, s.first_position, s.last_position, s.marked, s.places
"""
# What a lost answer leased to us.
FOUND_AGAIN = (
    "SELECT id, first_position, last_position, marked, places FROM slices "
    "WHERE run_id = %(run)s AND lease_token = %(token)s"
)
PEOPLE = f"""
    SELECT d.position, d.email, d.state, d.attempt_count, d.transient_count, d.retry_at,
        CASE WHEN d.attempt_count > d.transient_count THEN (
            SELECT count(*) FROM attempts a WHERE a.run_id = d.run_id AND a.position = d.position
                AND a.number <= d.attempt_count AND a.outcome = '{Outcome.SERVER_FAULT}'
                AND a.phase IN ({listed(SUSPECT_PHASES)})
        ) ELSE 0 END,
        c.token::text, c.first_name, c.last_name, c.patronymic, c.birth_year, c.comment, NULLIF(c.attributes, '{{}}'),
        d.bound_values, d.reason,
        CASE WHEN c.id IS NULL OR c.deleted_at IS NOT NULL THEN '{Reason.DELETED}'
             WHEN p.reason = '{SuppressionReason.UNSUBSCRIBED}' THEN '{Reason.UNSUBSCRIBED}'
             WHEN p.reason IS NOT NULL THEN '{Reason.SUPPRESSED}'
             WHEN c.paused_until > now() THEN '{Reason.PAUSED}' END AS left_out
    FROM deliveries d
    LEFT JOIN clients c ON c.id = d.client_id
    LEFT JOIN suppressions p ON p.owner_id = c.owner_id AND p.email_key = d.email_key
    WHERE d.run_id = %(run)s AND d.position BETWEEN %(first)s AND %(last)s
        AND {IS_UNFINISHED_SQL} AND (d.retry_at IS NULL OR d.retry_at <= now())
    ORDER BY d.position
"""
# One round trip for a whole group commit: five statements going to and fro cost more than their work.
_MARK_TYPES = (
    *("bigint[]", "uuid[]", "text[]", "text[]"),  # slices
    *("float8", "boolean", "bigint", "text", "text"),
    *("bigint[]", "int[]", "smallint[]", "text[]", "text[]", "smallint[]", "text[]", "text[]"),  # attempts
    *("float8[]", "float8[]", "text[]"),
)
_MARK = f"""
    WITH held AS (
        UPDATE slices s SET
            marked = CASE WHEN {MAY_LEAVE_SQL} THEN asked.flags ELSE asked.answered END,
            marked_at = now(), leased_until = now() + make_interval(secs => $5)
        FROM unnest($1, $2, $3, $4) AS asked (id, token, flags, answered), runs r
        WHERE s.id = asked.id AND s.lease_token = asked.token AND r.id = s.run_id
        RETURNING s.id, {MAY_LEAVE_SQL} AS may_send
    ), written AS (
        INSERT INTO attempts (
            run_id, transport, worker, position, number, outcome, phase, smtp_code, enhanced_code, response,
            started_at, finished_at, tls
        )
        SELECT $7, $8, $9, e.position, e.number, e.outcome, e.phase, e.code, e.enhanced, e.response,
            to_timestamp(e.started_at), to_timestamp(e.finished_at), e.tls
        FROM unnest($10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) AS e (
            slice_id, position, number, outcome, phase, code, enhanced, response, started_at, finished_at, tls
        )
        JOIN held ON held.id = e.slice_id
        WHERE NOT $6 OR NOT EXISTS (
            SELECT FROM attempts a WHERE a.run_id = $7 AND a.position = e.position AND a.number = e.number
        )
    )
    SELECT id, may_send FROM held
"""
# Prepared once a connection, since parsing and planning it takes longer than doing it.
PREPARE_MARK = f"PREPARE golub_mark ({', '.join(_MARK_TYPES)}) AS {_MARK}"
MARK = f"EXECUTE golub_mark ({', '.join(['%s'] * len(_MARK_TYPES))})"
# Before its slices and deliveries, as with everyone (`mailer.locks`): who settles will change its figures.
HOLD_RUN = "SELECT FROM runs WHERE id = %(run)s FOR NO KEY UPDATE;"
RENEW = """
    UPDATE slices SET leased_until = now() + make_interval(secs => %(lease)s)
    WHERE id = %(slice)s AND lease_token = %(token)s RETURNING places
"""
# A group is everybody with the same end, so that a slice of 500 accepted is one row of VALUES. First and last position
# keep a planner that knows nothing of the table yet from reading the whole run.
SETTLE = """
    UPDATE deliveries d SET state = v.state, reason = v.reason, retry_at = v.retry_at,
        attempt_count = v.attempt_count, transient_count = v.transient_count
    FROM (VALUES %%s) AS v (positions, state, reason, retry_at, attempt_count, transient_count)
    CROSS JOIN LATERAL unnest(v.positions) AS of_group (position)
    WHERE d.run_id = %(run)s AND d.position BETWEEN %(first)s AND %(last)s AND d.position = of_group.position
"""
RELEASE = f"""
    UPDATE slices s SET lease_token = NULL, leased_until = NULL, leased_by = NULL, marked = NULL, places = NULL,
    ready_at = (
        SELECT min(greatest(coalesce(d.retry_at, now()), s.opens_at)) FROM deliveries d
        WHERE d.run_id = s.run_id AND d.position BETWEEN s.first_position AND s.last_position
            AND {IS_UNFINISHED_SQL}
    )
    WHERE s.id = %s
"""
REFUSED = f"""
    SELECT r.successful_attempt_count + r.failed_attempt_count, r.refused_count, r.mailing_id FROM runs r
    WHERE r.id = %(run)s AND NOT r.tolerates_refusals AND r.closed_at IS NULL AND {MAY_SEND_SQL}
"""
_BY_SERVER = f"run_id = %(run)s AND state = '{DeliveryState.REFUSED}' AND reason IS NULL"
REFUSED_BY_SERVER = f"SELECT count(*) FROM deliveries WHERE {_BY_SERVER}"
PAUSE = f"""
    UPDATE runs r SET state = '{RunState.PAUSED}', pause_reason = '{PauseReason.REFUSALS}'
    WHERE r.id = %(run)s AND NOT r.tolerates_refusals AND {MAY_SEND_SQL} RETURNING r.id
"""
# As long as `servers.habits` holds a server to it.
NOTE_NO_RIDING = """
    INSERT INTO mail_servers (name, fault_count, refuses_riding_since) VALUES (%(server)s, 0, now())
    ON CONFLICT (name) DO UPDATE SET refuses_riding_since = now()
"""
NO_RIDING = "SELECT FROM mail_servers WHERE name = %(server)s AND refuses_riding_since > now() - interval '30 days'"
NOBODY_HAS_IT = (
    "SELECT r.mailing_id FROM runs r WHERE r.id = %(run)s AND NOT r.tolerates_refusals AND r.accepted_count = 0 AND "
    + MAY_SEND_SQL
)
# Its owner is written to in the same transaction: nobody looks at the page of a run that they believe to be going on.
TELL_OWNER = f"""
    INSERT INTO account_emails (user_id, to_email, language, template, context, created_at, next_try_at, try_count)
    SELECT u.id, u.email, u.language, 'run-paused', jsonb_build_object(
            'name', m.name, 'mailing_id', m.id::text, 'run_id', r.id::text,
            'said', (SELECT a.response FROM attempts a WHERE a.run_id = r.id AND a.outcome = '{Outcome.PERMANENT}'
                     ORDER BY a.finished_at DESC LIMIT 1)),
        now(), now(), 0
    FROM runs r JOIN mailings m ON m.id = r.mailing_id JOIN users u ON u.id = r.owner_id
    WHERE r.id = %(run)s AND u.blocked_at IS NULL
"""
# Everybody so far got one and the same answer, and nobody a mail: ten people, or all of a smaller run. In a smaller one
# only an answer that says nothing of the recipient counts. Addresses and what is unique to a reply are left out of it.
# Answers on their way when the run was paused for that come in later and count too.
ALL_ALIKE = f"""
    SELECT r.mailing_id, {MAY_SEND_SQL} AS may_send FROM runs r
    CROSS JOIN LATERAL (
        SELECT count(*) AS n, count(DISTINCT (a.smtp_code, a.enhanced_code,
                regexp_replace(a.response, '\\S*(@|\\d)\\S*', '', 'g'))) = 1 AS are_alike,
            bool_and(coalesce(a.enhanced_code, '5.7.0') ~ '^5[.]([0357][.][0-9]+|[14][.]0)$'
                AND a.response !~* 'mailbox|recipient|user|address|ящик|получател|адрес') AS are_vague
        FROM attempts a WHERE a.run_id = r.id AND a.outcome = '{Outcome.PERMANENT}'
    ) AS said
    WHERE r.id = %(run)s AND NOT r.tolerates_refusals AND r.closed_at IS NULL AND r.accepted_count = 0
        AND r.uncertain_count = 0 AND r.refused_count > 0 AND said.are_alike AND (
            r.state = '{RunState.PAUSED}' AND r.pause_reason = '{PauseReason.REFUSALS}'
            OR {MAY_SEND_SQL} AND (said.n >= %(many)s
                OR said.are_vague AND said.n >= %(few)s AND r.waiting_count + r.unlisted_count = 0)
        )
"""
WAIT_AGAIN = f"UPDATE deliveries SET state = '{DeliveryState.WAITING}' WHERE {_BY_SERVER}"
SLICES_AGAIN = f"""
    WITH held AS (
        SELECT s.id FROM slices s WHERE s.run_id = %(run)s AND s.ready_at IS NULL AND EXISTS (
            SELECT FROM deliveries d WHERE d.run_id = s.run_id
                AND d.position BETWEEN s.first_position AND s.last_position AND d.state = '{DeliveryState.WAITING}'
        )
        ORDER BY s.id FOR NO KEY UPDATE OF s
    )
    UPDATE slices s SET ready_at = now() FROM held WHERE s.id = held.id
"""
