"""A run over HTTP, proven and made again from the command line."""

from __future__ import annotations

import json
import sqlite3
import zipfile

import pytest

from crm_sync.errors import ConfigurationError, PermanentError
from tests.local_place import Place
from tests.unit.entrypoints.conftest import Desk


@pytest.fixture(scope="module", autouse=True)
def people(here: Place) -> None:
    """A few customers, one of them with everything a candidate needs."""
    here.control("POST", "clock", {"freeze": "2026-11-18T09:00:00Z"})
    account, _ = here.human(
        "Account",
        {"Name": "Winter & Sons", "Health_Score__c": 95, "Health_Trend__c": "Steady", "Churn_Risk__c": "None"}
        | {"Healthy_Since__c": "2026-01-05", "Renewal_Date__c": "2027-08-01", "Customer_Since__c": "2022-02-01"}
        | {"Product__c": "Core", "Implementation_Stage__c": "Production"},
        {"Name": "Empty Ltd"},
    )
    contact = {"LastName": "Quintessa", "AccountId": account, "NPS_Score__c": 10, "NPS_Date__c": "2026-10-20"}
    here.human("Contact", contact, {"LastName": "Nobody", "AccountId": account})


@pytest.fixture
def ran(desk: Desk) -> Desk:
    assert desk.run("run", "--accept-unapproved").exit_code == 0
    return desk


def test_a_run_is_listed_verified_and_made_again(ran: Desk) -> None:
    (noted,) = ran.answer("audit", "runs")
    assert (noted["people"], noted["kind"]) == (2, "full")
    verified = ran.answer("audit", "verify")
    assert (verified["runs"], verified["runs_kept"], verified["last_seal"]) == (1, 1, noted["seal"])
    for name in ("last", noted["run_id"], noted["plan"]):
        again = ran.answer("replay", name)
        assert again["same"]
        assert again["rules"]["then"] == again["rules"]["read_again"]
    assert "all the same" in ran.run("replay").stdout


def test_the_rules_of_that_time_are_used_not_those_of_today(ran: Desk) -> None:
    ran.edit("rules/qualification.yaml", "at_least: {default: 75", "at_least: {default: 99")
    assert ran.answer("replay", "last")["same"]


def test_a_person_is_explained_as_of_that_run(ran: Desk, here: Place) -> None:
    contact = here.rows("SELECT Id FROM Contact WHERE LastName = 'Quintessa'")[0]["Id"]
    told = ran.run("replay", "last", "--contact", contact).stdout
    assert "Call: may not be asked now" in told
    assert "Quintessa" not in told
    assert isinstance(ran.run("replay", "last", "--contact", "003nobody").exception, ConfigurationError)


def test_a_pack_is_exported_as_zip_and_as_lines(ran: Desk) -> None:
    days = ("--from", "2000-01-01", "--to", "2999-01-01")
    for name in ("pack.zip", "pack.jsonl"):
        assert ran.run("audit", "export", str(ran.folder / name), *days).exit_code == 0
    with zipfile.ZipFile(ran.folder / "pack.zip") as pack:
        names = set(pack.namelist())
        text = b"".join(pack.read(name) for name in names)
    assert {"README.txt", "decisions.jsonl", "runs.jsonl", "consents.jsonl", "manifest.json"} <= names
    assert b"Quintessa" not in text
    lines = [json.loads(line) for line in (ran.folder / "pack.jsonl").read_text().splitlines()]
    assert {line["file"] for line in lines} >= names - {"consents.jsonl"}
    shown = ran.answer("audit", "export", str(ran.folder / "again.zip"), *days)
    assert (shown["runs"], shown["verified"]) == (1, shown["entries"])
    none = ("--from", "2000-01-02", "--to", "2000-01-01")
    assert "a day up to 2000-01-01" in str(ran.run("audit", "export", str(ran.folder / "none.zip"), *none).exception)
    for wrong in ("pack.zip", "pack.txt"):
        assert isinstance(ran.run("audit", "export", str(ran.folder / wrong), *days).exception, ConfigurationError)


def test_a_run_whose_records_are_gone_is_named(ran: Desk) -> None:
    (noted,) = ran.answer("audit", "runs")
    for piece in (ran.state / "archive").rglob(f"{noted['inputs']}*"):
        piece.unlink()
    assert ran.answer("audit", "verify")["runs_not_kept"] == [noted["run_id"]]
    assert noted["run_id"] in ran.run("audit", "verify").stdout


def test_tampering_is_found(ran: Desk) -> None:
    with sqlite3.connect(ran.state / "journal.sqlite") as journal:
        journal.execute("DROP TRIGGER decisions_stay")
        journal.execute("UPDATE decisions SET body = replace(body, 'blocked', 'eligible') WHERE seq = 1")
        journal.execute("UPDATE decisions SET body = body || ' ' WHERE seq = 1")
    journal.close()
    for command in (
        ("audit", "verify"),
        ("audit", "export", str(ran.folder / "p.zip"), "--from", "2000-01-01", "--to", "2999-01-01"),
    ):
        done = ran.run(*command)
        assert isinstance(done.exception, PermanentError)
        assert "altered at entry 1" in str(done.exception)


def test_nothing_decided_yet(desk: Desk) -> None:
    assert "No run has decided anything" in desk.run("audit", "runs").stdout
    assert desk.answer("audit", "verify")["entries"] == 0
    assert isinstance(desk.run("replay").exception, ConfigurationError)
