"""Admins hear of a mail server that waiting does not mend: once, and again only after it has worked between."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.jobs.server_alarm import tell_admins
from mailer.models.account_email import AccountEmail
from mailer.models.user import Role, User
from mailer.sending.servers import health
from mailer.smtp.results import Fault, Phase
from mailer.smtp.transport import Transport
from tests.factories import make_user

REFUSED_LOGIN = Fault(Phase.AUTH, "5.7.8 Authentication credentials invalid", 535)
BAD_CERTIFICATE = Fault(Phase.STARTTLS, "certificate has expired")


@pytest.fixture
def admin(app: Flask) -> User:
    return make_user(role=Role.ADMIN, language="en")


@pytest.fixture
def transport() -> Transport:
    return Transport.from_url("smtp://mail.test:25")


@pytest.mark.parametrize("fault", [REFUSED_LOGIN, BAD_CERTIFICATE])
def test_every_admin_is_told_once_in_the_servers_words(admin: User, transport: Transport, fault: Fault) -> None:
    make_user(role=Role.ADMIN, blocked_at=utcnow(), block_reason="gone")
    make_user(role=Role.MANAGER)
    for _worker in range(2):
        health.note_fault(transport, fault, was_probe=False)
    assert (tell_admins(), tell_admins()) == (1, 0)
    email = db.session.scalars(select(AccountEmail)).one()
    assert email.to_email == admin.email
    assert email.template == "server-fault"
    assert "mail.test:25" in email.context["server"]
    assert fault.text in email.context["said"]


def test_a_server_that_is_merely_away_alarms_nobody(admin: User, transport: Transport) -> None:
    health.note_fault(transport, Fault(Phase.CONNECT, "refused"), was_probe=False)
    assert tell_admins() == 0


def test_after_a_success_the_next_fault_is_news(admin: User, transport: Transport) -> None:
    health.note_fault(transport, REFUSED_LOGIN, was_probe=False)
    tell_admins()
    health.note_success(transport)
    assert tell_admins() == 0
    health.note_fault(transport, REFUSED_LOGIN, was_probe=False)
    assert tell_admins() == 1
