"""Sample data: an invented tea shop with clients, messages and mailings, staff to look on, and a blog.

Everything invented is addressed to domains in `.test`, which no mail can ever reach.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import insert, select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.models.user import Role, User
from mailer.sample import mailings, people, series
from mailer.sample.accounts import PEOPLE, Account, ensure_accounts, find_user, write_accounts
from mailer.sample.blog import ensure_articles
from mailer.sample.messages import add_messages

__all__ = ["Account", "load"]


def load(var_dir: str | Path, now: datetime | None = None) -> list[Account]:
    """Put the sample data in, if it is not there yet; who can sign in. The passwords are kept in `accounts.json` too.

    One transaction, and the file after it: nobody signs in to a half of it, and a load that was cut off is done anew by
    the next call.
    """
    accounts = ensure_accounts(Path(var_dir))
    db.session.flush()
    ids = {role: user.id for email, _name, role in PEOPLE if (user := find_user(email))}
    now = now or utcnow()
    ensure_articles(ids[Role.EDITOR], now)
    if db.session.scalar(select(Mailing.id).where(Mailing.owner_id == ids[Role.USER]).limit(1)) is None:
        _add_shop(ids[Role.USER], now)
    db.session.commit()
    write_accounts(Path(var_dir), accounts)
    return accounts


def _add_shop(owner_id: int, now: datetime) -> None:
    db.session.execute(insert(Client), list(people.clients(owner_id, now)))
    clients = db.session.scalars(select(Client).where(Client.owner_id == owner_id).order_by(Client.id)).all()
    messages = add_messages(owner_id)
    mailings.add_field(owner_id)
    mailings.add_filter(owner_id)
    mailings.add_unsubscribed(clients, now)
    mailings.add_finished(owner_id, messages["autumn.html"], clients, now)
    mailings.add_daily(owner_id, messages["morning.txt"], now)
    mailings.add_soon(owner_id, messages["club.html"], utcnow())
    series.add_topics(owner_id)
    series.add_welcome(db.session.get_one(User, owner_id), messages)
