"""Why a value or a file was not taken, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from mailer.grouping import grouped

SENTENCES: dict[str, LazyString] = {
    "address_missing": _l("There is no address."),
    "address_control_character": _l("The address contains an invisible or control character."),
    "address_with_name": _l("Write only the address, without a name or angle brackets."),
    "address_several": _l("There is more than one address here."),
    "address_without_at": _l("There is no @ sign in the address."),
    "address_two_ats": _l("There is more than one @ sign in the address."),
    "address_with_space": _l("There is a space inside the address."),
    "address_without_local": _l("There is nothing before the @ sign."),
    "address_without_domain": _l("There is nothing after the @ sign."),
    "address_quoted": _l("Addresses with quotation marks are not supported."),
    "address_literal": _l("An IP address in brackets after the @ sign is not supported."),
    "address_local_too_long": _l("The part before the @ sign is longer than %(limit)s characters."),
    "address_too_long": _l("The address is longer than %(limit)s characters."),
    "address_dots": _l(
        "There is a dot in the wrong place: at the beginning, right before the @ sign, or twice in a row."
    ),
    "address_trailing_dot": _l("There is a dot after the address."),
    "address_without_dot": _l("There is no dot in the part after the @ sign."),
    "address_syntax": _l("This is not an email address: a character or the domain is not allowed."),
    "mixed_script": _l("The domain mixes alphabets, as forged addresses do. It was imported anyway: please check it."),
    "control_character": _l("There is a character that is not allowed."),
    "undecodable": _l("There is a character that does not fit the file's encoding."),
    "too_long": _l("The value is longer than %(limit)s characters."),
    "year_not_a_number": _l("The year of birth must be written with four digits."),
    "year_out_of_range": _l("The year of birth must lie between %(first)s and %(last)s."),
    "language_unknown": _l(
        "Messages can have no such language, so it was left out. Write its name, or a code such as “en”."
    ),
    "zone_unknown": _l(
        "There is no such time zone, so it was left out. Write a large city, a name like Europe/Berlin, or UTC+3."
    ),
    "subscription_unknown": _l("It is not clear from this whether the person is subscribed."),
    "too_many_tags": _l("There are more than %(limit)s tags."),
    "too_many_attributes": _l("There are more than %(limit)s custom fields."),
    "attribute_name": _l("The name of a field must not be empty or contain a colon."),
    "attribute_without_colon": _l(
        "Write each field on its own line as “name: value”. This line has no colon: %(line)s"
    ),
    "not_a_number": _l("This is not a number."),
    "number_too_long": _l("A number can have up to %(digits)s digits and %(places)s decimal places."),
    "not_a_date": _l("This is not a date. Write it as 31.12.2026 or 2026-12-31."),
    "no_such_date": _l("There is no such day in the calendar. Dates are read as day, month, year."),
    "date_out_of_range": _l("The year must lie between %(first)s and %(last)s."),
    "not_yes_or_no": _l("This is neither yes nor no."),
    "not_a_choice": _l("This is not one of the choices of the field: %(choices)s."),
    "too_many_choices": _l("There can be %(limit)s choices."),
    "field_twice": _l("Two columns are chosen for the field “%(name)s”. Leave one of them."),
    "ragged": _l("Expected %(expected)s columns, found %(found)s."),
    "unclosed_quote": _l("A quotation mark is opened and not closed."),
    "stray_quote": _l("There is a quotation mark in the middle of a value."),
    "unreadable_header": _l("Row %(row)s, which seems to name the columns, cannot be read. %(reason)s"),
    "field_too_long": _l("A value is longer than %(limit)s characters."),
    "duplicate": _l("Duplicate of row %(first_row)s."),
    # a whole file
    "empty": _l("The file is empty."),
    "no_rows": _l("There is nothing in the file but the header."),
    "too_large": _l("The file is larger than %(megabytes)s MB."),
    "spreadsheet": _l("This is an old spreadsheet (.xls) or one with a password. Save it as .xlsx, .ods or CSV."),
    "spreadsheet_broken": _l(
        "This spreadsheet is damaged. Open it in its program and save it again, or save it as CSV."
    ),
    "spreadsheet_locked": _l("This spreadsheet has a password or is packed unusually. Save it again without one."),
    "spreadsheet_too_large": _l("Unpacked, this spreadsheet is larger than %(megabytes)s MB. Save it as CSV."),
    "imports_too_large": _l(
        "Your files waiting to be imported leave no room for this one: one account can keep %(megabytes)s MB, "
        "unpacked. Upload it again when they are done."
    ),
    "image": _l("This is not a table but an image."),
    "pdf": _l("This is not a table but a PDF document."),
    "archive": _l("This is not a table but an archive. Unpack it first."),
    "binary": _l("This is not a table: it contains no text."),
    "too_many_columns": _l("There are more than %(limit)s columns in the file."),
    "too_many_rows": _l("There are more than %(limit)s rows in the file. Split it into several files."),
    "rows_rejected": _l("Some rows are wrong, and you asked for all or nothing. Nothing was written."),
    "file_missing": _l("The uploaded file is no longer kept. Please upload it again."),
    "internal": _l("The import stopped because of an error on our side. Nothing was added."),
    "broke_off": _l("The import stopped five times before the end. Nothing was added. Try a smaller file."),
    # a choice of columns
    "no_address_column": _l("No column is chosen for the address."),
    "column_twice": _l("Two columns are chosen for “%(field)s”. Leave one of them."),
    "attribute_twice": _l("Two columns have the same name “%(name)s”. Leave one of them out."),
}


def explain(code: str, params: Mapping[str, Any] | None = None) -> str:
    """The sentence for a code; the code itself should an old report hold one that is no longer known."""
    sentence = SENTENCES.get(code)
    return str(sentence) % grouped(dict(params or {})) if sentence is not None else code
