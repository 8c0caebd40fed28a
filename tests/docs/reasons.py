"""What the database holds that no model shows: its triggers and functions, each with the reason it is there for.

A migration that makes a trigger or a function adds a line here; docs/schema.md lists them.
"""

from __future__ import annotations

# By name; a trigger whose function has the same name needs one line.
REASONS = {
    "deliveries_added": "Keeps the figures of a run true: new recipients are counted into it, in the same transaction.",
    "deliveries_moved": (
        "Keeps the figures true when recipients change state, and refuses a change that may not happen: an accepted "
        "mail never becomes anything else. What is allowed: `MOVES` in `mailer/models/delivery.py`."
    ),
    "deliveries_removed": "Keeps the figures true when recipients go, which happens only when an account is erased.",
    "deliveries_count_sent": (
        "Counts texts that were handed over (`runs.sent_count`) when recipients get the answers of attempts that are "
        "written already."
    ),
    "attempts_count_sent": (
        "Counts texts that were handed over when attempts are written for recipients who have the answer already."
    ),
    "attempts_immutable": "What a mail server answered is evidence: nobody changes an attempt.",
    "deliveries_need_a_run": (
        "A foreign key that is checked once a statement instead of once a row: no recipient without its run."
    ),
    "attempts_need_a_delivery": "A foreign key that is checked once a statement: no attempt without its recipient.",
    "attempts_go_with_deliveries": "ON DELETE CASCADE, once a statement: attempts go with their recipients.",
    "deliveries_go_with_runs": "ON DELETE CASCADE, once a statement: recipients go with their run.",
    "deliveries_forget_clients": (
        "ON DELETE SET NULL, once a statement: when a client is erased, the figures and lists of past runs stay whole."
    ),
    "suppressed_leave_series": (
        "Whoever must not be written to any more leaves every series at once, whichever door said so."
    ),
    "deleted_leave_series": "So do clients who are deleted; those erased altogether go by their reference.",
    "mail_reports_immutable": "What came back is evidence: nobody changes a report.",
    "mail_reports_need_a_delivery": "A foreign key that is checked once a statement: no report without its recipient.",
    "mail_reports_go_with_deliveries": "ON DELETE CASCADE, once a statement: reports go with their recipients.",
    "never_changes": "Refuses a statement that names a column which is written once; what triggers do is let through.",
    "users_never_change": "An account's number and its beginning: a limit or a deletion is about that very account.",
    "runs_never_change": "Whose run it is, what it sends and since when: what a limit, a link or a reader goes by.",
    "deliveries_never_change": "Who was written to, at which address, with which approved values.",
    "clients_keep_tags_off": (
        "A topic that a person gave back stays off, whoever adds the tag: an import, a rule, the owner's hand."
    ),
    "mailbox_of": (
        "The mailbox that an address leads to, so that two spellings of one are found: what is behind a “+” does not "
        "count, nor do dots at Gmail; Yandex has one mailbox under several domains."
    ),
    "merged_clients_hand_over": (
        "What was sent to a client who was merged with another is found with that one. Recipients that wait, and runs "
        "whose list is being written, are left as they are: nobody gets a mail twice, or is passed over."
    ),
    "clients_are_counted": (
        "Keeps how many clients an owner has, and with which tags, in `client_counts`, whoever writes them: no page "
        "reads the whole list to say so. A row is added for each change, and nobody waits for anybody."
    ),
    "clients_are_counted_anew": "As `clients_are_counted`, where clients change, are deleted or come back.",
    "clients_are_counted_off": "As `clients_are_counted`, where clients are erased; not those of an erased account.",
    "domain_days_are_summed": (
        "Keeps the figures by recipient domain summed over runs, by day and month, for each owner and for everybody, "
        "in `domain_sums`: no report reads a row for each run. A row is added for each change: nobody waits."
    ),
    "domain_days_are_summed_anew": "As `domain_days_are_summed`, where something came back later.",
    "domain_days_are_summed_off": "As `domain_days_are_summed`, where a run is counted anew or goes with its account.",
    "clients_are_read": (
        "Writes what a search looks through, in `client_texts`, whoever writes a client: a search for part of a word "
        "looks into an index instead of at every client."
    ),
    "clients_are_read_anew": "As `clients_are_read`, where a word of a client changes, and only then.",
    "clients_are_read_no_more": "What a search looks through goes with the client.",
    "consent_texts_never_change": "What people agreed to is evidence: another text is another version.",
    "sign_ups_never_change": "Who asked for what, from where and under which texts is evidence.",
    "users_are_erased_for_good": "A deleted account does not come back, nor does its deletion get another day.",
    "remember_former_links": (
        "An unsubscribe link must answer for two years, even when the client it names is gone with the account: the "
        "hash of its token is kept, however the client was deleted."
    ),
    "journal_is_append_only": "The journal is evidence: its rows are neither changed nor deleted.",
    "journal_keeps_its_rows": "Refuses UPDATE and DELETE of the journal.",
    "journal_keeps_its_whole": "Refuses TRUNCATE of the journal.",
    "erase_deliveries": (
        "The application's role may not delete recipients. This function, which runs as the owner of the tables, "
        "deletes them for an account that was erased, as the journal says too, and for no other; in parts, to hold no "
        "lock for long."
    ),
    "erase_runs": "As `erase_deliveries`, for the runs of an erased account.",
    "grant_to_application": (
        "Gives the role that the service signs in as its rights on every table, and none to change tables or the "
        "evidence. Called after each migration and each restore."
    ),
}

# References that triggers keep instead of foreign keys (table, columns, table referred to).
KEPT_BY_TRIGGERS = (
    ("deliveries", "run_id", "runs"),
    ("deliveries", "client_id", "clients"),
    ("attempts", "run_id, position", "deliveries"),
    ("mail_reports", "run_id, position", "deliveries"),
)
