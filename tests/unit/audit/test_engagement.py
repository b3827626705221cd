"""The archive pack of an engagement: what is in it, what is not, and how it is proven."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crm_sync.audit.engagement import Packer, engagement_of, engagements, wrong_in
from crm_sync.erasure import Stores
from crm_sync.lifecycle.world import World
from crm_sync.program import Program
from tests import small_stores as town

CLOSED: dict[str, Any] = {
    "stage": "closed",
    "status": "completed",
    "name": "RR-00001",
    "submitted_on": date(2026, 2, 1),
}
USE = {"id": "a04000000000009AAA", "name": "RA-00009", "contact": town.BOB, "type": "quote", "status": "completed"}
USE |= {"completed_on": town.TODAY - timedelta(days=1)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engagement") / "state"


@pytest.fixture(scope="module")
def stores(folder: Path) -> Iterator[Stores]:
    with town.open_stores(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def facts(stores: Stores, folder: Path, snapshot_of: Any, program: Program) -> World:
    """An engagement in which Ann was asked, after a run that decided about it while it was open."""
    rows = town.rows()
    rows["match"] = []
    town.fill(stores, folder, town.judged(snapshot_of(**rows), program), program)
    rows = town.rows()
    rows["request"] = [{**rows["request"][0], **CLOSED}, rows["request"][1]]
    rows["activity"][0] |= {
        "request": town.REQUEST,
        "match": town.MATCH,
        "customer_feedback": "gladly again",
        "type": "call",
    }
    rows["activity"].append(USE)
    rows["escalation"][0] |= {"activity": town.ACTIVITY, "case": "500000000000001AAA"}
    rows["task"][0] |= {"what": town.ACTIVITY}
    made = town.judged(snapshot_of(**rows), program)
    return World(made.snapshot, made.verdicts, made.matches, program, {})


def packed(facts: World, stores: Stores, record: str) -> dict[str, bytes]:
    found = engagement_of(facts, record)
    assert found is not None
    return dict(Packer(stores.journal.decisions, stores.archive).pack(found))


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


@pytest.mark.parametrize("record", [town.REQUEST, town.REQUEST[:15], "RR-00001", town.MATCH, town.ACTIVITY])
def test_whatever_record_of_it_is_named_the_whole_engagement_is_packed(
    facts: World, stores: Stores, record: str
) -> None:
    files = packed(facts, stores, record)
    about = json.loads(files["engagement.json"])
    assert (about["number"], about["final_status"], about["people"]) == ("RR-00001", "closed", [town.ANN])
    assert (about["first_day"], about["closed_on"]) == ("2026-02-01", "2026-02-01")
    kinds = [row["mapping"] for row in lines(files["records.jsonl"])]
    assert kinds == ["request", "match", "activity", "consent", "escalation", "case", "task"]
    assert "gladly again" in files["records.jsonl"].decode()
    assert town.BOB not in files["records.jsonl"].decode()


def test_what_was_decided_about_it_can_be_proven_by_the_readme(facts: World, stores: Stores) -> None:
    files = packed(facts, stores, "RR-00001")
    keys = {row["who"]: row for row in lines(files["keys.jsonl"])}
    told = {row["seq"]: row for row in lines(files["told.jsonl"])}
    sealed = lines(files["decisions.jsonl"])
    assert {row["what"] for row in told.values()} == {"person", "request", "run"}
    assert len(sealed) == len(told)
    for row in sealed:
        parts = json.dumps([row["seal_before"], row["seq"], row["run_id"], row["at"], row["body"]])
        assert hashlib.sha256(parts.encode()).hexdigest() == row["seal"]
        body = json.loads(row["body"])
        if "box" in body:
            raw, who = base64.b64decode(body["box"]), body["who"]
            text = AESGCM(bytes.fromhex(keys[who]["key"])).decrypt(raw[:12], raw[12:], who.encode())
            assert told[row["seq"]]["decided"] == json.loads(text)["decided"]
    assert {row["contact"] for row in told.values() if row["what"] == "person"} == {town.ANN}
    assert [row["consent"]["id"] for row in lines(files["consents.jsonl"])] == [town.CONSENT]


def test_a_consent_on_a_duplicate_that_covers_the_kind_is_of_the_engagement(
    facts: World, snapshot_of: Any, program: Program
) -> None:
    """What an ask stood on is packed whichever record of the person holds it, and whatever else its use covers."""
    rows = {name: facts.snapshot.tables[name].to_pylist() for name in ("contact", "profile", "request", "match")}
    rows["consent"] = [
        {"id": "a02000000000007AAA", "contact": town.TWIN, **town.GRANTED, "use": "recording"},
        {"id": "a02000000000008AAA", "contact": town.TWIN, **town.GRANTED, "use": "quote"},
    ]
    covers = {"recording": ("recording", "call"), "quote": ("quote",)}
    wide = replace(program, consent=program.consent.model_copy(update={"covers": covers}))
    made = town.judged(snapshot_of(**rows), wide)
    found = engagement_of(World(made.snapshot, made.verdicts, made.matches, wide, {}), town.REQUEST)
    assert found is not None
    assert [row["id"] for kind, row in found.records if kind == "consent"] == ["a02000000000007AAA"]


def test_it_says_when_each_record_falls_due(facts: World, stores: Stores, program: Program) -> None:
    schedule = {row["kind"]: row for row in lines(packed(facts, stores, "RR-00001")["retention.jsonl"])}
    assert set(schedule) == {"request", "match", "activity", "consent", "escalation", "case", "task"}
    months = program.retention.keep_months["request"]
    assert schedule["request"]["due_on"] == f"{2026 + months // 12}-02-01"
    assert schedule["consent"]["closed_on"] is None


def test_closed_engagements_are_requests_and_uses_without_one(facts: World, stores: Stores) -> None:
    assert [found.number for found in engagements(facts)] == ["RR-00001", "RA-00009"]
    open_one = engagement_of(facts, "a07000000000002AAA")
    assert open_one is not None
    assert not open_one.is_closed
    assert engagement_of(facts, "nobody") is None
    told = lines(packed(facts, stores, "RA-00009")["told.jsonl"])
    assert told == []  # nothing was decided by the day of that use


@pytest.mark.parametrize("tampering", ["change", "drop", "add", "manifest", "list"])
def test_a_changed_pack_is_found_out(facts: World, stores: Stores, tampering: str) -> None:
    files = packed(facts, stores, "RR-00001")
    assert wrong_in(files) == []
    if tampering == "change":
        files["records.jsonl"] = files["records.jsonl"].replace(b"gladly", b"hardly")
    elif tampering == "drop":
        del files["consents.jsonl"]
    elif tampering == "add":
        files["more.txt"] = b"more"
    elif tampering == "list":
        files["manifest.json"] = b'{"files": []}'
    else:
        files["manifest.json"] = b"{}"
    assert wrong_in(files)


def test_equal_engagements_make_equal_packs(facts: World, stores: Stores) -> None:
    assert packed(facts, stores, "RR-00001") == packed(facts, stores, "RR-00001")


def test_of_whoever_was_forgotten_a_pack_says_nothing(facts: World, stores: Stores) -> None:
    stores.journal.lose([town.ANN])
    files = packed(facts, stores, "RR-00001")
    assert town.ANN not in files["keys.jsonl"].decode()
    assert town.ANN not in files["told.jsonl"].decode()
