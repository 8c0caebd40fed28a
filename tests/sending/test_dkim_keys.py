"""Keys in the settings and on the command line."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from flask import Flask

from config import TestingConfig
from mailer import create_app
from mailer.sending.servers.dkim_keys import KINDS, read_signers
from setting_values import ConfigError


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_makes_a_key_and_says_what_to_publish(app: Flask, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "keys" / "mail.pem"
    words = ["dkim-key", "--type", kind, "--selector", "s2026", "--file", str(path)]
    done = app.test_cli_runner().invoke(args=words)

    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f'Publish:  s2026._domainkey.golub.localhost. IN TXT ( "v=DKIM1; k={kind}; p=' in done.output
    assert all(len(part) <= 255 for part in re.findall(r'"([^"]*)"', done.output))
    assert "PRIVATE" not in done.output
    setting = re.search(r"DKIM_KEYS=(.*)", done.output)
    assert setting is not None
    (signer,) = read_signers(vars(TestingConfig(DKIM_KEYS=setting[1])))
    assert (signer.selector, signer.algorithm) == ("s2026", f"{kind}-sha256")
    assert "".join(re.findall(r'"([^"]*)"', done.output)) == signer.dns_text

    again = app.test_cli_runner().invoke(args=words)
    assert again.exit_code == 1
    assert "exists already" in again.output


def test_the_signing_domain_is_that_of_the_sender_unless_named(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    app.test_cli_runner().invoke(args=["dkim-key", "--type", "ed25519", "--selector", "s", "--file", str(path)])
    settings = {"DKIM_KEYS": f"s:{path}", "MAILINGS_FROM": "news@почта.example"}
    assert read_signers(vars(TestingConfig(**settings)))[0].domain == "xn--80a1acny.example"
    assert read_signers(vars(TestingConfig(DKIM_DOMAIN="example.org", **settings)))[0].domain == "example.org"


@pytest.mark.parametrize(
    ("keys", "said"),
    [("nonsense", "selector:"), ("s:/nowhere/key.pem", "No such file"), (f"s:{__file__}", "not a private key")],
)
def test_a_mistake_stops_the_start(app: Flask, keys: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"DKIM_KEYS: .*{said}"):
        create_app(TestingConfig(DKIM_KEYS=keys))


def test_nobody_signs_unless_told_to(app: Flask) -> None:
    assert read_signers(app.config) == ()
