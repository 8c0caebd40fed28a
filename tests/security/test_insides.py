"""What must not be reachable, fetched, unpickled, logged or left unpinned."""

from __future__ import annotations

import ast
import json
import logging
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from redis import Redis
from rq.exceptions import DeserializationError

from mailer.caching import remembered
from mailer.queue import queue
from tests.conftest import ROOT, Browser, Servers
from tests.factories import PASSWORD, make_user

HIDDEN = [
    "/.git/config", "/.env", "/config.py", "/console", "/debug", "/metrics", "/rq", "/server-status", "/wsgi.py",
    "/static/../config.py", "/static/%2e%2e/config.py", "/media/avatars/../../config.py", "/requirements.txt",
]  # fmt: skip


@pytest.mark.parametrize("path", HIDDEN)
def test_nothing_of_the_inside_is_served(web: Browser, path: str) -> None:
    answer = web.get(path)
    assert answer.status_code == 404
    assert "SECRET_KEY" not in answer.text


def modules() -> list[Path]:
    return sorted((ROOT / "mailer").rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_no_address_that_a_user_names_is_ever_fetched() -> None:
    """`mailer.outgoing` fetches what a provider signed, `outgoing_links` asks whether links of a letter are there and
    reads nothing of them: neither ever inside the operator's network."""
    fetching = {"urllib.request", "http.client", "requests", "httpx", "aiohttp", "urllib3", "ftplib"}
    found = {path: imports_of(path) & fetching for path in modules() if imports_of(path) & fetching}
    assert {path.name: names for path, names in found.items()} == {
        "outgoing.py": {"http.client"},
        "outgoing_links.py": {"http.client"},
        "coming_back.py": {"urllib.request"},  # of the self-test: the page of its own catcher
    }
    callers = {path.name for path in modules() if "outgoing.fetch" in path.read_text()}
    assert callers == {"webhooks.py", "certificates.py"}


def test_nothing_is_unpickled_or_evaluated() -> None:
    dangerous = {"pickle", "marshal", "shelve", "dill"}
    assert [path for path in modules() if imports_of(path) & dangerous] == []
    called = {
        node.func.id
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called & {"eval", "exec"} == set()


class Bomb:
    """Unpickling it runs code."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return (Path("/tmp/golub-was-here").touch, ())


def test_a_poisoned_cache_or_queue_runs_nothing(app: Flask, servers: Servers) -> None:
    poison = pickle.dumps(Bomb())
    redis = Redis.from_url(servers.redis_url)
    redis.set("cache:figures", poison)
    assert remembered("figures", 5, lambda: 7) == 7
    work = queue("accounts")
    job = work.enqueue("mailer.jobs.tasks.send_account_email", 1)
    redis.hset(f"rq:job:{job.id}", "data", poison)
    with pytest.raises(DeserializationError):
        _ = work.fetch_job(job.id).args  # type: ignore[union-attr]
    assert not Path("/tmp/golub-was-here").exists()


def test_no_password_or_token_is_logged(app: Flask, web: Browser, caplog: pytest.LogCaptureFixture) -> None:
    make_user(email="person@golub.test")
    with caplog.at_level(logging.DEBUG):
        web.post("/login", data={"email": "person@golub.test", "password": "canary-password-4711"})
        web.post("/login", data={"email": "canary-password-4711@golub.test", "password": PASSWORD})
        web.post("/login", data={"email": "person@golub.test", "password": PASSWORD})
        web.post("/forgot", data={"email": "person@golub.test"})
        web.get("/reset/canary-token-4711")
    assert PASSWORD not in caplog.text
    assert "canary-password" not in caplog.text


def test_log_lines_cannot_be_forged() -> None:
    import structlog

    render = structlog.processors.JSONRenderer(ensure_ascii=False)
    line = render(None, "info", {"event": "x", "path": '/a\r\n{"event": "forged"}\x1b[31m'})
    assert "\n" not in line and "\r" not in line and "\x1b" not in line
    assert json.loads(line)["event"] == "x"


def test_every_dependency_is_pinned_with_its_hash() -> None:
    text = (ROOT / "requirements.txt").read_text()
    for block in re.split(r"\n(?=[a-zA-Z0-9])", text):
        if re.match(r"[a-zA-Z0-9]", block):
            assert re.match(r"[\w.\[\]-]+==", block), block
            assert "--hash=sha256:" in block, block
    versions = dict(re.findall(r"^([\w-]+)==([\d.]+)", text, re.MULTILINE))
    for name, least in {"flask": (3, 1, 3), "jinja2": (3, 1, 6), "werkzeug": (3, 1, 6)}.items():
        assert tuple(map(int, versions[name].split("."))) >= least, name


def test_no_live_token_is_logged_wherever_a_page_breaks(
    app: Flask, web: Browser, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(**_values: object) -> str:
        raise RuntimeError("on purpose")

    rules = [rule for rule in app.url_map.iter_rules() if {"token", "key"} & rule.arguments]
    assert {"auth.reset", "unsubscribe.page", "auth.confirm"} <= {rule.endpoint for rule in rules}
    for rule in rules:
        monkeypatch.setitem(app.view_functions, rule.endpoint, breaks)
    with caplog.at_level(logging.DEBUG), app.test_request_context():
        addresses = [
            (
                rule,
                app.url_for(rule.endpoint, **cast(dict[str, Any], dict.fromkeys(rule.arguments, "canary" + "0" * 58))),
            )
            for rule in rules
            if rule._converters.keys() <= {"token", "key"} and "canary" not in rule.rule
        ]
    with caplog.at_level(logging.DEBUG):
        for rule, address in addresses:
            method = "GET" if "GET" in (rule.methods or ()) else "POST"
            assert web.open(address, method=method).status_code in (404, 500)
        web.get("/reset/canary-token-4711/and/no/such/page")
    assert "on purpose" in caplog.text and "/reset/<" in caplog.text
    assert "canary" not in caplog.text
