"""A queue or a disk that takes no more ends a worker in one sentence: the supervisor starts it again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask_babel import force_locale
from flask_babel import gettext as _
from redis import RedisError
from redis.exceptions import ResponseError
from sqlalchemy.exc import DBAPIError

from mailer import storage
from mailer.terminal import language

REFUSALS = ("MISCONF", "OOM", "READONLY", "command not allowed when used memory")


def label_of(error: BaseException | None) -> str | None:
    """What to say of the error instead of a traceback; None for what is a fault of ours."""
    with force_locale(language()):
        if isinstance(error, ResponseError) and _is_refusal(error):
            return _(
                "The queue (Redis) accepts nothing because its disk or memory is full: %(words)s", words=str(error)
            )
        if isinstance(error, RedisError) and not isinstance(error, ResponseError):
            return _("The queue (Redis) does not answer: %(words)s", words=str(error))
        if isinstance(error, OSError) and storage.is_about_room(error):
            return _("The disk is full: %(words)s", words=str(error))
        if isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", None) == "53100":
            return _("The database’s disk is full: %(words)s", words=" ".join(str(error.orig).split()))
    return None


def _is_refusal(error: ResponseError) -> bool:
    return type(error) is not ResponseError or str(error).startswith(REFUSALS)


class _Sentence(logging.Filter):
    """RQ logs what ends its worker with a traceback; of these a sentence is enough."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and (words := label_of(record.exc_info[1])):
            record.msg, record.args, record.exc_info = words, (), None
        return True


@contextmanager
def ended_by_a_sentence() -> Iterator[None]:
    """Around the work of a process: raises ClickException, which prints no traceback and exits by 1."""
    logger, sentence = logging.getLogger("rq.worker"), _Sentence()
    logger.addFilter(sentence)
    try:
        yield
    except (RedisError, OSError, DBAPIError) as error:
        if (words := label_of(error)) is None:
            raise
        raise click.ClickException(words) from error
    finally:
        logger.removeFilter(sentence)
