"""The whole service, from nothing to an answering site: servers, schema, sample data, processes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from config import kind_of
from launcher.application_role import application_url, let_in
from launcher.credentials import load_credentials, write_when_changed
from launcher.language import in_language
from launcher.part import CHECKOUT, Part, StartError
from launcher.ports import first_free
from launcher.postgres import Postgres, prepare_postgres
from launcher.processes import application_parts, mail_catcher, migration, sample_data
from launcher.schema import is_up_to_date, note_upgrade
from launcher.settings import Settings
from launcher.supervisor import Supervisor
from launcher.valkey import prepare_valkey
from setting_values import names_of_settings

MAIL_SETTINGS = ("MAIL_SERVER", "MAIL_PORT", "MAIL_USERNAME", "MAIL_PASSWORD", "MAIL_USE_TLS", "MAIL_USE_SSL")
# The launcher's own, and what the environment alone decides: not for a `flask …` beside the running service.
NOT_PASSED_ON = {"VAR_DIR", "PORT", "HOST", "GOLUB_ENV"}

ApplicationParts = Callable[[Settings, dict[str, str], int], list[Part]]


class Service:
    """Starts everything under a supervisor; `environment` is what the application's processes are given."""

    def __init__(self, settings: Settings, supervisor: Supervisor, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.supervisor = supervisor
        self.say = say
        self.logs = settings.var_dir / "logs"
        self.environment = dict(settings.given, VAR_DIR=str(settings.var_dir), PYTHONUNBUFFERED="1")
        self.environment.setdefault("SECRET_KEY", load_credentials(settings.var_dir)["secret_key"])

    def start(self, application: ApplicationParts = application_parts) -> None:
        """Return when the site answers. Errors: `launcher.part.StartError`, and ConfigError before anything runs."""
        self.forget_addresses()  # of a start that was killed: they are no settings of this one
        port = self._port()
        self.environment.setdefault("SITE_URL", f"http://127.0.0.1:{port}")
        kind_of(self.environment.get("GOLUB_ENV", "development"))(**self.environment)
        self._start_servers()
        if not self.supervisor.is_stopping:
            self._write_addresses()
            self._prepare_database()
            self.supervisor.start(application(self.settings, self._as_application(), port))

    def _as_application(self) -> dict[str, str]:
        """What the site and the workers are told: of an embedded database only a role that owns nothing."""
        environment = {name: value for name, value in self.environment.items() if name != "DATABASE_OWNER_URL"}
        if self.settings.is_given("DATABASE_URL") or self.supervisor.is_stopping:
            return environment
        owner_url, password = environment["DATABASE_URL"], load_credentials(self.settings.var_dir)["application"]
        let_in(owner_url, password)
        return environment | {"DATABASE_URL": application_url(owner_url, password)}

    def _port(self) -> int:
        """The wanted one; the next free one only where nobody was told an address. Errors: StartError."""
        wanted, port = self.settings.port, first_free(self.settings.port, self.settings.host)
        if port != wanted and self.settings.is_given("SITE_URL"):
            raise StartError(
                in_language(
                    f"Порт {wanted} занят, а сайт {self.environment['SITE_URL']} ждут на нём. Освободите порт или "
                    "укажите другой в PORT и в настройках веб-сервера перед Голубем.",
                    f"Port {wanted} is taken, and {self.environment['SITE_URL']} is expected there. Free it, or name "
                    "another one by PORT and to the web server in front of Golub.",
                )
            )
        if port != wanted:
            self.say(in_language(f"Порт {wanted} занят, взят {port}", f"port {wanted} is taken, using {port}"))
        return port

    def forget_addresses(self) -> None:
        """The clean end: nothing runs here any more."""
        with suppress(OSError):
            (self.settings.var_dir / "running.json").unlink(missing_ok=True)

    def _start_servers(self) -> None:
        var_dir, servers = self.settings.var_dir, []
        postgres = None if self.settings.is_given("DATABASE_URL") else prepare_postgres(var_dir)
        if postgres:
            servers.append(postgres.part())
            self.environment["DATABASE_URL"] = postgres.url()
        if not self.settings.is_given("REDIS_URL"):
            valkey = prepare_valkey(var_dir)
            servers.append(valkey.part())
            self.environment["REDIS_URL"] = valkey.url
            self.supervisor.add_chore(valkey.keep_writable)
        if not self.settings.is_given("MAIL_SERVER"):
            servers.append(self._mail_catcher())
        started_at = time.monotonic()
        self.supervisor.start(servers)
        if postgres and not self.supervisor.is_stopping:
            self._ensure_database(postgres)
        names = ", ".join(part.name for part in servers)
        if names:
            self.say(f"{names}: ready after {time.monotonic() - started_at:.1f} s")

    def _ensure_database(self, postgres: Postgres) -> None:
        is_known = (self.settings.var_dir / "schema.json").exists() or self._sample_wanted.exists()
        if postgres.ensure_database(is_expected=is_known):
            self._sample_wanted.touch()

    def _mail_catcher(self) -> Part:
        smtp_port, page_port = first_free(1025), first_free(8025)
        self.environment |= dict.fromkeys(MAIL_SETTINGS, "")
        self.environment |= {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(smtp_port)}
        self.environment["MAIL_PAGE_URL"] = f"http://127.0.0.1:{page_port}/"
        self.environment["MAIL_CATCHER_URL"] = f"smtp://127.0.0.1:{smtp_port}"
        return mail_catcher(smtp_port, page_port, self.settings.var_dir / "mail", self.environment)

    def _prepare_database(self) -> None:
        url, note = self.environment["DATABASE_URL"], self.settings.var_dir / "schema.json"
        is_ours = not self.settings.is_given("DATABASE_URL")
        if not (is_ours and is_up_to_date(url, note)):
            self.say("bringing the database up to date …")
            self.supervisor.run_once(migration(self.environment, self.logs))
            if is_ours and not self.supervisor.is_stopping:
                note_upgrade(url, note)
        if self._sample_wanted.exists() and not self.supervisor.is_stopping:
            self.say("loading sample data …")
            try:
                self.supervisor.run_once(sample_data(self.environment, self.logs))
            except StartError as error:  # the site is of use without it; the next start tries again
                self.say(str(error))
            else:
                self._sample_wanted.unlink(missing_ok=True)

    def _write_addresses(self) -> None:
        """A `flask …` beside it works with the same settings, addresses and all, in a shell that says nothing of them:
        else it would send from another address by another server, or judge the restore fence by another INSTANCE_ID."""
        names = sorted({*names_of_settings(CHECKOUT / ".env.example"), "MAIL_PAGE_URL"} - NOT_PASSED_ON)
        known = {name: self.environment[name] for name in names if self.environment.get(name)}
        try:
            write_when_changed(self.settings.var_dir / "running.json", json.dumps(known, indent=2))
        except OSError as error:
            self.say(f"`flask` commands will not find this service: {error}")

    @property
    def _sample_wanted(self) -> Path:
        """There from the first start of an embedded database until its sample data is in."""
        return self.settings.var_dir / "sample-wanted"
