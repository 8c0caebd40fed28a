"""A page as a browser sees it: the links, the forms, and the parts that fetch something by themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from html.parser import HTMLParser
from urllib.parse import urljoin

Attributes = dict[str, str]
PRESSED = ("submit", "image")
NEVER_SENT = ("button", "reset", "submit", "image")
SECRET = re.compile(r">([A-Z2-7]{32})<")


@dataclass
class Field:
    """One control: what a browser would send for it untouched, and what it could send."""

    name: str
    kind: str
    values: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    attributes: Attributes = field(default_factory=dict)
    form_id: str | None = None


@dataclass
class Form:
    """What can be sent from a page, and how; `buttons` are the ways to press it."""

    action: str
    method: str
    id: str | None = None
    fields: list[Field] = field(default_factory=list)
    buttons: list[Attributes] = field(default_factory=list)
    is_multipart: bool = False
    by_script: bool = False
    draft_path: str = ""  # what it is kept under while somebody types

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its controls, each once, without the token."""
        return tuple(sorted({each.name for each in self.fields} - {"csrf_token"}))

    def pressed(self) -> list[Form]:
        """A form for each of its buttons that sends it elsewhere, or sends something more."""
        made: dict[tuple[str, str, str], Form] = {}
        for button in self.buttons or [{}]:
            name, value = button.get("name", ""), button.get("value", "")
            action = button.get("formaction", self.action)
            more = [Field(name, "button", [value])] if name else []
            method = button.get("formmethod", self.method).lower()
            made.setdefault(
                (action, name, value), replace(self, action=action, method=method, fields=self.fields + more)
            )
        return list(made.values())


class Page(HTMLParser):
    """Everything on it that leads somewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.token = ""
        self.secret = found[1] if (found := SECRET.search(text)) else ""  # of a second factor to be set up
        self._forms: list[Form] = []
        self._loose: list[Field] = []
        self._fetches: list[tuple[str, str, Form | None, str]] = []
        self._open: Form | None = None
        self._choice: Field | None = None
        self._area: Field | None = None
        self.feed(text)

    def links_from(self, path: str) -> list[str]:
        """The links, as seen from the page's own address."""
        return [urljoin(path, link) for link in self.links]

    @cached_property
    def forms(self) -> list[Form]:
        """The forms, one for each button, and what scripts send of them."""
        by_id = {form.id: form for form in self._forms if form.id}
        for each in self._loose:
            if each.form_id in by_id:
                by_id[each.form_id].fields.append(each)
        self._loose = []
        found = [pressed for form in self._forms for pressed in form.pressed() if pressed.method in ("get", "post")]
        largest = max(self._forms, key=lambda form: len(form.fields), default=None)
        for method, address, around, include in self._fetches:
            source = by_id.get(include.lstrip("#")) or around or largest
            fields = source.fields if source and (include or around) else []
            is_multipart = source is not None and source.is_multipart
            found.append(Form(address, method, fields=list(fields), is_multipart=is_multipart, by_script=True))
        return found + [self._kept(form) for form in self._forms if form.draft_path]

    def _kept(self, form: Form) -> Form:
        """What is sent of a form while somebody types into it."""
        fields = [*form.fields, Field("draft_path", "hidden", [form.draft_path])]
        return Form("/drafts", "post", fields=[each for each in fields if each.kind != "file"], by_script=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of what leads somewhere or is sent."""
        a = {name: value or "" for name, value in attrs}
        for name in ("href", "src", "data-href", "data-picker"):
            if a.get(name):
                self.links.append(a[name])
        for method in ("get", "post"):
            if a.get(f"hx-{method}"):
                self._fetches.append((method, a[f"hx-{method}"], self._open, a.get("hx-include", "")))
        if a.get("data-address"):
            picture = Form(a["data-address"], "post", fields=[Field("picture", "file")], is_multipart=True)
            self._fetches.append(("post", a["data-address"], picture, ""))
        if tag == "meta" and a.get("name") == "csrf-token":
            self.token = a.get("content", "")
        handle = getattr(self, f"_start_{tag}", None)
        if handle:
            handle(a)

    def _start_form(self, a: Attributes) -> None:
        is_multipart = a.get("enctype") == "multipart/form-data"
        self._open = Form(a.get("action", ""), a.get("method", "get").lower(), a.get("id"), is_multipart=is_multipart)
        self._open.draft_path = a.get("data-draft", "")
        self._forms.append(self._open)

    def _start_button(self, a: Attributes) -> None:
        if a.get("type", "submit") == "submit" and self._open is not None:
            self._open.buttons.append(a)

    def _start_input(self, a: Attributes) -> None:
        kind = a.get("type", "text").lower()
        if kind in PRESSED and self._open is not None:
            self._open.buttons.append(a)
        if kind in NEVER_SENT:
            return
        if "readonly" in a and a.get("value", "").startswith("http"):  # to be copied
            self.links.append(a["value"])
        if kind not in ("checkbox", "radio"):
            self._add(Field(a.get("name", ""), kind, [a.get("value", "")], attributes=a))
            return
        home = self._open.fields if self._open is not None else self._loose
        known = next((each for each in home if each.name == a.get("name") and each.kind == kind), None)
        group = known or self._add(Field(a.get("name", ""), kind, attributes=a))
        group.options.append(a.get("value", "on"))
        if "checked" in a:
            group.values.append(a.get("value", "on"))

    def _start_select(self, a: Attributes) -> None:
        self._choice = self._add(Field(a.get("name", ""), "select", attributes=a))

    def _start_option(self, a: Attributes) -> None:
        if self._choice is not None and "disabled" not in a:
            self._choice.options.append(a.get("value", ""))
            if "selected" in a:
                self._choice.values.append(a.get("value", ""))

    def _start_textarea(self, a: Attributes) -> None:
        self._area = self._add(Field(a.get("name", ""), "textarea", [""], attributes=a))

    def _add(self, made: Field) -> Field:
        made.form_id = made.attributes.get("form")
        if made.name and "disabled" not in made.attributes:
            (self._loose if self._open is None or made.form_id else self._open.fields).append(made)
        return made

    def handle_data(self, data: str) -> None:
        """The text inside a text area is its value."""
        if self._area is not None:
            self._area.values[0] += data

    def handle_endtag(self, tag: str) -> None:
        """Close what was open."""
        if tag == "form":
            self._open = None
        elif tag == "textarea" and self._area is not None:
            self._area.values[0] = self._area.values[0].removeprefix("\r\n").removeprefix("\n")
            self._area = None
        elif tag == "select" and self._choice is not None:
            choice = self._choice
            if not choice.values and choice.options and "multiple" not in choice.attributes:
                choice.values = choice.options[:1]
            self._choice = None
