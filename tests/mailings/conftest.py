"""A mailing of one's own, and somebody else's."""

import pytest

from mailer.models.mailing import Mailing
from mailer.models.user import User
from tests.factories import make_client, make_mailing


@pytest.fixture
def mailing(owner: User) -> Mailing:
    """A daily mailing of the owner's, to everyone, from tomorrow on."""
    make_client(owner)
    return make_mailing(owner)


@pytest.fixture
def foreign(stranger: User) -> Mailing:
    """A stranger's mailing."""
    return make_mailing(stranger, [make_client(stranger)])
