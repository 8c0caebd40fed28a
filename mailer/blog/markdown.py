"""Articles are written in Markdown; what readers get is HTML that can do nothing but be read."""

from __future__ import annotations

from itertools import pairwise

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from mailer.caching import remembered
from mailer.models.blog_post import BlogPost

TAGS = set("a blockquote br code em h2 h3 h4 h5 h6 hr img li ol p pre s strong table tbody td th thead tr ul".split())  # noqa: SIM905
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
WORDS_PER_MINUTE = 180
HTML_KEPT_SECONDS = 3600

_parser = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable(["table", "strikethrough"])


def render(source: str) -> Markup:
    """HTML of an article. Its headings begin below the page's own; pictures are ours only; links of other kinds than
    http, https and mailto are dropped."""
    tokens = _parser.parse(source)
    for token in tokens:
        if token.tag == "h1":
            token.tag = "h2"
    html = _parser.renderer.render(tokens, _parser.options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"img": {"loading": "lazy"}},
    )
    return Markup(clean)  # noqa: S704 - sanitised just above


def html_of(post: BlogPost) -> Markup:
    """HTML of an article, remembered until the article changes."""
    key = f"blog:html:{post.id}:{post.version}:{post.updated_at.timestamp()}"
    return Markup(remembered(key, HTML_KEPT_SECONDS, lambda: str(render(post.content))))  # noqa: S704 - sanitised


def reading_minutes(source: str) -> int:
    """How long a calm reader takes; at least one."""
    return max(1, round(len(source.split()) / WORDS_PER_MINUTE))


def opening(source: str, length: int = 160) -> str:
    """The first words of the first paragraph, as plain text."""
    for before, token in pairwise(_parser.parse(source)):
        if before.type == "paragraph_open" and (text := _plain(token)):
            return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + "…"
    return ""


def _plain(token: Token) -> str:
    return "".join(child.content or " " for child in token.children or () if child.type != "image").strip()


def _kept(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src" and not (value.startswith("/") and not value.startswith("//")):
        return None
    return value
