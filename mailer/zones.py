"""A time zone as people type it: a city in their language, what the list shows, or the IANA name."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup
from wtforms import StringField
from wtforms.widgets import TextInput

from mailer import places
from mailer.clock import utcnow

MAX_LENGTH = 100  # characters typed
_OPTION = Markup('<option value="{}">{}</option>')


class ZoneInput(TextInput):
    """A line that offers the zones while one types; without a browser's help it is a line still."""

    def __call__(self, field: Any, **kwargs: Any) -> Markup:
        """An input with its list of time zones, searchable in both languages."""
        list_id = f"{field.id}-zones"
        kwargs = {"list": list_id, "maxlength": MAX_LENGTH, "autocomplete": "off", "spellcheck": "false"} | kwargs
        return Markup("{}<datalist id='{}'>{}</datalist>").format(
            super().__call__(field, **kwargs), list_id, zone_options()
        )


def zone_options() -> Markup:
    """The zones as options of a list."""
    language = str(get_locale())
    other = "en" if language == "ru" else "ru"  # browsers search what stands beside a line too
    offered = places.zone_labels(language, utcnow())
    return Markup("").join(_OPTION.format(label, places.city(zone, other)) for zone, label in offered.items())


class ZoneField(StringField):
    """`data` is an IANA name; what names no zone, or several, is refused with those that were perhaps meant.

    `may_be_empty`: nothing typed is no zone, and `data` is empty then.
    """

    widget = ZoneInput()

    def __init__(self, *args: Any, may_be_empty: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.flags.optional = may_be_empty

    def process_formdata(self, valuelist: list[str]) -> None:
        """Find the zone that was typed."""
        if not valuelist:
            return
        language, typed = str(get_locale()), valuelist[0][:MAX_LENGTH]
        if self.object_data and typed == places.zone_label(self.object_data, language, utcnow()):
            self.data = self.object_data  # untouched: a former name stays, another would be another calendar
            return
        if self.flags.optional and not typed.strip():
            self.data = ""
            return
        self.data = places.zone_of(typed, language, utcnow())
        if self.data is not None:
            return
        if not typed.strip():
            raise ValueError(_("Choose a time zone."))
        if meant := places.zones_like(typed, language, utcnow()):
            raise ValueError(_("There is no such time zone. Did you mean: %(names)s?", names="; ".join(meant)))
        raise ValueError(_("There is no such time zone. Type a large city of yours, or a name like Europe/Berlin."))

    def _value(self) -> str:
        if self.data:
            return places.zone_label(self.data, str(get_locale()), utcnow())
        return str(self.raw_data[0])[:MAX_LENGTH] if self.raw_data else ""
