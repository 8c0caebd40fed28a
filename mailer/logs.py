"""Logs: readable lines for people, JSON lines for machines, each with its request id."""

from __future__ import annotations

import logging
import sys

import structlog
from flask import Flask


def init_app(app: Flask) -> None:
    """Send structlog and the standard library's loggers through one renderer to stderr."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json = app.config["LOG_FORMAT"] == "json"
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        # No values of variables beside a traceback: passwords and tokens are among them.
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.processors.format_exc_info] if as_json else []),
                renderer,
            ],
        )
    )
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # a line each for what it always sets up
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not getattr(h, "is_golub", False)]
    handler.is_golub = True  # type: ignore[attr-defined]
    if not app.testing:
        root.addHandler(handler)
        root.setLevel(logging.INFO)
