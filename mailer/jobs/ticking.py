"""The tick: everything that must happen by itself starts here, from what PostgreSQL says."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from flask import current_app
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from mailer import client_counts, queue, zone_data
from mailer.account_mail import outbox
from mailer.accounts.erasing import erase_some
from mailer.blog.upkeep import flush_views
from mailer.clients import broken_segments
from mailer.clients.importing.stalled import stalled_imports
from mailer.clock import database_now, utcnow
from mailer.domains.looking import due_domains
from mailer.extensions import db
from mailer.jobs.alarms import raise_alarms
from mailer.jobs.server_alarm import tell_admins
from mailer.jobs.sweeping import throw_away
from mailer.jobs.waking import wake_senders
from mailer.messages.examining import due_examinations
from mailer.queue import (
    ADVANCE_SERIES,
    EXAMINE,
    FOLD_HITS,
    IMPORT_CLIENTS,
    LOOK_AT_DOMAIN,
    LOOK_AT_EXCHANGERS,
    READ_MAILBOX,
    SEND_ACCOUNT_EMAIL,
)
from mailer.sending import instance_guard, mx_looks
from mailer.sending.runs import domain_days, domain_sums, stuck
from mailer.sending.runs.closing import close_what_is_done, is_any_open, stop_what_must
from mailer.sending.runs.let_go import let_go
from mailer.sending.runs.missing import make_good
from mailer.sending.runs.next_run import follow_zone_data
from mailer.sending.runs.start import seconds_to_next, start_due
from mailer.sending.runs.tallies import tally_closed_runs
from mailer.sending.runs.wave_plan import look_ahead
from mailer.sending.runs.waves import begin_and_hold_waves
from mailer.sending.runs.windows import open_and_close_windows
from mailer.sending.series.places import with_work
from mailer.tracking import folding

log = structlog.get_logger()
MISSING_AFTER = "missing:after"
ZONE_DATA = "zones:release"  # whose rules the stored moments follow
ALARMS_EVERY = 60  # seconds
OPEN_RUNS_EVERY = 1800  # seconds: how old figures by domain are of runs that go on
SEGMENTS_EVERY = 600  # seconds
WAVES_EVERY = 60  # seconds
STANDSTILL_EVERY = 15  # seconds
MAILBOX_EVERY = 60  # seconds
EXCHANGERS_EVERY = 60  # seconds
COUNTS_EVERY = 300  # seconds
UPKEEP_EVERY = 5  # seconds, no matter how often the tick comes
A_MOMENT = 0.002  # seconds: better just after than just before


def run_tick(*, with_upkeep: bool = True) -> None:
    """One tick. A step that fails is logged and keeps none of the others from happening. `with_upkeep`: what may wait
    for some seconds is done too.
    """
    for step in (beat, *((follow_new_zone_data,) if with_upkeep else ()), start_what_is_due):
        _guarded(step)
    for step in ON_OPEN_RUNS if _are_runs_open() else ():
        _guarded(step)
    for step in (*(UPKEEP if with_upkeep else ()), erase_some, meet_the_next):
        _guarded(step)


def tick_in_turn() -> None:
    """The tick as it comes once a second: with upkeep at times, so that a service with nothing to do costs little."""
    global _upkeep_due_at
    is_due = time.monotonic() >= _upkeep_due_at
    if is_due:
        _upkeep_due_at = time.monotonic() + UPKEEP_EVERY
    run_tick(with_upkeep=is_due)


def _guarded(step: Callable[[], object]) -> None:
    try:
        step()
    except Exception:
        log.exception("a step of the tick failed", step=step.__name__)
    finally:
        db.session.remove()


def _are_runs_open() -> bool:
    """Where it cannot be asked each step says so itself."""
    try:
        return is_any_open()
    except SQLAlchemyError:
        return True
    finally:
        db.session.remove()


def beat() -> None:
    """Leave word that the tick and its worker live."""
    queue.note_beat("tick")


def start_what_is_due() -> None:
    """Start what is due, and wake workers for the first of many while the last are still to be started."""
    start_due(begun=wake_senders)


def wake_series() -> None:
    """Wake a worker for each series in which somebody is due; the tick itself moves nobody."""
    if not instance_guard.sending_is_blocked():
        queue.enqueue_missing(ADVANCE_SERIES, with_work(database_now()))


def meet_the_next() -> None:
    """Wait for the moments that come before the next tick, and start what is due at each: a tick alone would be late
    by half a second on average.
    """
    next_tick = time.monotonic() + current_app.config["TICK_SECONDS"]
    while (left := next_tick - time.monotonic()) > 0 and (pause := seconds_to_next(left)) is not None:
        time.sleep(pause + A_MOMENT)
        start_what_is_due()


def write_views() -> None:
    """Twice a minute, write the views of articles: many views are one write."""
    if _is_time("views", 30):
        flush_views()


def add_counts_up() -> None:
    """Now and then, make one number of the many that changed it."""
    if _is_time("counts", COUNTS_EVERY):
        client_counts.fold()


def sweep() -> None:
    """Once an hour, throw away what nobody will ask for again."""
    if _is_time("sweep", 3600):
        throw_away(utcnow())


def sound_alarms() -> None:
    """Now and then, tell people about runs that are late or were missed, and of segments that cannot be used."""
    if _is_time("alarms", ALARMS_EVERY):
        raise_alarms()
    if _is_time("segments", SEGMENTS_EVERY):
        broken_segments.tell_owners(utcnow())


def let_go_of_warm_ups() -> None:
    """Those who wait for a warm-up that an administrator has ended go now."""
    let_go()


def count_domains() -> None:
    """Count by recipient domain what has closed and, twice an hour, what goes on."""
    domain_days.count_closed_runs()
    if _is_time("domains", OPEN_RUNS_EVERY):
        domain_days.count_open_runs()
    domain_sums.fold()


def move_what_stands() -> None:
    """Now and then, look for open runs that nothing would move."""
    if _is_time("standstill", STANDSTILL_EVERY):
        stuck.heal()


def look_for_first_waves() -> None:
    """See when the coming runs in waves begin; once a minute anew, since people come and move."""
    look_ahead(database_now(), anew=_is_time("waves", WAVES_EVERY))


def look_for_missing_runs() -> None:
    """Once a minute, compare a part of the calendar with the runs; round and round."""
    if not _is_time("missing", 60):
        return
    redis = queue.connection()
    after_id, _found = make_good(int(redis.get(MISSING_AFTER) or 0), utcnow())
    redis.set(MISSING_AFTER, after_id)


def follow_new_zone_data() -> None:
    """Once after the rules of time zones have changed, lay what mailings wait for on the clocks anew."""
    redis = queue.connection()
    if (known := redis.get(ZONE_DATA)) == zone_data.version().encode():
        return
    moved_count = follow_zone_data()
    redis.set(ZONE_DATA, zone_data.version())
    log.info("time zones", release=zone_data.version(), before=known, moved_count=moved_count)


def _is_time(name: str, seconds: int) -> bool:
    """Whether nobody did it within so many seconds. Without Redis it is never time: nothing of it is urgent."""
    try:
        return bool(queue.connection().set(f"done:{name}", "1", nx=True, ex=seconds))
    except (RedisError, OSError):
        return False


def wake_account_emails() -> None:
    """Wake the account worker for mails whose wake-up was lost or whose retry has come."""
    if instance_guard.sending_is_blocked():
        return
    queue.enqueue_missing(SEND_ACCOUNT_EMAIL, outbox.due_account_emails(utcnow()))


def wake_imports() -> None:
    """Wake a worker for imports whose wake-up was lost or whose worker died."""
    queue.enqueue_missing(IMPORT_CLIENTS, stalled_imports(utcnow()))


def wake_domains() -> None:
    """Wake a worker for each domain of an owner's that is to be looked at."""
    queue.enqueue_missing(LOOK_AT_DOMAIN, due_domains(utcnow()))


def wake_exchangers() -> None:
    """Once a minute, have the DNS asked who takes the mail of domains that are new, or were asked for a week ago."""
    if _is_time("exchangers", EXCHANGERS_EVERY) and mx_looks.is_any_due():
        queue.enqueue_missing(LOOK_AT_EXCHANGERS, [0])  # there is but one


def wake_examinations() -> None:
    """Wake a worker for messages being looked over whose wake-up was lost or whose worker died."""
    queue.enqueue_missing(EXAMINE, due_examinations(utcnow()))


def wake_mailbox() -> None:
    """Once a minute, have the mailbox read that reports come to."""
    if current_app.config["BOUNCE_MAILBOX"] and _is_time("mailbox", MAILBOX_EVERY):
        queue.enqueue_missing(READ_MAILBOX, [0])  # there is but one


def wake_folding() -> None:
    """Have the clicks judged and counted that came some seconds ago."""
    if folding.is_any_due(utcnow()):
        queue.enqueue_missing(FOLD_HITS, [0])


ON_OPEN_RUNS = (
    open_and_close_windows,
    begin_and_hold_waves,
    move_what_stands,
    wake_senders,
    stop_what_must,
    close_what_is_done,
)
UPKEEP = (
    look_for_first_waves,
    wake_series,
    sound_alarms,
    tell_admins,
    wake_account_emails,
    wake_imports,
    wake_examinations,
    wake_mailbox,
    wake_folding,
    wake_domains,
    wake_exchangers,
    write_views,
    add_counts_up,
    tally_closed_runs,
    let_go_of_warm_ups,
    count_domains,
    look_for_missing_runs,
    sweep,
)
_upkeep_due_at = 0.0
