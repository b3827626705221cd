"""Settings: read once, every mistake at once, and no secret in sight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.settings import JwtGrant, SecretGrant, Settings, instance_url_problem, read_settings

SUFFIXES = (".salesforce.com", ".force.com")


def environment(**values: str) -> dict[str, str]:
    known = {
        "INSTANCE_URL": "https://Example.my.salesforce.com/",
        "CLIENT_ID": "3MVG9",
        "AUTH": "client_credentials",
        "CLIENT_SECRET": "hidden",
    }
    return {f"CRM_SYNC_{name}": value for name, value in (known | values).items()}


def key_file(path: Path, mode: int = 0o600, text: str = "-----BEGIN PRIVATE KEY-----") -> Path:
    file = path / "key.pem"
    file.write_text(text)
    file.chmod(mode)
    return file


def mistakes(call: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        call()
    return [mistake.where for mistake in refused.value.mistakes]


def test_defaults_need_no_environment() -> None:
    settings = read_settings({})
    assert (settings.rules_dir, settings.log_format, settings.api_version) == (Path("rules"), "json", "68.0")


def test_the_environment_of_the_process_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_SYNC_STATE_DIR", "/elsewhere")
    assert read_settings().state_dir == Path("/elsewhere")
    assert read_settings(state_dir=Path("here")).state_dir == Path("here")


def test_a_connection_by_client_credentials() -> None:
    connection = read_settings(environment(EXPECT_SANDBOX="true")).connection()
    assert connection.instance_url == "https://example.my.salesforce.com"
    assert isinstance(connection.grant, SecretGrant)
    assert (connection.org_id, connection.expect_sandbox, connection.loopback) == (None, True, False)


def test_a_connection_by_jwt(tmp_path: Path) -> None:
    given = environment(AUTH="jwt", USERNAME="worker@example.com", PRIVATE_KEY_FILE=str(key_file(tmp_path)))
    grant = (
        read_settings({name: value for name, value in given.items() if name != "CRM_SYNC_CLIENT_SECRET"})
        .connection()
        .grant
    )
    assert isinstance(grant, JwtGrant)
    assert grant.private_key.get_secret_value() == "-----BEGIN PRIVATE KEY-----"


def test_a_secret_may_stand_in_a_file_but_not_in_two_places(tmp_path: Path) -> None:
    file = str(key_file(tmp_path, text="from file\n"))
    given = environment(CLIENT_SECRET_FILE=file)
    assert mistakes(read_settings(given).connection) == ["CRM_SYNC_CLIENT_SECRET"]
    del given["CRM_SYNC_CLIENT_SECRET"]
    grant = read_settings(given).connection().grant
    assert isinstance(grant, SecretGrant)
    assert grant.client_secret.get_secret_value() == "from file"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o700 | 0o010])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    given = environment(AUTH="jwt", USERNAME="u", PRIVATE_KEY_FILE=str(key_file(tmp_path, mode)))
    with pytest.raises(ConfigurationError, match=r"chmod 600"):
        read_settings(given).connection()


def test_a_key_that_is_not_there_or_empty_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pem", tmp_path, key_file(tmp_path, text="")):
        given = environment(AUTH="jwt", USERNAME="u", PRIVATE_KEY_FILE=str(path))
        assert "CRM_SYNC_PRIVATE_KEY_FILE" in mistakes(read_settings(given).connection)


def test_everything_missing_is_named_at_once() -> None:
    assert mistakes(read_settings({}).connection) == [
        "CRM_SYNC_INSTANCE_URL",
        "CRM_SYNC_CLIENT_ID",
        "CRM_SYNC_USERNAME",
        "CRM_SYNC_PRIVATE_KEY_FILE",
    ]


def test_a_typing_error_in_a_name_does_not_fall_back_to_a_default() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'CRM_SYNC_INSTANCE_URL'"):
        read_settings(environment(INSTANCE_ULR="x"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("API_VERSION", "30.0"), ("API_VERSION", "latest"), ("READ_TIMEOUT_S", "0"), ("AUTH", "password"), ("BULK_READ_ROWS", "many"),
     ("EXPECT_SANDBOX", "perhaps"), ("LOG_FORMAT", "xml"), ("WEBHOOK_TOKEN", "short")],
)  # fmt: skip
def test_values_that_do_not_fit(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_settings(environment(**{name: value}))
    assert [mistake.where for mistake in refused.value.mistakes] == [f"CRM_SYNC_{name}"]
    assert value not in str(refused.value) or value in ("0", "many")


@pytest.mark.parametrize("value", ["00D", "00D5g00000AbCdE", "0015g00000AbCdEEAV", "x"])
def test_an_org_id_is_eighteen_characters(value: str) -> None:
    assert mistakes(read_settings(environment(ORG_ID=value)).connection) == ["CRM_SYNC_ORG_ID"]


@pytest.mark.parametrize(
    "url",
    ["https://example.my.salesforce.com", "https://example.my.salesforce.com/", "https://EXAMPLE--uat.sandbox.my.salesforce.com:443",
     "https://x.my.site.force.com", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080"],
)  # fmt: skip
def test_addresses_that_may_have_a_token(url: str) -> None:
    assert instance_url_problem(url, SUFFIXES) is None


@pytest.mark.parametrize(
    "url",
    ["http://example.my.salesforce.com", "https://https://example.my.salesforce.com", "https://example.com",
     "https://evil-salesforce.com", "https://salesforce.com", "https://x.salesforce.com.evil.com", "https://x.salesforce.com:8443",
     "https://x.lightning.force.com", "https://user:pw@x.salesforce.com", "https://x.salesforce.com/path", "https://x.salesforce.com?q=1",
     "http://127.0.0.2", "http://127.0.0.1.evil.com", "http://0.0.0.0:80", "ftp://x.salesforce.com", "x.salesforce.com", "",
     "https://[", "https://x.salesforce.com:99999", "https://169.254.169.254"],
)  # fmt: skip
def test_addresses_that_may_not(url: str) -> None:
    assert instance_url_problem(url, SUFFIXES)
    assert "CRM_SYNC_INSTANCE_URL" in mistakes(read_settings(environment(INSTANCE_URL=url)).connection)


def test_other_hosts_may_be_trusted_on_purpose() -> None:
    given = environment(INSTANCE_URL="https://crm.example.mil", ALLOWED_HOST_SUFFIXES=".salesforce.com, .example.mil")
    assert read_settings(given).connection().instance_url == "https://crm.example.mil"


def test_no_secret_shows_anywhere() -> None:
    settings = read_settings(environment(WEBHOOK_TOKEN="t" * 30))
    shown = repr(settings) + str(settings) + repr(settings.connection()) + settings.model_dump_json()
    assert "hidden" not in shown
    assert "t" * 30 not in shown


def test_settings_are_frozen_and_every_one_is_described() -> None:
    settings = read_settings({})
    with pytest.raises(ValueError, match="frozen"):
        settings.log_level = "debug"
    assert all(field.description for field in Settings.model_fields.values())
