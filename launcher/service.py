"""The whole service, from nothing to an answering site, then the rest: servers, schema, processes, sample data."""

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
from launcher.ports import first_free, kept_port
from launcher.postgres import Postgres, find_postgres
from launcher.processes import all_report, application_parts, migration, sample_data
from launcher.programs import mail_catcher
from launcher.reaching import require_database
from launcher.schema import is_likely_up_to_date, is_up_to_date, note_upgrade
from launcher.settings import Settings
from launcher.sign import Sign
from launcher.supervisor import Supervisor
from launcher.valkey import prepare_valkey
from setting_values import names_of_settings

MAIL_SETTINGS = ("MAIL_SERVER", "MAIL_PORT", "MAIL_USERNAME", "MAIL_PASSWORD", "MAIL_USE_TLS", "MAIL_USE_SSL")
# The launcher's own, and what the environment alone decides: not for a `flask …` beside the running service.
NOT_PASSED_ON = {"VAR_DIR", "PORT", "HOST", "GOLUB_ENV"}

QUESTION_SECONDS = 0.5  # between asking whether all is up

ApplicationParts = Callable[[Settings, dict[str, str], int, Sign], list[Part]]


class Service:
    """Starts everything under a supervisor; `environment` is what the application's processes are given."""

    def __init__(self, settings: Settings, supervisor: Supervisor, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.supervisor = supervisor
        self.say = say
        self.logs = settings.var_dir / "logs"
        self.environment = dict(settings.given, VAR_DIR=str(settings.var_dir), PYTHONUNBUFFERED="1")
        self.port = settings.port
        self._gate = Sign()  # opens when the database can be used: for its migration first, then for the site
        self._migration_gate = Sign()
        self._postgres: Postgres | None = None
        self._rest: list[Part] = []
        self.environment.setdefault("SECRET_KEY", load_credentials(settings.var_dir)["secret_key"])

    def start(self, application: ApplicationParts = application_parts) -> None:
        """Return when the site answers. Errors: `launcher.part.StartError`, and ConfigError before anything runs.

        What takes long side by side: the application loads, for its migrations and for the site, while servers start.
        """
        self.forget_addresses()  # of a start that was killed: they are no settings of this one
        self._sample_loading.unlink(missing_ok=True)
        self.port = self._port()
        self.environment.setdefault("SITE_URL", f"http://127.0.0.1:{self.port}")
        kind_of(self.environment.get("GOLUB_ENV") or "development")(**self.environment)
        if not self._is_ours:
            require_database(self.environment)
        servers = self._servers()
        first, self._rest = self._application(application)
        upgrade = migration(self.environment, self.logs, self._migration_gate)
        if not (self._is_ours and is_likely_up_to_date(self._schema_note)):
            self.supervisor.begin(upgrade)
        for part in first:
            self.supervisor.begin(part)
        self._start_servers(servers)
        if not self.supervisor.is_stopping:
            self._write_addresses()
            self._prepare_database(upgrade)
        if not self.supervisor.is_stopping:
            self._gate.make()
            self.supervisor.start(first)

    def start_rest(self, when_up: Callable[[], None]) -> None:
        """Start what the first page can do without; `when_up` is called when all of it has reported."""
        rest = self.supervisor.add(self._rest)
        if self._sample_wanted.exists() and not self.supervisor.is_stopping:
            self._load_sample_data()
        next_question_at = 0.0

        def is_up() -> bool:
            nonlocal next_question_at
            if time.monotonic() < next_question_at:
                return False
            is_over = all(child.part.is_ready is None or child.part.is_ready() for child in rest) and all_report(
                self.settings, self.port, self.environment["SITE_URL"]
            )
            next_question_at = time.monotonic() + QUESTION_SECONDS
            if is_over:
                when_up()
            return is_over

        self.supervisor.expect(is_up)

    def _application(self, application: ApplicationParts) -> tuple[list[Part], list[Part]]:
        """The part that answers first, and the others."""
        parts = application(self.settings, self._as_application(), self.port, self._gate)
        return parts[:1], parts[1:]

    def _as_application(self) -> dict[str, str]:
        """What the site and the workers are told: of an embedded database only a role that owns nothing."""
        environment = {name: value for name, value in self.environment.items() if name != "DATABASE_OWNER_URL"}
        if not self._is_ours:
            return environment
        return environment | {"DATABASE_URL": application_url(environment["DATABASE_URL"], self._role_password)}

    @property
    def _role_password(self) -> str:
        return load_credentials(self.settings.var_dir)["application"]

    @property
    def _is_ours(self) -> bool:
        return not self.settings.is_given("DATABASE_URL")

    @property
    def _schema_note(self) -> Path:
        return self.settings.var_dir / "schema.json"

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

    def _servers(self) -> list[Part]:
        """The servers that are ours, known by their addresses; nothing runs yet."""
        var_dir, servers = self.settings.var_dir, []
        if self._is_ours:
            self._postgres = find_postgres(var_dir)
            servers.append(self._postgres.part())
            self.environment["DATABASE_URL"] = self._postgres.url()
        if not self.settings.is_given("REDIS_URL"):
            valkey = prepare_valkey(var_dir)
            servers.append(valkey.part())
            self.environment["REDIS_URL"] = valkey.url
            self.supervisor.add_chore(valkey.keep_writable)
        if not self.settings.is_given("MAIL_SERVER"):
            servers.append(self._mail_catcher())
        return servers

    def _start_servers(self, servers: list[Part]) -> None:
        started_at = time.monotonic()
        if self._postgres:
            self._postgres.prepare()
        self.supervisor.start(servers)
        if self._postgres and not self.supervisor.is_stopping:
            self._ensure_database(self._postgres)
        names = ", ".join(part.name for part in servers)
        if names:
            self.say(f"{names}: ready after {time.monotonic() - started_at:.1f} s")

    def _ensure_database(self, postgres: Postgres) -> None:
        is_known = self._schema_note.exists() or self._sample_wanted.exists()
        if postgres.ensure_database(is_expected=is_known):
            if self.environment.get("GOLUB_ENV") == "production":  # no accounts of ours where real people are
                self.say("nobody can sign in yet: flask create-user you@example.org --role admin")
            else:
                self._sample_wanted.touch()

    def _mail_catcher(self) -> Part:
        folder = self.settings.var_dir
        smtp_port, page_port = kept_port(folder, "catcher", 1025), kept_port(folder, "catcher-page", 8025)
        self.environment |= dict.fromkeys(MAIL_SETTINGS, "")
        self.environment |= {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(smtp_port)}
        self.environment["MAIL_PAGE_URL"] = f"http://127.0.0.1:{page_port}/"
        self.environment["MAIL_CATCHER_URL"] = f"smtp://127.0.0.1:{smtp_port}"
        self._bring_returns()
        return mail_catcher(smtp_port, page_port, self.settings.var_dir / "mail", self.environment)

    def _bring_returns(self) -> None:
        """The catcher sends back what is addressed to its bouncing names, so that everybody sees that at home."""
        self.environment.setdefault("BOUNCE_ADDRESS", "bounces@golub.localhost")
        if not self.settings.is_given("BOUNCE_PORT"):
            self.environment["BOUNCE_PORT"] = str(kept_port(self.settings.var_dir, "reports", 2526))

    def _prepare_database(self, upgrade: Part) -> None:
        url, is_ours = self.environment["DATABASE_URL"], self._is_ours
        if not (is_ours and is_up_to_date(url, self._schema_note)):
            self.say("bringing the database up to date …")
            self._migration_gate.make()
            self.supervisor.run_once(upgrade)
            if is_ours and not self.supervisor.is_stopping:
                note_upgrade(url, self._schema_note)
        if is_ours and not self.supervisor.is_stopping:
            let_in(url, self._role_password)

    def _load_sample_data(self) -> None:
        """Beside the site, which says so as long as it lasts."""
        self.say("the site answers; loading sample data …")
        with suppress(OSError):
            self._sample_loading.touch()

        def then(error: StartError | None) -> None:
            with suppress(OSError):
                self._sample_loading.unlink(missing_ok=True)
                if error is None:
                    self._sample_wanted.unlink(missing_ok=True)
            # The site is of use without it; the next start tries again.
            self.say(str(error or f"sample data is in; accounts: {self.settings.var_dir / 'accounts.json'}"))

        self.supervisor.run_beside(sample_data(self.environment, self.logs), then)

    def _write_addresses(self) -> None:
        """A `flask …` beside it works with the same settings, addresses and all, in a shell that says nothing of them:
        else it would send from another address by another server, or tell copies apart by another INSTANCE_ID."""
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

    @property
    def _sample_loading(self) -> Path:
        """There while it is being loaded; the pages look for it."""
        return self.settings.var_dir / "sample-loading"
