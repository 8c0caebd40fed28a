"""Jobs that RQ carries out. Their functions are in `tasks`; jobs queued before an upgrade name them here."""

from mailer.jobs.tasks import import_clients, send_account_email, send_run, tick

__all__ = ["import_clients", "send_account_email", "send_run", "tick"]
