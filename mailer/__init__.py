"""Golub: a self-hosted e-mail mailing service."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask

from mailer import (
    database_limits,
    errors,
    http,
    input_limits,
    logs,
    post_only_pages,
    redirects,
    trailing_slashes,
    zone_data,
)
from mailer.bodies import Request
from mailer.extensions import babel, cache, db, mail
from mailer.home import news
from mailer.jobs import commands
from mailer.models import registry  # noqa: F401 - the metadata is whole from here on
from mailer.sending.servers import dkim_keys, mail_routes

zone_data.use_pinned()  # at import: commands and jobs, too, read no zone of the host


def create_app(config: Any = None, *, with_website: bool = True) -> Flask:
    """The application, from `config` or from the environment; raises `config.ConfigError` on unsafe settings.

    Without the website it serves nobody: no pages, no panel, no commands for operators. All that jobs need is there.
    """
    if config is None:
        from config import from_environment

        config = from_environment()
    app = Flask(__name__)
    app.request_class = Request
    app.config.from_object(config)
    logs.init_app(app)
    mail_routes.init_app(app)
    dkim_keys.init_app(app)
    _init_extensions(app)
    errors.init_app(app)
    input_limits.init_app(app)
    post_only_pages.init_app(app)
    trailing_slashes.init_app(app)
    redirects.init_app(app)
    http.init_app(app)
    news.listen()  # here, since mailings begin and end in workers too
    commands.init_app(app)
    if with_website:
        from mailer import website  # 23 MiB that a process which only works does not need

        website.init_app(app)
    http.believe_proxies(app)
    return app


def _init_extensions(app: Flask) -> None:
    db.init_app(app)
    mail.init_app(app)
    cache.init_app(app)
    babel.init_app(app, locale_selector=http.chosen_language, timezone_selector=http.chosen_timezone)
    with app.app_context():
        engine = db.engine
    database_limits.listen(engine)
    input_limits.listen(engine)
    # A forked RQ work-horse or web worker must never share a connection with its parent.
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))
