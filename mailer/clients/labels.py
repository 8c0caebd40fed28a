"""What a client's fields are called on pages, in reports and in exported files."""

from flask_babel import lazy_gettext as _l

FIELDS = {
    "email": _l("Email"),
    "full_name": _l("Full name"),
    "last_name": _l("Last name"),
    "first_name": _l("First name"),
    "patronymic": _l("Patronymic"),
    "birth_year": _l("Year of birth"),
    "comment": _l("Comment"),
    "tags": _l("Tags"),
    "subscribed": _l("Subscription"),
    "unsubscribed": _l("Do not write"),
}
