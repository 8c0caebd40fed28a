"""What a client's fields are called on pages, in reports and in exported files."""

from flask_babel import lazy_gettext as _l

from mailer.models.client_field import FieldType

FIELDS = {
    "email": _l("Email"),
    "full_name": _l("Full name"),
    "last_name": _l("Last name"),
    "first_name": _l("First name"),
    "patronymic": _l("Patronymic"),
    "birth_year": _l("Year of birth"),
    "language": _l("Language"),
    "timezone": _l("Time zone"),
    "comment": _l("Comment"),
    "tags": _l("Tags"),
    "subscribed": _l("Subscription"),
    "unsubscribed": _l("Do not write"),
}

FIELD_TYPES = {
    FieldType.TEXT: _l("Text"),
    FieldType.NUMBER: _l("Number"),
    FieldType.DATE: _l("Date"),
    FieldType.BOOLEAN: _l("Yes or no"),
    FieldType.CHOICE: _l("One of several choices"),
}
