"""Forgetting, retention and archive packs from the command line, over HTTP."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import zipfile
from pathlib import Path

import pytest

from crm_sync.bootstrap import build_world
from crm_sync.entrypoints.cli.forget import OPTED_OUT
from crm_sync.entrypoints.service import Service
from crm_sync.errors import ConfigurationError, PermanentError
from crm_sync.settings import read_settings
from crm_sync.telemetry import set_up
from tests.local_place import Place
from tests.small_stores import found
from tests.unit.entrypoints.conftest import Desk

OLD_WAKE_UP = (
    "INSERT INTO inbox (notification_id, object_name, record_id, received, state) "
    "VALUES ('n1', 'Account', '001000000000001AAA', '2020-01-01T00:00:00+00:00', 'done')"
)


@pytest.fixture(scope="module")
def contact(here: Place) -> str:
    """A customer in the program, with a request about them that is closed and one that is open."""
    here.control("POST", "clock", {"freeze": "2020-03-02T09:00:00Z"})
    free, held = here.human(
        "Account",
        {"Name": "Winter & Sons", "Health_Score__c": 95},
        {"Name": "Summer Ltd", "Health_Score__c": 95, "Legal_Hold__c": True},
    )
    people = [
        {"LastName": name, "Email": f"{name}@w.example", "AccountId": at} for name, at in (("Ann", free), ("Bob", held))
    ]
    ann, bob = here.human("Contact", *people)
    here.human("Reference_Profile__c", *({"Contact__c": one, "Status__c": "Active"} for one in (ann, bob)))
    closed, _ = here.human(
        "Reference_Request__c",
        {"Type__c": "Quote", "Stage__c": "Closed", "Submitted_On__c": "2020-02-01"},
        {"Type__c": "Quote", "Stage__c": "Submitted", "Submitted_On__c": "2026-11-01"},
    )
    used = {"Contact__c": bob, "Request__c": closed, "Type__c": "Quote", "Status__c": "Completed"}
    here.human("Reference_Activity__c", used | {"Completed_On__c": "2020-03-01"})
    here.control("POST", "clock", {"freeze": "2026-11-18T09:00:00Z"})
    return ann


@pytest.fixture
def ran(desk: Desk, contact: str) -> Desk:
    assert desk.run("run", "--accept-unapproved").exit_code == 0
    return desk


def test_a_person_is_forgotten_once_the_org_says_that_nobody_may_ask_them(
    ran: Desk, here: Place, contact: str, tmp_path: Path
) -> None:
    refused = ran.run("forget", contact, "--carry-out").exception
    assert isinstance(refused, ConfigurationError)
    assert "of whom the org says nothing" in str(refused)
    here.update("Contact", contact, Reference_Opt_Out__c=True)
    shown = ran.answer("forget", contact[:15])
    assert (shown["people"], shown["on_legal_hold"]) == ([contact], [])
    assert ["contact", contact] in shown["records"]
    assert found(ran.state, {contact})
    shutil.copytree(ran.state, tmp_path / "backup")

    _somebody_else_asks_and_waits(here)
    told = ran.run("forget", contact, "--carry-out", "--accept-unapproved")
    assert told.exit_code == 0, told.output
    assert "Forgotten: 1 contact record" in told.stdout
    assert found(ran.state, {contact}) == set()
    verdict = here.rows(f"SELECT Verdict__c FROM Reference_Profile__c WHERE Contact__c = '{contact}'")
    assert verdict == [{"Verdict__c": "Not Eligible"}]
    assert ran.answer("forget", contact) == {"people": [], "forgotten_before": True}
    assert isinstance(ran.run("explain", "contact", contact).exception, ConfigurationError)
    assert {noted["basis"] for noted in ran.answer("retention", "--log")} == {OPTED_OUT}
    _a_backup_is_screened_before_it_is_read(ran, contact, tmp_path / "backup")


def _somebody_else_asks_and_waits(here: Place) -> None:
    """Bob asks to be forgotten, too, and waits for the end of a legal hold: that is no answer about anybody else."""
    (asking,) = here.human("Individual", {"LastName": "Bob", "ShouldForget": True})
    (bob,) = here.rows("SELECT Id FROM Contact WHERE LastName = 'Bob'")
    here.update("Contact", bob["Id"], IndividualId=asking)


def _a_backup_is_screened_before_it_is_read(desk: Desk, contact: str, backup: Path) -> None:
    newest = (desk.state / "forgotten.keys").read_bytes()
    shutil.rmtree(desk.state)
    shutil.copytree(backup, desk.state)
    (desk.state / "mirror.duckdb").unlink()  # it may be deleted at any time
    (desk.state / "forgotten.keys").write_bytes(newest)
    assert found(desk.state, {contact})
    assert desk.answer("audit", "verify")["runs_kept"] == 1
    with sqlite3.connect(desk.state / "journal.sqlite") as journal:
        noted = journal.execute("SELECT body FROM dispositions").fetchall()
    journal.close()
    assert "a backup" in str(noted)
    assert found(desk.state, {contact}) == set()
    (desk.state / "forgotten.keys").unlink()
    done = desk.run("audit", "verify")
    assert isinstance(done.exception, PermanentError)
    assert "older than the files beside it" in str(done.exception)


def test_what_is_due_is_told_and_only_our_own_files_are_disposed_of(desk: Desk, here: Place, contact: str) -> None:
    told = desk.answer("retention")
    assert {one["kind"] for one in told["due"]} == {"request"}
    assert {(one["kind"], one["held_by"]) for one in told["held"]} == {("activity", "a legal hold on the account")}
    assert {one["kind"] for one in told["kept"]} >= {"profile", "consent", "request", "match", "activity", "escalation"}
    assert [one["number"] for one in told["own_files"]] == [0, 0, 0, 0, 0]
    requests = len(here.rows("SELECT Id FROM Reference_Request__c"))
    with sqlite3.connect(desk.state / "journal.sqlite") as journal:
        journal.execute(OLD_WAKE_UP)
    journal.close()
    text = desk.run("retention", "--carry-out").stdout
    for part in ("Due for disposal in the org: 1", "Due, but held: 1", "legal hold", "Disposed of on this machine"):
        assert part in text
    assert len(here.rows("SELECT Id FROM Reference_Request__c")) == requests
    text = desk.run("retention", "--log").stdout
    assert "wake-ups" in text
    assert "rules/retention.yaml" in text


def test_a_pack_is_written_for_what_is_closed_and_proven(desk: Desk, here: Place, contact: str, tmp_path: Path) -> None:
    numbers = {row["Stage__c"]: row["Name"] for row in here.rows("SELECT Name, Stage__c FROM Reference_Request__c")}
    out = tmp_path / "packs"
    written = desk.answer("archive", numbers["Closed"], numbers["Closed"], "--out", str(out))["written"]
    assert written == [str(out / f"{numbers['Closed']}.zip")]
    with zipfile.ZipFile(written[0]) as pack:
        about = json.loads(pack.read("engagement.json"))
        text = b"".join(pack.read(name) for name in pack.namelist())
    assert (about["number"], about["final_status"]) == (numbers["Closed"], "closed")
    assert b"w.example" not in text
    assert desk.answer("archive", "--verify", written[0]) == {"pack": written[0], "whole": True, "wrong": []}
    assert desk.answer("archive", "--closed", "--out", str(out))["written"] == []
    for wrong in ((numbers["Closed"],), (numbers["Submitted"],), ()):
        assert isinstance(desk.run("archive", *wrong, "--out", str(out)).exception, ConfigurationError), wrong
    _tamper(Path(written[0]))
    done = desk.run("archive", "--verify", written[0])
    assert done.exit_code == 1
    assert "records.jsonl" in done.stdout


def _tamper(path: Path) -> None:
    with zipfile.ZipFile(path) as pack:
        files = {name: pack.read(name) for name in pack.namelist()}
    with zipfile.ZipFile(path, "w") as pack:
        for name, content in files.items():
            pack.writestr(name, content + (b"\n" if name == "records.jsonl" else b""))


def test_a_service_leaves_the_first_run_in_a_production_org_to_a_person(desk: Desk, contact: str) -> None:
    org = desk.place.running
    settings = read_settings(
        environ={},
        instance_url=org.base_url,
        client_id=org.client_id,
        auth="client_credentials",
        client_secret=org.client_secret,
        org_id=org.org_id,
        expect_sandbox=True,
        state_dir=desk.state,
        rules_dir=desk.rules,
        mappings_dir=desk.mappings,
    )
    for row in desk.place.rows("SELECT Id FROM Sync_Run__c"):
        desk.place.delete("Sync_Run__c", row["Id"])
    set_up("json", "error", io.StringIO())
    with build_world(settings) as world:
        service = Service(world, settings.model_copy(update={"expect_sandbox": False}))
        service._job("incremental")
    assert service.health.facts()["last_error"] == "UnsafePlanError"
    assert desk.place.rows("SELECT Id FROM Sync_Run__c") == []
