"""How rows are locked, and in which order: users, mailings, runs, slices, deliveries, attempts (docs/delivery.md).

`FOR UPDATE` is for nobody: it also keeps out whoever only refers to the row. PostgreSQL looks at a run's owner and
mailing (FOR KEY SHARE) whenever a transaction updates the run twice, as the figures of a slice do, so a sender that
holds the run would wait for a person who holds the mailing and comes to the run.
"""

from __future__ import annotations

from typing import Any, Final

# What `with_for_update` takes.
FOR_CHANGE: Final[dict[str, Any]] = {"key_share": True}  # FOR NO KEY UPDATE
AS_IT_IS: Final[dict[str, Any]] = {"read": True}  # FOR SHARE: never of a row that the same transaction may change
