/* The protocol by which workers send a run: claim, mark, record, settle; take-over, pause, stop, retry.
 *
 * One run with one slice of PEOPLE recipients, WORKERS workers, one database, one mail server. Explored whole by spin
 * (`make model`); what it proves and where the code stands is told in docs/delivery.md. Every step that is one
 * transaction in the code is one atomic step here; whatever lies between two transactions may be interleaved with
 * anything else, and a worker may die, be suspended or lose its connection there.
 *
 * Time is left out: what is due later becomes due at any moment, and a lease may run out at any moment, of a living
 * holder as often as LAPSES allows. Faults are counted down, so that every execution ends: a run that stays open shows
 * as a state in which nothing can happen any more.
 *
 * BREAK names a rule to be broken on purpose; each of them must be found (tests/model/__main__.py).
 */

#ifndef PEOPLE
#define PEOPLE 2
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef LAPSES
#define LAPSES 1      /* leases of living holders that run out: the worker was suspended, or the database away */
#endif
#ifndef LOST
#define LOST 1        /* answers of the database that never arrive */
#endif
#ifndef PUT_OFF
#define PUT_OFF 1     /* 4yz answers */
#endif
#ifndef ACTIONS
#define ACTIONS 1     /* what people do to the run */
#endif
#ifndef RESEND
#define RESEND 1      /* the mailing's rule for mails in doubt: send once more, or hold */
#endif

/* Rules that BREAK can break. */
#define NONE 0
#define MARK_AFTER_CONTENT 1       /* the flag is set when the content has left */
#define RECORD_WITHOUT_LEASE 2     /* a former holder's writes count */
#define TAKE_OVER_BLINDLY 3        /* the flags a dead holder left are not looked at */
#define FLAG_KEPT_WITH_RECORD 4    /* the flag is taken back in a later transaction */
#define CLOSE_BY_EMPTY_SLICE 5     /* a run closes when nobody holds its slice and nothing is due */
#define STOP_MARKED 6              /* a stop does not look at flags */
#define RESEND_AGAIN 7             /* in doubt twice is sent a third time */
#define OLD_CONNECTION_LIVES 8     /* after a lost answer the old statement may still be executed */
#define RELEASE_FORGETS 9          /* a slice given back is not due again for those who wait */
#define MARK_IGNORES_RUN 10        /* the mark does not look at the run's row */
#ifndef BREAK
#define BREAK NONE
#endif

#define EACH(i) for (i : 0 .. PEOPLE - 1)
#if PEOPLE == 1
#define ANY(condition) (condition(0))
#define EVERY(condition) (condition(0))
#elif PEOPLE == 2
#define ANY(condition) (condition(0) || condition(1))
#define EVERY(condition) (condition(0) && condition(1))
#elif PEOPLE == 3
#define ANY(condition) (condition(0) || condition(1) || condition(2))
#define EVERY(condition) (condition(0) && condition(1) && condition(2))
#endif
#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)
#define ALL (BIT(PEOPLE) - 1)
#define MOST_ATTEMPTS 7

/* States of the run. */
#define GOING 0
#define PAUSED 1
#define STOPPING 2    /* runs.stop_reason is set */
#define CLOSED 3

/* States of a delivery; the first three are unfinished. */
#define WAITING 0
#define DEFERRED 1
#define IN_DOUBT 2
#define ACCEPTED 3
#define REFUSED 4
#define STOPPED 5
#define UNCERTAIN 6
#define IS_UNFINISHED(state) ((state) <= IN_DOUBT)

/* Outcomes of an attempt. */
#define NO_ANSWER 0
#define TAKEN 1
#define PERMANENT 2
#define TRANSIENT 3
#define DOUBT 4

/* How far a worker is with one of its people. */
#define DONE 0
#define QUEUED 1
#define ASKS 2        /* the mark is in the next group commit */
#define MAY_LEAVE 3   /* the mark is committed */
#define ANSWERED 4    /* the server has spoken, or fallen silent: the record is in the next group commit */

/* ---- the database ---- */
byte run_state = GOING;
byte state[PEOPLE];             /* deliveries.state */
byte counted[PEOPLE];           /* deliveries.attempt_count */
byte is_due = ALL;              /* deliveries.retry_at is past */
byte written[PEOPLE];           /* how many attempts there are */
byte doubts = 0;                /* deliveries with an attempt in doubt */
typedef Attempts { byte outcome[MOST_ATTEMPTS] };
Attempts attempts[PEOPLE];
byte token = 0;                 /* slices.lease_token; 0 is NULL */
bit is_lapsed = 0;              /* slices.leased_until is past */
bit has_marks = 0;              /* slices.marked is not NULL */
byte marked = 0;
bit is_ready = 1;               /* slices.ready_at is not NULL */

/* A group commit on its way to the database. */
typedef GroupCommit {
    bit is_sent;
    bit is_repeated;
    byte token;
    byte flags;                 /* with the marks asked for */
    byte flags_if_refused;
    byte entries;               /* people with an attempt to write */
    byte number[PEOPLE];
    byte outcome[PEOPLE]
};
GroupCommit current[WORKERS];
GroupCommit stale[WORKERS];     /* of a connection that was lost: executed some day or never */
bit has_answer[WORKERS];
bit may_send[WORKERS];
bit lost_lease[WORKERS];

/* ---- what only an onlooker sees ---- */
byte copies[PEOPLE];            /* the server has taken */
byte granted = 0;               /* people whose mark was committed while the run was going */
byte pressed = 0;               /* people whom the owner had sent to again, although they may have it */
byte accepted_by_hand = 0;
byte held[WORKERS];             /* the token each living worker works with */
byte crashes = CRASHES, lapses = LAPSES, lost = LOST, put_off = PUT_OFF, actions = ACTIONS;

inline note_copy(p) {
    assert(HAS(granted, p));                                  /* nothing leaves that was not marked while the run was going */
    assert(copies[p] == 0 || HAS(doubts, p));                 /* every possible second copy is flagged before it leaves */
    copies[p] = copies[p] + 1;
    assert(copies[p] <= 2 || HAS(pressed, p))                 /* never a third by itself */
    assert(RESEND || copies[p] <= 1 || HAS(pressed, p))
}

/* What an attempt makes of a delivery (mailer/sending: Progress.apply). */
inline apply(stands, what) {
    if
    :: what == TAKEN -> stands = ACCEPTED
    :: what == PERMANENT -> stands = (stands == IN_DOUBT -> UNCERTAIN : REFUSED)
    :: what == TRANSIENT -> stands = (stands == IN_DOUBT -> IN_DOUBT : DEFERRED)
    :: what == DOUBT && RESEND && (stands != IN_DOUBT || BREAK == RESEND_AGAIN) && stands != UNCERTAIN -> stands = IN_DOUBT
    :: what == DOUBT && !(RESEND && (stands != IN_DOUBT || BREAK == RESEND_AGAIN) && stands != UNCERTAIN) ->
        stands = UNCERTAIN
    fi
}

/* statements.MARK: flags and attempts of one group commit, if the lease holds. `x` and `is_double` are the caller's. */
inline execute(commit, allowed, is_lost) {
    is_lost = (token != commit.token && BREAK != RECORD_WITHOUT_LEASE);
    allowed = (!is_lost && (run_state == GOING || BREAK == MARK_IGNORES_RUN));
    is_double = 0;
    EACH(x) {
        if
        :: HAS(commit.entries, x) && commit.number[x] < written[x] && !commit.is_repeated -> is_double = 1
        :: else
        fi
    }
    if
    :: is_lost
    :: !is_lost && is_double -> is_lost = 1; allowed = 0    /* the primary key refuses the whole statement */
    :: else ->
        EACH(x) {
            if
            :: HAS(commit.entries, x) && commit.number[x] >= written[x] ->
                assert(commit.number[x] == written[x] && written[x] < MOST_ATTEMPTS);
                attempts[x].outcome[written[x]] = commit.outcome[x];
                written[x] = written[x] + 1;
                if
                :: commit.outcome[x] == DOUBT -> doubts = doubts | BIT(x)
                :: else
                fi
            :: else
            fi
        }
        granted = (run_state == GOING -> granted | (commit.flags & (ALL - commit.flags_if_refused)) : granted);
        marked = (allowed -> commit.flags : commit.flags_if_refused);
        has_marks = 1;
        if
        :: token == commit.token -> is_lapsed = 0
        :: else
        fi
    fi
}

inline forget(commit) {
    commit.is_sent = 0; commit.is_repeated = 0; commit.token = 0; commit.flags = 0; commit.flags_if_refused = 0;
    commit.entries = 0;
    EACH(x) { commit.number[x] = 0; commit.outcome[x] = 0 }
}

/* The statement stays behind at the database when its sender is gone. */
inline leave_behind(from, to) {
    to.is_sent = 1; to.is_repeated = from.is_repeated; to.token = from.token; to.flags = from.flags;
    to.flags_if_refused = from.flags_if_refused; to.entries = from.entries;
    EACH(x) { to.number[x] = from.number[x]; to.outcome[x] = from.outcome[x] }
}

/* A worker ends its turn at once, or is killed: what is under way at the database may still be executed. */
inline give_up() {
    if
    :: current[me].is_sent && !has_answer[me] && !stale[me].is_sent -> leave_behind(current[me], stale[me])
    :: else
    fi;
    forget(current[me]);
    EACH(x) { step[x] = DONE; said[x] = NO_ANSWER; now[x] = 0; tries[x] = 0 };
    held[me] = 0; has_answer[me] = 0; may_send[me] = 0; lost_lease[me] = 0;
    mine = 0; flags = 0; unsettled = 0; recovers = 0; only_settles = 0; x = 0
}

#define IS_WAITING(x) (IS_UNFINISHED(state[x]))
#define WAITS_AND_IS_DUE(x) (IS_UNFINISHED(state[x]) && HAS(is_due, x))
#define IS_FINAL(x) (!IS_UNFINISHED(state[x]))
#define HAS_SOMETHING_FOR_THE_DATABASE(x) (step[x] == ASKS || step[x] == ANSWERED)
#define IS_DONE(x) (step[x] == DONE)
#define IS_QUEUED(x) (step[x] == QUEUED)
#define IS_FREE_FOR_SENDING (run_state == GOING && is_ready && (token == 0 && ANY(WAITS_AND_IS_DUE) || token != 0 && is_lapsed))
#define IS_ABANDONED (token != 0 && is_lapsed && has_marks)
#define IS_MINE(new, w) (new == held[w] || current[w].is_sent && current[w].token == new || stale[w].is_sent && stale[w].token == new)
#if WORKERS == 1
#define IS_IN_USE(new) (IS_MINE(new, 0))
#elif WORKERS == 2
#define IS_IN_USE(new) (IS_MINE(new, 0) || IS_MINE(new, 1))
#elif WORKERS == 3
#define IS_IN_USE(new) (IS_MINE(new, 0) || IS_MINE(new, 1) || IS_MINE(new, 2))
#endif
#define IS_AT_WORK (held[me] != 0 && !recovers)
#define RECORDS_AT_ONCE (BREAK != FLAG_KEPT_WITH_RECORD)

/* What becomes of one mail between its worker and the server. The content leaves only when its mark is committed. */
#define CONVERSATION(p) \
    :: atomic { IS_AT_WORK && step[p] == QUEUED -> \
        step[p] = (BREAK == MARK_AFTER_CONTENT -> MAY_LEAVE : ASKS) } \
    :: atomic { IS_AT_WORK && step[p] == QUEUED -> step[p] = ANSWERED; said[p] = PERMANENT } \
    :: atomic { IS_AT_WORK && step[p] == QUEUED && put_off > 0 -> put_off--; step[p] = ANSWERED; said[p] = TRANSIENT } \
    :: atomic { IS_AT_WORK && step[p] == MAY_LEAVE -> note_copy(p); step[p] = ANSWERED; said[p] = TAKEN } \
    :: atomic { IS_AT_WORK && step[p] == MAY_LEAVE -> note_copy(p); step[p] = ANSWERED; said[p] = DOUBT } \
    :: atomic { IS_AT_WORK && step[p] == MAY_LEAVE -> step[p] = ANSWERED; said[p] = DOUBT } \
    :: atomic { IS_AT_WORK && step[p] == MAY_LEAVE -> step[p] = ANSWERED; said[p] = PERMANENT } \
    :: atomic { IS_AT_WORK && step[p] == MAY_LEAVE && put_off > 0 -> put_off--; step[p] = ANSWERED; said[p] = TRANSIENT }

proctype Worker(byte me) {
    byte x, new;
    byte step[PEOPLE];
    byte said[PEOPLE];
    byte now[PEOPLE];
    byte tries[PEOPLE];
    byte flags = 0;
    byte mine = 0;
    byte unsettled = 0;
    bit recovers = 0;           /* took a slice over, and has not looked at what was left */
    bit only_settles = 0;       /* the run may not send: settle_abandoned */
    bit is_double = 0;
    bit is_allowed = 0;
    bit is_lost = 0;

end:
    do
    /* Claim: a free slice of a run that may send, or an abandoned one of any run (statements.CLAIM, PEOPLE). */
    :: d_step { held[me] == 0 && run_state != CLOSED && (IS_FREE_FOR_SENDING || IS_ABANDONED) ->
        new = 1;
        do                                              /* a token that nobody uses */
        :: new == token || IS_IN_USE(new) -> new++
        :: else -> break
        od;
        only_settles = !IS_FREE_FOR_SENDING;
        token = new; held[me] = new; is_lapsed = 0;
        flags = (has_marks -> marked : 0);
        recovers = has_marks;
        unsettled = 0; mine = 0;
        EACH(x) {
            now[x] = state[x]; tries[x] = counted[x]; said[x] = NO_ANSWER;
            if
            :: WAITS_AND_IS_DUE(x) -> mine = mine | BIT(x); step[x] = (only_settles -> DONE : QUEUED)
            :: else -> step[x] = DONE
            fi
        }
        x = 0; new = 0
    }

    /* recovery.recover: attempts that were written and not settled, then a doubt for each flag that was left. */
    :: d_step { held[me] != 0 && recovers ->
        EACH(x) {
            if
            :: HAS(mine, x) && written[x] > tries[x] ->
                do
                :: tries[x] < written[x] ->
                    apply(now[x], attempts[x].outcome[tries[x]]);
                    tries[x] = tries[x] + 1
                :: else -> break
                od;
                unsettled = unsettled | BIT(x); step[x] = DONE
            :: else
            fi
        }
        EACH(x) {
            if
            :: HAS(mine, x) && HAS(flags, x) && BREAK != TAKE_OVER_BLINDLY -> step[x] = ANSWERED; said[x] = DOUBT
            :: else
            fi
        }
        if
        :: BREAK == TAKE_OVER_BLINDLY -> flags = 0
        :: else
        fi;
        recovers = 0; x = 0
    }

    CONVERSATION(0)
#if PEOPLE > 1
    CONVERSATION(1)
#endif
#if PEOPLE > 2
    CONVERSATION(2)
#endif

    /* A group commit sets out with whatever has gathered. */
    :: d_step { IS_AT_WORK && !current[me].is_sent && ANY(HAS_SOMETHING_FOR_THE_DATABASE) ->
        current[me].is_sent = 1; current[me].token = held[me];
        EACH(x) {
            if
            :: step[x] == ANSWERED ->
                current[me].entries = current[me].entries | BIT(x);
                current[me].number[x] = tries[x]; current[me].outcome[x] = said[x];
                flags = flags & (ALL - BIT(x))
            :: else
            fi
        }
        current[me].flags_if_refused = (RECORDS_AT_ONCE -> flags : (flags | current[me].entries));
        EACH(x) {
            if
            :: step[x] == ASKS -> flags = flags | BIT(x)
            :: else
            fi
        }
        current[me].flags = (RECORDS_AT_ONCE -> flags : (flags | current[me].entries));
        x = 0
    }

    /* The database executes it. */
    :: d_step { current[me].is_sent && !has_answer[me] ->
        execute(current[me], is_allowed, is_lost);
        may_send[me] = is_allowed; lost_lease[me] = is_lost; has_answer[me] = 1;
        is_allowed = 0; is_lost = 0; is_double = 0; x = 0
    }

    /* Its answer does not arrive: the connection is gone, whether the statement was executed or not. */
    :: d_step { has_answer[me] && !current[me].is_repeated && lost > 0 ->
        lost--; has_answer[me] = 0; may_send[me] = 0; lost_lease[me] = 0; current[me].is_repeated = 1
    }
    :: d_step { current[me].is_sent && !has_answer[me] && !current[me].is_repeated && lost > 0 && !stale[me].is_sent ->
        lost--;
        if
        :: BREAK == OLD_CONNECTION_LIVES -> leave_behind(current[me], stale[me])
        :: else
        fi;
        current[me].is_repeated = 1; x = 0
    }
    :: d_step { stale[me].is_sent ->
        execute(stale[me], is_allowed, is_lost);
        forget(stale[me]);
        is_allowed = 0; is_lost = 0; is_double = 0; x = 0
    }
    :: d_step { stale[me].is_sent -> forget(stale[me]); x = 0 }       /* or never does */

    /* The answer arrives: content may leave or not, and what is written counts. */
    :: d_step { has_answer[me] ->
        if
        :: lost_lease[me] -> give_up()
        :: else ->
            EACH(x) {
                if
                :: HAS(current[me].entries, x) ->
                    apply(now[x], said[x]);
                    tries[x] = tries[x] + 1; unsettled = unsettled | BIT(x); step[x] = DONE; said[x] = NO_ANSWER
                :: else
                fi;
                if
                :: !HAS(current[me].entries, x) && HAS(current[me].flags, x) && !HAS(current[me].flags_if_refused, x) ->
                    if
                    :: BREAK == MARK_AFTER_CONTENT
                    :: BREAK != MARK_AFTER_CONTENT && may_send[me] -> step[x] = MAY_LEAVE
                    :: else -> step[x] = DONE; flags = flags & (ALL - BIT(x))
                    fi
                :: else
                fi
            }
        fi;
        has_answer[me] = 0; may_send[me] = 0; lost_lease[me] = 0;
        forget(current[me]); x = 0
    }

    /* Those not begun go back: braked, told to go, or the turn is over. */
    :: d_step { IS_AT_WORK && run_state != GOING && ANY(IS_QUEUED) ->
        EACH(x) {
            if
            :: step[x] == QUEUED -> step[x] = DONE
            :: else
            fi
        }
        x = 0
    }

    /* Ledger.settle: states follow from the attempts written. */
    :: d_step { IS_AT_WORK && unsettled != 0 ->
        if
        :: token != held[me] -> give_up()                      /* LeaseLost */
        :: else ->
            is_lapsed = 0;
            EACH(x) {
                if
                :: HAS(unsettled, x) ->
                    state[x] = now[x]; counted[x] = tries[x];
                    if
                    :: IS_UNFINISHED(now[x]) -> is_due = is_due & (ALL - BIT(x))
                    :: else
                    fi
                :: else
                fi
            }
        fi;
        unsettled = 0; x = 0
    }
    /* With nobody left the slice is given back (statements.RELEASE). */
    :: d_step { IS_AT_WORK && unsettled == 0 && !current[me].is_sent && EVERY(IS_DONE) ->
        if
        :: token == held[me] ->
            token = 0; is_lapsed = 0; has_marks = 0; marked = 0;
            is_ready = (BREAK != RELEASE_FORGETS && ANY(IS_WAITING))
        :: else
        fi;
        held[me] = 0; mine = 0; flags = 0
    }

    /* Killed. */
    :: d_step { crashes > 0 && held[me] != 0 -> crashes--; give_up() }
    od
}

/* The tick: stops what must be stopped (closing.stop_what_must) and closes what is done (close_what_is_done). */
active proctype Tick() {
    byte x;
end:
    do
    :: d_step { run_state == STOPPING && is_ready && (token == 0 || is_lapsed) && (!has_marks || BREAK == STOP_MARKED) ->
        EACH(x) {
            if
            :: IS_UNFINISHED(state[x]) -> state[x] = (state[x] == IN_DOUBT -> UNCERTAIN : STOPPED)
            :: else
            fi
        }
        token = 0; is_lapsed = 0; is_ready = 0; x = 0
    }
    :: d_step { run_state != CLOSED && (EVERY(IS_FINAL) || BREAK == CLOSE_BY_EMPTY_SLICE && token == 0 && !(ANY(WAITS_AND_IS_DUE))) ->
        run_state = CLOSED;
        EACH(x) {
            assert(!IS_UNFINISHED(state[x]));                        /* nobody is lost */
            if                                                      /* and nobody's mail is denied or invented */
            :: HAS(accepted_by_hand, x)
            :: state[x] == ACCEPTED && !HAS(accepted_by_hand, x) -> assert(copies[x] > 0)
            :: (state[x] == REFUSED || state[x] == STOPPED) && !HAS(accepted_by_hand, x) ->
                assert(copies[x] == 0 || HAS(pressed, x))
            :: else
            fi
        }
        x = 0
    }
    od
}

#if WORKERS == 1
#define IS_IN_USE_BY_THE_LIVING (token == held[0])
#elif WORKERS == 2
#define IS_IN_USE_BY_THE_LIVING (token == held[0] || token == held[1])
#elif WORKERS == 3
#define IS_IN_USE_BY_THE_LIVING (token == held[0] || token == held[1] || token == held[2])
#endif

/* Time: what is due later becomes due, and leases run out. */
active proctype Time() {
end:
    do
    :: atomic { run_state != CLOSED && is_due != ALL -> is_due = ALL }
    :: atomic { token != 0 && !is_lapsed && !IS_IN_USE_BY_THE_LIVING -> is_lapsed = 1 }
    :: atomic { token != 0 && !is_lapsed && IS_IN_USE_BY_THE_LIVING && lapses > 0 -> lapses--; is_lapsed = 1 }
    od
}

#define OWNER(p) \
    :: d_step { actions > 0 && state[p] == UNCERTAIN -> actions--; pressed = pressed | BIT(p); send_again(p) } \
    :: d_step { actions > 0 && state[p] == REFUSED -> actions--; send_again(p) } \
    :: d_step { actions > 0 && state[p] == UNCERTAIN -> \
        actions--; accepted_by_hand = accepted_by_hand | BIT(p); state[p] = ACCEPTED }

/* closing._reopen */
inline send_again(p) {
    state[p] = WAITING; is_due = is_due | BIT(p);
    run_state = (run_state == CLOSED -> GOING : run_state);
    is_ready = (token == 0 -> 1 : is_ready)
}

/* People: the owner's and the manager's buttons. A paused run is let go on at last. */
active proctype People() {
end:
    do
    :: atomic { actions > 0 && run_state == GOING -> actions--; run_state = PAUSED }
    :: atomic { run_state == PAUSED -> run_state = GOING }
    :: atomic { actions > 0 && (run_state == GOING || run_state == PAUSED) -> actions--; run_state = STOPPING }
    OWNER(0)
#if PEOPLE > 1
    OWNER(1)
#endif
#if PEOPLE > 2
    OWNER(2)
#endif
    od
}

/* Nothing can happen any more: then the run is closed, whatever happened. */
active proctype End() {
end:
    atomic { timeout -> assert(run_state == CLOSED); skip }
}

init {
    atomic {
        byte i;
        for (i : 0 .. WORKERS - 1) { run Worker(i) }
    }
}
