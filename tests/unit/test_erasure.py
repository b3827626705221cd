"""Somebody is forgotten: what goes from every store, what stays of everybody else, and what is left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from crm_sync.audit import Recalled, differences, intact, is_redacted, recall, redactions, runs
from crm_sync.audit.decided import kept_decisions
from crm_sync.audit.tables import keep_table, kept_table
from crm_sync.erasure import Stores, forget, forget_after
from crm_sync.errors import PermanentError
from crm_sync.evaluate import evaluate
from crm_sync.lifecycle.forgetting import asked_to_be_forgotten, identifiers, same_people
from crm_sync.matching import match
from crm_sync.model.records import Change, Erased, Link, Outcome, RowResult
from crm_sync.ports import Notification
from crm_sync.program import Program
from tests import small_stores as town
from tests.small_stores import Judged


@pytest.fixture(scope="module")
def made(snapshot_of: Any, program: Program) -> Judged:
    return town.judged(snapshot_of(**town.rows()), program)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, made: Judged, program: Program) -> Path:
    """A folder in which a run has left everything it can leave."""
    folder = tmp_path_factory.mktemp("filled") / "state"
    with town.open_stores(folder) as stores:
        town.fill(stores, folder, made, program)
    assert town.found(folder) == {one[:15] if len(one) == 18 else one for one in town.TRACES}
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "state"))


@pytest.fixture
def stores(folder: Path) -> Iterator[Stores]:
    with town.open_stores(folder) as opened:
        yield opened


def forget_ann(stores: Stores, made: Judged) -> Erased:
    people = same_people(made.verdicts, [town.ANN])
    return forget(stores, made.snapshot, people, identifiers(made.snapshot, people), "a test")


def test_nothing_is_left_but_keyed_hashes(stores: Stores, folder: Path, made: Judged) -> None:
    stores.journal.inbox.receive([Notification("just now", "Contact", town.TWIN)])
    keep_table(
        made.snapshot.tables["consent"], ("id",), stores.archive
    )  # as a crash leaves it: no run names this piece
    erased = forget_ann(stores, made)
    assert erased.people == 2
    assert min(erased.traces.values()) > 0
    assert town.found(folder) == set()
    assert {name for name, content in town.held(folder) if town.BOB.encode() in content}
    lines = (folder / "forgotten.keys").read_text().splitlines()
    assert len(lines) == len(town.TRACES)


def test_the_org_s_records_about_them_are_named_once_for_a_person_to_delete(stores: Stores, made: Judged) -> None:
    erased = forget_ann(stores, made)
    told = {record for _, record in erased.left_in_org}
    assert told >= {town.ANN, town.TWIN, town.PROFILE, town.CONSENT, town.MATCH, town.ACTIVITY, town.TASK, town.EVENT}
    assert not told & {town.BOB, town.REQUEST, town.COLLEAGUE}


def test_the_log_still_verifies_and_tells_of_everybody_else(stores: Stores, made: Judged) -> None:
    log = stores.journal.decisions
    before = {entry["contact"]: entry for entry in log.entries(what="person")}
    seals = [row[4] for row in log.sealed()]
    forget_ann(stores, made)
    assert log.verify() == len(seals)
    assert [row[4] for row in log.sealed()] == seals
    told = log.entries(what="person")
    assert [entry for entry in told if "forgotten" not in entry] == [before[town.BOB]]
    assert stores.journal.dispositions.verify() == 3


def test_everybody_else_is_decided_again_as_before(stores: Stores, made: Judged, program: Program) -> None:
    forget_ann(stores, made)
    recalled = recall("last", stores.journal.decisions, stores.archive)
    assert is_redacted(recalled)
    again = recalled.snapshot()
    assert again.tables["contact"]["id"].to_pylist() == [town.BOB]
    verdicts = evaluate(again, program)
    _, different = differences(recalled, again, verdicts, match(again, verdicts, program))
    assert {entry["what"] for entry in different} <= {"request"}
    kept = kept_table(kept_decisions(recalled.entry["decisions"], stores.archive)["requests"], stores.archive)
    candidates = {one[0] for row in kept.to_pylist() for one in json.loads(row["candidates"])}
    assert candidates == {town.BOB}
    assert again.tables["request"]["recommended_match"].to_pylist() == [None, None]
    (escalation,) = again.tables["escalation"].to_pylist()
    assert (escalation["id"], escalation["contact"], escalation["key"]) == ("a05000000000001AAA", None, None)


def test_a_piece_is_redacted_only_if_the_disposition_log_says_so(stores: Stores, made: Judged) -> None:
    forget_ann(stores, made)
    log, archive = stores.journal.decisions, stores.archive
    run = Recalled(runs(log)[0], archive)
    listed = redactions(stores.journal.dispositions, archive)
    assert intact(run, listed)
    piece = json.loads(archive.get(run.entry["inputs"]))["tables"]["account"]["pieces"][0]
    archive.redact(piece, b"accounts that suit us better")
    with pytest.raises(PermanentError, match="the disposition log does not say so"):
        intact(run, listed)


def test_a_piece_that_nobody_can_read_goes_as_well(stores: Stores, folder: Path, made: Judged) -> None:
    piece = json.loads(stores.archive.get(runs(stores.journal.decisions)[0]["inputs"]))["tables"]["contact"]["pieces"][
        0
    ]
    path = folder / "archive" / piece[:2] / piece
    path.write_bytes(path.read_bytes()[:-2])
    forget_ann(stores, made)
    assert not path.exists()
    assert "damaged" in str([noted["what"] for noted in stores.journal.dispositions.entries()])


def test_what_comes_later_is_not_let_in(stores: Stores, folder: Path, made: Judged) -> None:
    forget_ann(stores, made)
    assert stores.journal.inbox.receive([Notification("later", "Contact", town.ANN[:15])]) == 0
    contacts = made.snapshot.tables["contact"]
    third = {**dict.fromkeys(contacts.schema.names), "id": "003000000000009AAA", "email_key": town.ANN_KEY}
    more = pa.concat_tables([contacts, pa.Table.from_pylist([third], contacts.schema)])
    town.mirror(stores, replace(made.snapshot, tables={**made.snapshot.tables, "contact": more}))
    assert stores.mirror.table("contact")["id"].to_pylist() == [town.BOB]
    assert town.found(folder) == set()


def test_a_second_time_changes_nothing(stores: Stores, made: Judged) -> None:
    forget_ann(stores, made)
    version = stores.journal.suppression.version
    assert not any(stores.screen().values())
    assert not any(forget_ann(stores, made).traces.values())
    assert stores.journal.suppression.version == version


def test_an_old_copy_of_a_store_is_screened_when_it_is_opened(filled: Path, folder: Path, made: Judged) -> None:
    with town.open_stores(folder) as stores:
        forget_ann(stores, made)
    for name in ("journal.sqlite", "mirror.duckdb"):
        shutil.copy(filled / name, folder / name)
        for left in folder.glob(f"{name}[-.]*"):
            left.unlink()
    shutil.rmtree(folder / "archive")
    shutil.copytree(filled / "archive", folder / "archive")
    shutil.rmtree(folder / "simulations")
    shutil.copytree(filled / "simulations", folder / "simulations")
    assert town.found(folder)
    with town.open_stores(folder) as stores:
        assert min(stores.screen().values()) > 0
    assert town.found(folder) == set()


def test_who_asks_is_found_through_merged_records_too(snapshot_of: Any) -> None:
    asking = snapshot_of(**town.rows(forget=True))
    assert asked_to_be_forgotten(asking) == {town.ANN}
    loser = {"id": town.ANN, "individual": town.INDIVIDUAL, "master_record": town.TWIN}
    gone = {"id": town.TWIN, "master_record": town.BOB}
    schema = asking.tables["contact"].schema
    merged = schema.empty_table().from_pylist([{**dict.fromkeys(schema.names), **row} for row in (loser, gone)], schema)
    living = asking.tables["contact"].slice(2)
    chained = replace(asking, tables={**asking.tables, "contact": living, "merged_contact": merged})
    assert asked_to_be_forgotten(chained) == {town.BOB}
    assert {town.ANN, town.TWIN, town.INDIVIDUAL} <= identifiers(chained, frozenset({town.BOB}))


class Unreachable:
    """An org that must not be asked."""


PROFILE_OF_ANN = Change("profile", "update", {"verdict": "blocked"}, {}, key=town.ANN)
MATCH_OF_ANN = Change("match", "create", {"profile": Link("profile", town.ANN)}, {}, key="9" * 32)
ABOUT_BOB = Change("profile", "update", {"verdict": "blocked"}, {}, key=town.BOB)


@pytest.mark.parametrize("change", [PROFILE_OF_ANN, MATCH_OF_ANN], ids=["profile", "match"])
@pytest.mark.parametrize("status", ["deferred", "refused", "skipped"])
def test_nobody_is_forgotten_before_the_org_holds_that_they_may_not_be_asked(
    stores: Stores, folder: Path, made: Judged, program: Program, change: Change, status: Any
) -> None:
    outcome = Outcome((RowResult(ABOUT_BOB, "written"), RowResult(change, status)), 0, 0)
    asked = frozenset({town.ANN})
    given: Any = (Unreachable(), stores, program, made.snapshot, made.verdicts, outcome, asked, "a test")
    assert forget_after(*given) == Erased(waiting=2)
    assert town.found(folder)
    assert not stores.journal.suppression.names(town.ANN)


def test_a_write_about_somebody_else_puts_nothing_off(stores: Stores, made: Judged, program: Program) -> None:
    outcome = Outcome((RowResult(PROFILE_OF_ANN, "written"), RowResult(ABOUT_BOB, "deferred")), 0, 0)
    given: Any = (
        Unreachable(),
        stores,
        program,
        made.snapshot,
        made.verdicts,
        outcome,
        frozenset({town.ANN}),
        "a test",
    )
    with pytest.raises(AttributeError, match="Unreachable"):
        forget_after(*given)  # it goes on, to read what was just written


def test_whoever_is_on_legal_hold_waits(stores: Stores, folder: Path, made: Judged, program: Program) -> None:
    accounts = made.snapshot.tables["account"].to_pylist()
    table = pa.Table.from_pylist(
        [{**row, "legal_hold": True} for row in accounts], made.snapshot.tables["account"].schema
    )
    held = replace(made.snapshot, tables={**made.snapshot.tables, "account": table})
    given: Any = (
        Unreachable(),
        stores,
        program,
        held,
        made.verdicts,
        Outcome((), 0, 0),
        frozenset({town.ANN}),
        "a test",
    )
    assert forget_after(*given) == Erased(waiting=2)
    assert town.found(folder)
