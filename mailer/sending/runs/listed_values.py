"""What stands beside a delivery from the moment it is listed: values that an approval holds for, and the parts of the
letter that the person gets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce

from sqlalchemy import ColumnElement, Text, cast, null

from mailer.models.mailing import Mailing
from mailer.sending import parts_for_some
from mailer.sending.runs import bound_values


def listed_values(
    mailing: Mailing,
    bound: Sequence[str],
    parts: parts_for_some.Conditions | None,
    ask: bound_values.Scalar,
    today: date | None = None,
) -> ColumnElement[str]:
    """For a client in a SELECT, as the text of a JSON object: values of `bound` fields, and what lets `parts` through.

    NULL where there are neither.
    """
    objects = [bound_values.as_object(mailing, [*bound], ask)] if bound else []
    objects += [parts_for_some.as_object(mailing.owner_id, parts, today)] if parts else []
    return cast(reduce(lambda one, other: one.op("||")(other), objects) if objects else null(), Text)
