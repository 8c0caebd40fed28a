"""What those who oversee may do: each call checks, writes, commits once, and tells the person concerned."""

from mailer.manager.services.blocking import block, unblock
from mailer.manager.services.deciding import approve, reject
from mailer.manager.services.limits import set_limits
from mailer.manager.services.roles import change_role, end_sessions, set_permissions
from mailer.manager.services.switching import disable, enable, stop_run

__all__ = [
    "approve", "block", "change_role", "disable", "enable", "end_sessions", "reject", "set_limits", "set_permissions",
    "stop_run", "unblock",
]  # fmt: skip
