"""`crm-sync org start`: plain, with TLS, and with the controls of test mode only when asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from crm_sync.entrypoints.cli import app, org


@pytest.mark.parametrize(("options", "status"), [((), 404), (("--tls-port", "0", "--test-mode"), 200)])
def test_tls_and_controls_are_there_when_asked(
    options: tuple[str, ...], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []

    def look() -> None:
        """Do what somebody does who finds the org running, in place of waiting to be interrupted."""
        address = json.loads((tmp_path / "local-org.running.json").read_text())
        assert requests.get(f"{address['base_url']}/_control", timeout=10).status_code == status
        if address["tls_url"]:
            listed = requests.get(f"{address['tls_url']}/services/data", verify=address["ca_file"], timeout=10)
            assert listed.status_code == 200
        seen.append(address)

    monkeypatch.setenv("CRM_SYNC_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(org, "_until_interrupted", look)
    done = CliRunner().invoke(app, ["org", "start", "--port", "0", *options])
    assert done.exit_code == 0, done.output
    assert (seen[0]["tls_url"] is not None) == ("--tls-port" in options)
    assert ("With TLS it is" in done.output) == ("--tls-port" in options)


def test_machines_are_told_where_it_is_and_what_a_reset_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_SYNC_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(org, "_until_interrupted", lambda: None)
    told = json.loads(CliRunner().invoke(app, ["org", "start", "--port", "0", "--json"]).stdout)
    assert told["base_url"].startswith("http://127.0.0.1:")
    assert set(told) == {"base_url", "client_id", "org_id", "tls_url", "ca_file"}
    (tmp_path / "forgotten.keys").write_text("of the journal that goes")
    for folder in ("archive", "simulations"):
        (tmp_path / folder / "inner").mkdir(parents=True)
    deleted = json.loads(CliRunner().invoke(app, ["org", "reset", "--yes", "--json"]).stdout)["deleted"]
    assert str(tmp_path / "local-org.sqlite") in deleted
    assert not any(Path(name).exists() for name in deleted)
    assert [left.name for left in tmp_path.iterdir()] == ["local-org.credentials.json"]
