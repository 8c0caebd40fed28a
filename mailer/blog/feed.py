"""The blog for programs: RSS 2.0 and a map of the site."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from mailer.blog.markdown import opening
from mailer.http import absolute_url
from mailer.models.blog_post import BlogPost

ATOM, DC = "http://www.w3.org/2005/Atom", "http://purl.org/dc/elements/1.1/"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
PLACES = ("home.index", "blog.index", "guide.index", "home.privacy", "home.accessibility")


def rss(posts: Sequence[BlogPost]) -> str:
    """The articles as a feed, in the site's first language."""
    ET.register_namespace("atom", ATOM)
    ET.register_namespace("dc", DC)
    language = current_app.config["BABEL_DEFAULT_LOCALE"]
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    with force_locale(language):
        _add(channel, "title", _("Golub") + " — " + _("Blog"))
        _add(channel, "description", _("On writing mailings that people are glad to get."))
    _add(channel, "link", absolute_url("blog.index"))
    _add(channel, "language", language)
    link = {"href": absolute_url("blog.show_feed"), "rel": "self", "type": "application/rss+xml"}
    ET.SubElement(channel, f"{{{ATOM}}}link", link)
    for post in posts:
        _add_item(channel, post)
    return _document(root)


def sitemap(articles: Iterable[tuple[str, datetime]]) -> str:
    """The public places and every article with the moment of its last change."""
    ET.register_namespace("", SITEMAP)
    root = ET.Element(f"{{{SITEMAP}}}urlset")
    for place in PLACES:
        _add(ET.SubElement(root, f"{{{SITEMAP}}}url"), f"{{{SITEMAP}}}loc", absolute_url(place))
    for slug, changed_at in articles:
        url = ET.SubElement(root, f"{{{SITEMAP}}}url")
        _add(url, f"{{{SITEMAP}}}loc", absolute_url("blog.show", slug=slug))
        _add(url, f"{{{SITEMAP}}}lastmod", changed_at.isoformat(timespec="seconds"))
    return _document(root)


def _add_item(channel: ET.Element, post: BlogPost) -> None:
    item, address = ET.SubElement(channel, "item"), absolute_url("blog.show", slug=post.slug)
    _add(item, "title", post.title)
    _add(item, "link", address)
    _add(item, "guid", absolute_url("blog.show", slug=post.slug), isPermaLink="true")
    _add(item, "description", opening(post.content, 400))
    if post.published_at:
        _add(item, "pubDate", format_datetime(post.published_at))
    if post.author and post.author.name:
        _add(item, f"{{{DC}}}creator", post.author.name)
    for tag in post.tags:
        _add(item, "category", tag)


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = "".join(c for c in text if c >= " " or c in "\t\n")


def _document(root: ET.Element) -> str:
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")
