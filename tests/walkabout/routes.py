"""The URL map of the site: which route an address belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect, Rule

Route = tuple[str, str]  # the endpoint and the method


@dataclass(frozen=True)
class Routes:
    """All of them, at the address where the site is served."""

    site: str
    adapter: MapAdapter

    def match(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        """The endpoint of an address and the parts of it that vary; "" when it is nobody's."""
        rule, parts = self.rule_of(method, path)
        return (rule.endpoint if rule else ""), parts

    def rule_of(self, method: str, path: str) -> tuple[Rule | None, dict[str, Any]]:
        """The rule that an address follows, and the parts of it that vary."""
        plain = unquote(urlsplit(path).path, errors="replace")
        try:
            rule, parts = self.adapter.match(plain, method, return_rule=True)
            return rule, dict(parts)
        except RequestRedirect as redirect:
            return self.rule_of(method, urlsplit(redirect.new_url).path)
        except HTTPException:
            return None, {}

    def own(self, link: str) -> str:
        """The path of a link within the site, "" of any other."""
        url = urlsplit(urljoin(f"{self.site}/", link))
        if url.netloc != urlsplit(self.site).netloc or url.scheme not in ("http", "https"):
            return ""
        return url.path + (f"?{url.query}" if url.query else "")

    def all(self) -> set[Route]:
        """Each route with each of its methods."""
        rules = self.adapter.map.iter_rules()
        return {(rule.endpoint, method) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
