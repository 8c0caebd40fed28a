"""Values of own fields as pages show them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from flask_babel import format_date, format_decimal
from flask_babel import gettext as _

from mailer.composing.value_forms import NO, YES
from mailer.models.client import Client
from mailer.models.client_field import ClientField, FieldType
from mailer.segments.fields import fields_of


def shown_value(field: ClientField, client: Client) -> str:
    """What the client has in the field, in the reader's language; empty where that is nothing."""
    text = str(client.attributes.get(field.key, ""))
    if not text:
        return ""
    if field.type is FieldType.BOOLEAN:
        return {YES: _("yes"), NO: _("no")}.get(text, text)
    try:
        if field.type is FieldType.DATE:
            return str(format_date(date.fromisoformat(text), "medium"))
        return str(format_decimal(Decimal(text))) if field.type is FieldType.NUMBER else text
    except (ValueError, InvalidOperation):
        return text


def values_shown(client: Client) -> list[tuple[str, str]]:
    """Labels and values of all that is known of the client in own fields, archived ones apart, in the owner's order."""
    fields = fields_of(client.owner_id, with_archived=True)
    shown = [(field.label, shown_value(field, client)) for field in fields if field.archived_at is None]
    known = {field.key for field in fields}
    return [pair for pair in shown if pair[1]] + [
        (name, str(value)) for name, value in client.attributes.items() if name not in known
    ]
