"""Extract-load tools read the program's records: Singer's tap (REST and Bulk 1.0), dlt (Bulk 1.0), Airbyte (Bulk 2.0 and REST)."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.clients.programs import SCRIPTS

OBJECTS = ("Account", "Contact", "Sync_Issue__c")
NAMES = ('Extracted, "Ltd"\nand Sons', "Ünïcode")
LONG_AGO = (datetime.now(UTC) - timedelta(days=60)).strftime("%Y-%m-%dT00:00:00Z")


@pytest.fixture(scope="module")
def counts(org):
    """Records to read; more contacts than a page holds, one of them deleted."""
    account = org.human("Account", *[{"Name": name, "Phone": "1"} for name in NAMES])[0]
    contacts = org.human("Contact", *[{"LastName": f"E{n:04}", "AccountId": account} for n in range(2101)])
    org.human("Sync_Issue__c", *[{"External_Key__c": f"e-{n}", "Kind__c": "k"} for n in range(20)])
    org.delete("Contact", contacts[0])
    return {"Account": 2, "Contact": 2100, "Sync_Issue__c": 20}


@pytest.fixture
def login(org):
    """What Singer's tap and Airbyte's source sign in with."""
    app = {"client_id": org.running.client_id, "client_secret": org.running.client_secret}
    return app | {"refresh_token": org.refresh_token(), "start_date": LONG_AGO}


def messages(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("api_type", ["REST", "BULK"])
def test_singer(programs, org, counts, login, tmp_path, api_type):
    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    config.write_text(json.dumps(login | {"api_type": api_type, "select_fields_by_default": True}))
    known = json.loads(programs.python(org, "singer", "tap-salesforce", "--config", config, "--discover"))
    chosen = [s for s in known["streams"] if s["tap_stream_id"] in OBJECTS]
    for stream in chosen:
        next(m for m in stream["metadata"] if m["breadcrumb"] == [])["metadata"]["selected"] = True
    catalog.write_text(json.dumps({"streams": chosen}))
    told = messages(programs.python(org, "singer", "tap-salesforce", "--config", config, "--properties", catalog))
    records = [m for m in told if m["type"] == "RECORD"]
    live = [m for m in records if not m["record"]["IsDeleted"]]
    assert Counter(m["stream"] for m in live) == counts
    assert [m["record"]["LastName"] for m in records if m["record"]["IsDeleted"]] == ["E0000"]
    names = {m["record"]["Name"] for m in live if m["stream"] == "Account"}
    assert names == {read_as(name, api_type) for name in NAMES}
    saved = [m["value"].get("bookmarks", {}) for m in told if m["type"] == "STATE"]
    assert {name for bookmarks in saved for name in bookmarks} == set(OBJECTS)


def read_as(text, api_type):
    """What the tap makes of a text: results of Bulk say text/csv and no charset, which it takes for Latin-1."""
    return text if api_type == "REST" else text.encode().decode("latin-1")


def test_dlt_takes_in_what_is_new(programs, org, counts, tmp_path):
    given = {"ACCESS_TOKEN": org.token(), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    told = programs.python(org, "dlt", "python", SCRIPTS / "dlt_load.py", tmp_path, *OBJECTS, **given)
    first, second = json.loads(told.splitlines()[-1])
    assert first == counts | {"Contact": 2101}, "query_all reads the recycle bin too"
    assert second == first | {"Account": 3}


@pytest.mark.parametrize("bulk", [False, True])
def test_airbyte(programs, org, counts, login, tmp_path, bulk):
    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    config.write_text(json.dumps(login | {"is_sandbox": False, "auth_type": "Client", "force_use_bulk_api": bulk}))
    checked = messages(programs.python(org, "airbyte", "source-salesforce", "check", "--config", config))
    assert checked[-1]["connectionStatus"] == {"status": "SUCCEEDED"}
    found = messages(programs.python(org, "airbyte", "source-salesforce", "discover", "--config", config))
    streams = next(m for m in found if m["type"] == "CATALOG")["catalog"]["streams"]
    how = {"sync_mode": "incremental", "destination_sync_mode": "append"}
    chosen = [{"stream": s} | how for s in streams if s["name"] in OBJECTS]
    catalog.write_text(json.dumps({"streams": chosen}))
    arguments = ["read", "--config", config, "--catalog", catalog]
    told = messages(programs.python(org, "airbyte", "source-salesforce", *arguments))
    records = [m["record"] for m in told if m["type"] == "RECORD"]
    live = Counter(r["stream"] for r in records if not r["data"]["IsDeleted"])
    assert live == counts | {"Account": org.rows("SELECT COUNT(Id) n FROM Account")[0]["n"]}
    ended = {m["trace"]["stream_status"]["status"] for m in told if "stream_status" in m.get("trace", {})}
    assert "INCOMPLETE" not in ended
