"""Reading a form off a page, as a browser would send it."""

from __future__ import annotations

from html.parser import HTMLParser


class FormReader(HTMLParser):
    """Collects the fields of one form by its id."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self._form_id = form_id
        self._is_inside = False
        self._select: str | None = None
        self.fields: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in a field."""
        attributes = dict(attrs)
        name, value = attributes.get("name"), attributes.get("value") or ""
        if tag == "form":
            self._is_inside = attributes.get("id") == self._form_id
        elif not self._is_inside:
            return
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in attributes:
            self.fields.setdefault(self._select, []).append(value)
        elif tag == "input" and name:
            is_box = attributes.get("type") in {"checkbox", "radio"}
            if not is_box or "checked" in attributes:
                self.fields.setdefault(name, []).append(value)

    def handle_endtag(self, tag: str) -> None:
        """Leave a form or a list."""
        if tag == "form":
            self._is_inside = False
        if tag == "select":
            self._select = None


def fields_of(html: str, form_id: str) -> dict[str, list[str]]:
    """The values by field name."""
    reader = FormReader(form_id)
    reader.feed(html)
    return reader.fields
