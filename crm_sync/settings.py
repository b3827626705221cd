"""The environment's CRM_SYNC_ variables -> one frozen Settings, read once, and the org Connection it describes.

Called by bootstrap only. What the program wants is not here: that lives in rules/ and mappings/, and nothing can be
set in both places. Secrets are wrapped, so they never show in a repr, a log or a traceback.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from crm_sync.errors import ConfigurationError, Mistake

PREFIX = "CRM_SYNC_"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_ORG_ID = re.compile(r"00D[A-Za-z0-9]{15}")


@dataclass(frozen=True)
class JwtGrant:
    """Log in by a JWT signed with a private key that never leaves this machine."""

    username: str
    private_key: SecretStr


@dataclass(frozen=True)
class SecretGrant:
    """Log in by client credentials."""

    client_secret: SecretStr


@dataclass(frozen=True)
class Connection:
    """How to reach the org. `instance_url` has scheme and host only; `org_id` None means: read, never write."""

    instance_url: str
    client_id: str
    grant: JwtGrant | SecretGrant
    org_id: str | None
    expect_sandbox: bool
    api_version: str
    connect_timeout_s: float
    read_timeout_s: float
    bulk_read_rows: int
    bulk_write_rows: int
    allowed_host_suffixes: tuple[str, ...]

    @property
    def loopback(self) -> bool:
        """Whether this is the embedded org of this machine, the only one that plain http may reach."""
        return urlsplit(self.instance_url).scheme == "http"


class Settings(BaseSettings):
    """Where this worker runs. Every field is the environment variable CRM_SYNC_<NAME>."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    instance_url: str | None = Field(default=None, description="The org's My Domain address.")
    client_id: str | None = Field(default=None, description="Consumer key of the External Client App.")
    auth: Literal["jwt", "client_credentials"] = Field(default="jwt", description="How the worker logs in.")
    username: str | None = Field(default=None, description="The integration user, for jwt.")
    private_key_file: Path | None = Field(default=None, description="PEM key for jwt; mode 0600.")
    client_secret: SecretStr | None = Field(default=None, description="For client_credentials.")
    client_secret_file: Path | None = Field(default=None, description="The same, in a file of mode 0600.")
    org_id: str | None = Field(default=None, description="18-character id of the only org that may be written to.")
    expect_sandbox: bool = Field(default=False, description="Whether that org is a sandbox.")
    api_version: str = Field(default="68.0", pattern=r"^[6-9]\d\.0$", description="REST API version, 60.0 or later.")
    allowed_host_suffixes: str = Field(
        default=".salesforce.com,.force.com", description="Hosts trusted, comma separated."
    )
    connect_timeout_s: float = Field(default=5, gt=0, le=60, description="Longest wait for a connection.")
    read_timeout_s: float = Field(default=60, gt=0, le=900, description="Longest silence of the server.")
    bulk_read_rows: int = Field(default=20_000, ge=1, description="Rows from which Bulk 2.0 reads instead of REST.")
    bulk_write_rows: int = Field(default=10_000, ge=1, description="Rows of one object from which Bulk 2.0 writes.")
    state_dir: Path = Field(default=Path(".crm_sync"), description="Journal, mirror and lock live here; mode 0700.")
    rules_dir: Path = Field(default=Path("rules"), description="What the program wants.")
    mappings_dir: Path = Field(default=Path("mappings"), description="Where it lives in the org.")
    webhook_token: SecretStr | None = Field(default=None, min_length=22, description="Secret path segment of webhooks.")
    port: int = Field(default=8788, ge=1024, le=65_535, description="Port of webhooks, health and metrics.")
    full_cron: str = Field(default="0 2 * * *", description="When the nightly full run starts (cron, UTC).")
    incremental_cron: str = Field(default="*/15 * * * *", description="When incremental runs start (cron, UTC).")
    debounce_s: float = Field(default=0.5, ge=0, le=60, description="How long a wake-up waits for others.")
    log_format: Literal["json", "console"] = Field(default="json", description="How log lines look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")

    def connection(self) -> Connection:
        """Return how to reach the org; raises ConfigurationError naming everything missing or wrong."""
        mistakes: list[Mistake] = []
        suffixes = tuple(part.strip() for part in self.allowed_host_suffixes.split(",") if part.strip())
        instance_url = self._instance_url(suffixes, mistakes)
        client_id = _required("CLIENT_ID", self.client_id, "the consumer key of the External Client App", mistakes)
        grant = self._jwt_grant(mistakes) if self.auth == "jwt" else self._secret_grant(mistakes)
        if self.org_id is not None and not _ORG_ID.fullmatch(self.org_id):
            mistakes.append(Mistake(f"{PREFIX}ORG_ID", repr(self.org_id), "an 18-character id that starts with 00D"))
        if mistakes:
            raise ConfigurationError(tuple(mistakes))
        return Connection(
            instance_url=instance_url,
            client_id=client_id,
            grant=grant,
            org_id=self.org_id,
            expect_sandbox=self.expect_sandbox,
            api_version=self.api_version,
            connect_timeout_s=self.connect_timeout_s,
            read_timeout_s=self.read_timeout_s,
            bulk_read_rows=self.bulk_read_rows,
            bulk_write_rows=self.bulk_write_rows,
            allowed_host_suffixes=suffixes,
        )

    def _instance_url(self, suffixes: tuple[str, ...], mistakes: list[Mistake]) -> str:
        given = _required("INSTANCE_URL", self.instance_url, "https://<my domain>.my.salesforce.com", mistakes)
        problem = given and instance_url_problem(given, suffixes)
        if problem:
            mistakes.append(Mistake(f"{PREFIX}INSTANCE_URL", repr(given), problem))
        return bare_instance_url(given) if given and not problem else given

    def _jwt_grant(self, mistakes: list[Mistake]) -> JwtGrant:
        username = _required("USERNAME", self.username, "the integration user's name", mistakes)
        where = f"{PREFIX}PRIVATE_KEY_FILE"
        if self.private_key_file is None:
            mistakes.append(Mistake(where, "nothing", "the path of a PEM private key"))
            return JwtGrant(username, SecretStr(""))
        return JwtGrant(username, _secret_file(where, self.private_key_file, mistakes))

    def _secret_grant(self, mistakes: list[Mistake]) -> SecretGrant:
        if self.client_secret_file is not None:
            if self.client_secret is not None:
                mistakes.append(
                    Mistake(f"{PREFIX}CLIENT_SECRET", "both the secret and CLIENT_SECRET_FILE", "one of the two")
                )
            return SecretGrant(_secret_file(f"{PREFIX}CLIENT_SECRET_FILE", self.client_secret_file, mistakes))
        if self.client_secret is None:
            mistakes.append(Mistake(f"{PREFIX}CLIENT_SECRET", "nothing", "the secret, or CLIENT_SECRET_FILE"))
            return SecretGrant(SecretStr(""))
        return SecretGrant(self.client_secret)


def read_settings(environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Read the environment once; `given` wins over it. Raises ConfigurationError with every mistake.

    A CRM_SYNC_ variable that no setting has is a mistake too: a typing error must not fall back to a default.
    """
    mistakes = _unknown_variables(os.environ if environ is None else environ)
    try:
        values = given if environ is None else {**_from(environ), **given}
        settings = Settings(**values)
    except ValidationError as error:
        mistakes += [
            Mistake(PREFIX + str(item["loc"][0]).upper(), "a value that does not fit", item["msg"])
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigurationError(tuple(mistakes)) from None
    if mistakes:
        raise ConfigurationError(tuple(mistakes))
    return settings


def instance_url_problem(url: str, suffixes: tuple[str, ...]) -> str | None:
    """Say what the address should have been, or None when it may be trusted with a token.

    Lightning hosts answer INVALID_SESSION_ID to every API call, so they are refused by name.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "an address such as https://<my domain>.my.salesforce.com"
    if parts.username or parts.password or parts.query or parts.fragment or parts.path not in ("", "/"):
        return "scheme and host only, such as https://<my domain>.my.salesforce.com"
    if parts.scheme == "http":
        return None if host in LOOPBACK_HOSTS else "https (plain http is for the local org on 127.0.0.1 only)"
    if parts.scheme != "https":
        return "an address that starts with https://"
    if host.endswith(".lightning.force.com"):
        return "the My Domain host (<my domain>.my.salesforce.com); Lightning hosts do not serve the API"
    trusted = any(host.endswith(suffix) and host != suffix.lstrip(".") for suffix in suffixes)
    if not trusted or port not in (None, 443):
        return f"a host that ends in {' or '.join(suffixes)}, on port 443"
    return None


def bare_instance_url(url: str) -> str:
    """Return scheme, host and port of an address, in lower case and without a final slash."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _required(name: str, value: str | None, expected: str, mistakes: list[Mistake]) -> str:
    if not value:
        mistakes.append(Mistake(PREFIX + name, "nothing", expected))
    return value or ""


def _secret_file(where: str, path: Path, mistakes: list[Mistake]) -> SecretStr:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        mistakes.append(Mistake(where, f"{path}, which cannot be read ({type(error).__name__})", "a readable file"))
        return SecretStr("")
    if mode & 0o077:
        mistakes.append(Mistake(where, f"{path} with mode {mode:04o}", f"mode 0600; run: chmod 600 {path}"))
    if not text:
        mistakes.append(Mistake(where, f"{path}, which is empty", "the secret"))
    return SecretStr(text)


def _from(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[PREFIX + name.upper()] for name in Settings.model_fields if PREFIX + name.upper() in environ}


def _unknown_variables(environ: Mapping[str, str]) -> list[Mistake]:
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    strange = sorted(name for name in environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [
        Mistake(name, "a variable that no setting reads", "one of the documented names", _nearest(name, known))
        for name in strange
    ]


def _nearest(name: str, known: list[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name.upper(), known, n=1)), None)
