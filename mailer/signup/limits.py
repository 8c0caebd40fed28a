"""How often strangers may post forms from one place; beyond that a page with status 429 says when to try again.

A place is a network: the last octet of an IPv4 address and the last nine of an IPv6 one are everybody's to choose.
The limits of addresses and forms (`mailer.signup.asking`) hold however many places take part.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from flask import request

from mailer.extensions import limiter
from mailer.limiting import say_when

WITH_WORK = "20 per hour"  # forms taken from one network
WITHOUT_WORK = "5 per hour"  # of those, from who only waited


def network() -> str:
    """The network a request comes from."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return str(ip_network(f"{address}/{24 if address.version == 4 else 56}", strict=False))


posting = limiter.shared_limit(
    "60 per hour", scope="sign-up-forms", methods=["POST"], key_func=network, on_breach=say_when
)
following = limiter.shared_limit(
    "60 per hour", scope="sign-up-links", methods=["POST"], key_func=network, on_breach=say_when
)


def count_taken(is_worked: bool) -> None:
    """Count a form that is about to be taken; raises 429 where too many came from there."""
    most = WITH_WORK if is_worked else WITHOUT_WORK
    with limiter.limit(most, key_func=network, scope=_scope(is_worked), on_breach=say_when):
        return


def _scope(is_worked: bool) -> str:
    return "sign-ups with work" if is_worked else "sign-ups without"
