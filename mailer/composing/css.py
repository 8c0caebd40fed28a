"""Style sheets of a letter: kept as they were written, without what loads from elsewhere, runs, or leaves its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import tinycss2  # type: ignore[import-untyped]

MAX_LENGTH = 100_000  # characters of all style sheets of a letter; Gmail reads 16,000
MAX_DEPTH = 12  # of brackets within each other: the parser calls itself for each
_HOLDS_DECLARATIONS = frozenset(("font-face", "page", "-ms-viewport", "viewport"))  # others hold rules
_STATEMENTS = frozenset(("import", "charset", "namespace"))
_SPACE = ("whitespace", "comment")
_NEVER = frozenset(("-ms-behavior", "-moz-binding", "-o-link", "-o-link-source"))
_PLACES = frozenset(("static", "relative", "initial", "inherit"))  # of `position`: those that stay where they are
_OUTLOOKS_PLACES = _PLACES | {"absolute"}  # where only Outlook reads: it places nothing else than its shapes
_FUNCTIONS = frozenset(
    (
        *("rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "color", "color-mix", "light-dark"),
        *("calc", "min", "max", "clamp", "var", "env", "attr", "counter", "format", "local", "tech"),
        *("linear-gradient", "radial-gradient", "conic-gradient", "repeating-linear-gradient"),
        *("repeating-radial-gradient", "-webkit-linear-gradient", "-webkit-radial-gradient", "-moz-linear-gradient"),
        *("-webkit-gradient", "from", "to", "color-stop", "translate", "translatex", "translatey", "translate3d"),
        *("scale", "scalex", "scaley", "scale3d", "rotate", "rotatex", "rotatey", "rotatez", "rotate3d", "skew"),
        *("skewx", "skewy", "matrix", "perspective", "cubic-bezier", "steps", "minmax", "repeat", "fit-content"),
        *("blur", "brightness", "contrast", "drop-shadow", "grayscale", "hue-rotate", "invert", "opacity"),
        *("saturate", "sepia"),
    )
)
_ADDRESS = re.compile(r"(?:https?://|cid:|data:image/(?:png|gif|jpe?g|webp);base64,|#default#vml\Z)", re.IGNORECASE)
_PLAIN = re.compile(r"[\w\s:;#.,%!'\"\-]*+")  # nothing that could load, nest or hide
_WATCHED = re.compile(r"position|behavior|binding|o-link|expression|script:", re.IGNORECASE)
_BRACKETS = re.compile(r"[\[({]|[\])}]")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
# What a lenient reader may find where a strict one finds an error.
_SUSPECT = re.compile(r"expression|script:|-moz-binding|</|<!--|-->|<script", re.IGNORECASE)
_SCRIPT = re.compile(r"<(?=script)", re.IGNORECASE)


def clean_css(text: str) -> tuple[str, list[str]]:
    """A style sheet fit for `<style>`, and what was taken out of it; the very text where nothing was."""
    if len(text) > MAX_LENGTH or _depth(text) > MAX_DEPTH:
        return "", ["<style>"]
    removed: list[str] = []
    rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    kept = "\n".join(_rules(rules, removed))
    if not removed and not _is_suspect(text):
        return text, []
    return _closed(kept), removed


def clean_style(text: str, *, may_be_placed: bool = False) -> tuple[str, tuple[str, ...]]:
    """The same for the value of a `style` attribute. `may_be_placed`: shapes of Outlook have a `position`."""
    if _PLAIN.fullmatch(text) and not _WATCHED.search(text):
        return text, ()
    return _clean_style(text, may_be_placed)


@lru_cache(maxsize=512)  # cells of a table look alike
def _clean_style(text: str, may_be_placed: bool) -> tuple[str, tuple[str, ...]]:
    if len(text) > MAX_LENGTH or _depth(text) > MAX_DEPTH:
        return "", ("style",)
    removed: list[str] = []
    declarations = tinycss2.parse_blocks_contents(text)
    kept = ";".join(_declarations(declarations, removed, _OUTLOOKS_PLACES if may_be_placed else _PLACES))
    return (text, ()) if not removed and not _is_suspect(text) else (kept, tuple(removed))


def _rules(rules: Iterable[Any], removed: list[str]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "error":
            continue  # a browser leaves it out too
        prelude = tinycss2.serialize(rule.prelude).strip()
        if rule.type == "at-rule":
            name = rule.lower_at_keyword
            if name in _STATEMENTS or not re.fullmatch(r"[a-z\-]{1,40}", name):
                removed.append(f"@{name[:40]}")
                continue
            if rule.content is None:  # means nothing to anybody; some hide rules from Gmail with it
                if _danger(rule.prelude):
                    removed.append(f"@{name}")
                else:
                    yield f"@{name} {prelude};"
                continue
            if name in _HOLDS_DECLARATIONS:
                inside = ";".join(_declarations(tinycss2.parse_blocks_contents(rule.content), removed))
            else:
                inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
                inside = "".join(_rules(inner, removed))
            yield f"@{name} {prelude}{{{inside}}}"
        elif rule.type == "qualified-rule":
            inside = ";".join(_declarations(tinycss2.parse_blocks_contents(rule.content), removed))
            yield f"{prelude}{{{inside}}}"


def _declarations(nodes: Iterable[Any], removed: list[str], places: frozenset[str] = _PLACES) -> Iterator[str]:
    for node in nodes:
        if node.type == "declaration":
            if reason := _objection(node, places):
                removed.append(reason)
            else:
                value = tinycss2.serialize(node.value).strip()
                yield f"{node.name}:{value}{' !important' if node.important else ''}"
        elif node.type in ("qualified-rule", "at-rule"):
            removed.append("style: {…{…}}")  # mail programs know no nesting


def _objection(declaration: Any, places: frozenset[str]) -> str | None:
    name = declaration.lower_name
    if name in _NEVER:
        return f"style: {name}"
    if name == "position":
        words = {getattr(node, "lower_value", "") for node in declaration.value if node.type not in _SPACE}
        return None if words <= places else "style: position"
    found = _danger(declaration.value)
    if name == "behavior" and found is None:
        is_vml = "#default#vml" in tinycss2.serialize(declaration.value).lower()
        return None if is_vml else "style: behavior"
    return f"style: {name}: {found}" if found else None


def _danger(nodes: Iterable[Any]) -> str | None:
    """What in a value loads or runs something."""
    for node in nodes:
        if node.type == "url" or (node.type == "function" and node.lower_name == "url"):
            parts = (part.value for part in getattr(node, "arguments", ()) if part.type == "string")
            address = node.value if node.type == "url" else "".join(parts)
            if not _ADDRESS.match(address.strip()):
                return f"url({address[:40]})"
            continue
        if node.type == "function" and node.lower_name not in _FUNCTIONS:
            return f"{node.lower_name[:40]}()"
        inner = getattr(node, "arguments", None) or getattr(node, "content", None)
        if inner and (found := _danger(inner)):
            return found
    return None


def _is_suspect(text: str) -> bool:
    bare = _COMMENT.sub("", text) if "/*" in text else text
    return _SUSPECT.search(bare.replace("\\", "").strip().removeprefix("<!--").removesuffix("-->")) is not None


def _closed(css: str) -> str:
    """CSS that cannot end the element or the comment it stands in."""
    return _SCRIPT.sub(r"<\\", css.replace("</", "<\\/").replace("-->", "--\\>").replace("<!--", "<\\!--"))


def _depth(text: str) -> int:
    """The most brackets open at once; those in quotes count too, which errs on the safe side."""
    deepest = depth = 0
    for bracket in _BRACKETS.findall(text):
        depth = depth + 1 if bracket in "[({" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest
