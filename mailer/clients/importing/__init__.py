"""Files of clients: read, checked and written by one job. What other packages call is named here."""

from mailer.clients.importing.job import run_import
from mailer.clients.importing.stalled import stalled_imports

__all__ = ["run_import", "stalled_imports"]
