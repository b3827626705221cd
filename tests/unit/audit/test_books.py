"""Every run's decisions are noted with what they were made from, and can be made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from crm_sync.audit import Books, Decided, differences, intact, pack, recall, runs
from crm_sync.audit.inputs import LEFT_OUT, UNREAD, WORDS_ALONE, keep_inputs, kept_inputs
from crm_sync.errors import ConfigurationError, PermanentError
from crm_sync.evaluate import evaluate
from crm_sync.keeping import name_of
from crm_sync.matching import match
from crm_sync.model.org_days import DAYS
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program
from crm_sync.state.archive import FileArchive
from crm_sync.state.journal import SqliteJournal
from tests import small_stores as town

CANARY = "Ann Marchetti said so"
SOURCES = {"rules/consent.yaml": "uses: []\n", "mappings/account.yaml": "object: Account\n"}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal.open(tmp_path / "state" / "journal.sqlite")
    yield made
    made.close()


@pytest.fixture
def archive(tmp_path: Path) -> FileArchive:
    return FileArchive.open(tmp_path / "state" / "archive")


@pytest.fixture
def books(journal: SqliteJournal, archive: FileArchive) -> Books:
    return Books(journal.decisions, archive, SOURCES)


@pytest.fixture(scope="module")
def snapshot(snapshot_of: Any) -> Snapshot:
    """Three people, two of them in the program, and one open request."""
    today = town.TODAY
    account = {**town.ACCOUNT, "outcome": "Halved the month-end close", "outcome_on": today - timedelta(days=40)}
    return snapshot_of(
        account=[{"id": f"001{n}", **account} for n in range(3)],
        contact=[{"id": f"003{n}", "account": f"001{n}", "title": CANARY, **town.CONTACT} for n in range(3)],
        profile=[
            {"id": f"a0{n}", "key": f"003{n}", "contact": f"003{n}", "status": "active", "paused": False}
            | {
                "time_zone": "Europe/Berlin",
                "approved_types": ["call"],
                "briefed_types": ["call"],
                "pause_reason": CANARY,
            }
            for n in range(2)
        ],
        consent=[
            {"id": "a02", "contact": "0030", "use": "call", "status": "granted", "evidence": "https://files.example/1"}
            | {"valid_from": today - timedelta(days=30), "legal_restriction": False, "restriction_note": CANARY}
            | {"text_version": "v1", "approved_by": "005", "territory": ["worldwide"], "audience": "anyone"}
        ],
        request=[
            {"id": "a07", "type": "call", "stage": "submitted", "needed_by": today + timedelta(days=60)}
            | {"notes": CANARY, "submitted_on": today}
        ],
        task=[{"id": "00T", "subject": CANARY, "closed": True}],
        activity=[
            {"id": "a01", "contact": "0030", "issues": CANARY, "status": "completed", "type": "quote"}
            | {"completed_on": today - timedelta(days=500)}
        ],
    )


def decided(snapshot: Snapshot, program: Program, plan: str = "p1") -> Decided:
    verdicts = evaluate(snapshot, program)
    return Decided(snapshot, verdicts, match(snapshot, verdicts, program), plan, program, "full")


def changed(snapshot: Snapshot, name: str, column: str, value: Any, row: int = 0) -> Snapshot:
    table = snapshot.tables[name]
    values = table[column].to_pylist()
    values[row] = value
    index = table.column_names.index(column)
    made = table.set_column(index, table.schema.field(index), pa.array(values, table.schema.field(index).type))
    return replace(snapshot, tables={**snapshot.tables, name: made})


def test_a_run_is_noted_with_its_inputs_rules_and_every_decision(
    books: Books, snapshot: Snapshot, program: Program
) -> None:
    books.keep(decided(snapshot, program))
    (run,) = runs(books.log)
    assert (run["rules"], run["people"], run["requests"], run["kind"]) == (program.version, 3, 1, "full")
    people = {entry["contact"]: entry for entry in books.log.entries(what="person")}
    verdicts = evaluate(snapshot, program)
    bits = {rule.id: bit for bit, rule in enumerate(verdicts.rules)}
    for row in verdicts.table.to_pylist():
        told = {name: one for one in people[row["contact_id"]]["decided"] for name in one["types"]}
        for name in verdicts.types:
            assert told[name]["masks"] == [row[f"{mask}_{name}"] for mask in ("failed", "unknown", "caution")]
            assert sum(1 << bits[rule] for rule in told[name]["reasons"].get("failed", ())) == row[f"failed_{name}"]
    (request,) = books.log.entries(what="request")
    assert (request["request_id"], request["run_id"]) == ("a07", run["run_id"])
    assert books.log.verify() == run["changed"] + 1


def test_a_run_that_decides_the_same_adds_one_entry(books: Books, snapshot: Snapshot, program: Program) -> None:
    books.keep(decided(snapshot, program))
    before = books.log.verify()
    books.keep(decided(snapshot, program, "p2"))
    assert books.log.verify() == before + 1
    assert runs(books.log)[-1]["changed"] == 0


def test_only_what_changed_is_told_again(books: Books, snapshot: Snapshot, program: Program) -> None:
    books.keep(decided(snapshot, program))
    books.keep(decided(changed(snapshot, "account", "legal_hold", True, row=1), program, "p2"))
    last = runs(books.log)[-1]
    told = [entry for entry in books.log.entries(last["run_id"]) if entry["what"] == "person"]
    assert [entry["contact"] for entry in told] == ["0031"]


def test_an_archive_that_was_lost_is_no_reason_to_stop(
    books: Books, snapshot: Snapshot, program: Program, tmp_path: Path
) -> None:
    books.keep(decided(snapshot, program))
    fresh = replace(books, archive=FileArchive.open(tmp_path / "other"))
    fresh.keep(decided(changed(snapshot, "account", "legal_hold", True), program, "p2"))
    assert runs(books.log)[-1]["changed"] == runs(books.log)[0]["changed"]


def test_decisions_are_the_same_when_made_again_from_what_was_kept(
    books: Books, snapshot: Snapshot, program: Program
) -> None:
    books.keep(decided(snapshot, program))
    recalled = recall("last", books.log, books.archive)
    again = decided(recalled.snapshot(), program)
    name, different = differences(recalled, again.snapshot, again.verdicts, again.matches)
    assert (name, different) == (recalled.entry["decisions"], ())
    other = decided(changed(recalled.snapshot(), "account", "health_score", 10.0), program)
    name, different = differences(recalled, other.snapshot, other.verdicts, other.matches)
    assert name != recalled.entry["decisions"]
    assert {entry.get("contact") or entry["request_id"] for entry in different} == {"0030", "a07"}


def test_what_comes_back_is_what_was_kept_but_for_texts_about_people(
    books: Books, archive: FileArchive, snapshot: Snapshot, program: Program
) -> None:
    again = kept_inputs(keep_inputs(snapshot, program, archive), snapshot.as_of, archive)
    for name, table in snapshot.tables.items():
        kept = again.tables[name]
        assert sorted(kept.column_names) == sorted(table.column_names), name
        left_out = {column for column in table.column_names if kept[column].null_count == kept.num_rows}
        same = [column for column in table.column_names if column not in left_out]
        assert kept.select(same).to_pylist() == table.select(same).to_pylist()
    assert (again.org_id, again.unreadable, again.as_of) == (snapshot.org_id, snapshot.unreadable, snapshot.as_of)
    for name in archive.names():
        assert CANARY.encode() not in archive.get(name)


def test_of_a_subject_only_the_words_are_kept_that_rules_look_for(
    archive: FileArchive, snapshot_of: Any, program: Program
) -> None:
    word = next(iter(program.escalation.off_system.words))
    rows = [
        {"id": "00T1", "subject": f"{word.upper()} with {CANARY}"},
        {"id": "00T2", "subject": CANARY},
        {"id": "00T3"},
    ]
    seen = snapshot_of(task=rows, event=rows)
    again = kept_inputs(keep_inputs(seen, program, archive), seen.as_of, archive)
    assert again.tables["task"]["subject"].to_pylist() == [word, None, None]
    assert again.tables["event"]["subject"].to_pylist() == [word, None, None]


READ_BY_DECISIONS = {
    "account": {"name", "industry", "country", "competitive_set", "outcome"},
    "contact": {"email_key", "country"},
    "user": {"time_zone"},
    "opportunity": {"stage"},
    "case": {"status", "key"},
    "task": {"key"},
    "business_hours": {"name", "time_zone"} | {f"{day}_{end}" for day in DAYS for end in ("start", "end")},
    "holiday": {"name"},
    "queue": {"developer_name", "kind"},
    "profile": {"name", "key", "topics", "avoid_topics", "time_zone", "blackouts", "briefing_version", "rule_version"}
    | {"industry", "product"},
    "consent": {"name", "key", "text_version", "evidence"},
    "request": {"name", "key", "audience", "industry", "use_case", "product", "region", "language"},
    "match": {"name", "key", "outreach_text"},
    "activity": {"name", "key", "audience"},
    "escalation": {"name", "key"},
    "asset": {"title", "key", "url", "version", "approved_version", "industry", "use_case", "product"},
}


def test_every_text_is_kept_on_purpose_or_left_out(program: Program) -> None:
    for name, mapping in program.mappings.items():
        texts = {field.name for field in mapping.pulled if field.type in ("text", "url")}
        left_out = LEFT_OUT.get(name, frozenset()) | {WORDS_ALONE.get(name, "")}
        if name not in UNREAD:
            assert texts - left_out == READ_BY_DECISIONS.get(name, set()), name


def test_no_text_about_a_person_is_in_the_log(books: Books, snapshot: Snapshot, program: Program) -> None:
    books.keep(decided(snapshot, program))
    assert CANARY not in json.dumps(books.log.entries())


def test_equal_inputs_have_one_name_whatever_their_order(
    archive: FileArchive, snapshot: Snapshot, program: Program
) -> None:
    turned = {name: pa.concat_tables(_backwards(table)) for name, table in snapshot.tables.items()}
    assert keep_inputs(snapshot, program, archive) == keep_inputs(replace(snapshot, tables=turned), program, archive)


def _backwards(table: pa.Table) -> list[pa.Table]:
    return [table.slice(row, 1) for row in reversed(range(table.num_rows))] or [table]


def test_a_changed_row_changes_one_piece(archive: FileArchive, snapshot_of: Any, program: Program) -> None:
    rows = [{"id": f"003{number:012d}", "nps": 9.0} for number in range(20_000)]
    keep_inputs(snapshot_of(contact=rows), program, archive)
    before = set(archive.names())
    rows[7000]["nps"] = 3.0
    del rows[12_345]
    keep_inputs(snapshot_of(contact=rows), program, archive)
    assert 2 <= len(set(archive.names()) - before) <= 3  # the pieces of the two rows, and the list of pieces


def test_a_run_is_found_by_name_plan_beginning_or_last(books: Books, snapshot: Snapshot, program: Program) -> None:
    books.keep(decided(snapshot, program, "aaa1"))
    books.keep(decided(snapshot, program, "bbb2"))
    names = [run["run_id"] for run in runs(books.log)]
    for wanted, expected in ((names[0], 0), ("aaa1", 0), ("bbb", 1), ("last", 1), ("20260311T", 1)):
        assert recall(wanted, books.log, books.archive).entry["run_id"] == names[expected]
    with pytest.raises(ConfigurationError) as failed:
        recall("2026-03-11T090000Z-aaa1", books.log, books.archive)
    assert failed.value.mistakes[0].nearest == names[0]


def test_a_run_is_intact_until_something_of_it_is_gone_or_damaged(
    books: Books, archive: FileArchive, snapshot: Snapshot, program: Program, tmp_path: Path
) -> None:
    books.keep(decided(snapshot, program))
    recalled = recall("last", books.log, archive)
    assert intact(recalled)
    piece = json.loads(archive.get(recalled.entry["inputs"]))["tables"]["contact"]["pieces"][0]
    path = tmp_path / "state" / "archive" / piece[:2] / piece
    content = path.read_bytes()
    path.write_bytes(content[:-3])
    with pytest.raises(PermanentError, match="damaged"):
        intact(recalled)
    path.unlink()
    assert not intact(recalled)


def test_the_pack_has_what_an_auditor_asks_for_and_can_be_checked_by_its_readme(
    books: Books, snapshot: Snapshot, program: Program
) -> None:
    import hashlib

    books.keep(decided(snapshot, program))
    books.keep(decided(snapshot, program, "p2"))
    today = date.fromisoformat(runs(books.log)[0]["at"][:10])
    files = dict(pack(books.log, books.archive, today, today))
    manifest = json.loads(files["manifest.json"])
    assert {name: name_of(files[name]) for name in manifest["files"]} == manifest["files"]
    assert set(manifest["files"]) == set(files) - {"manifest.json"}
    seal = manifest["seal_before"]
    for line in files["decisions.jsonl"].splitlines():
        row = json.loads(line)
        sealed = json.dumps([seal, row["seq"], row["run_id"], row["at"], row["body"]])
        seal = hashlib.sha256(sealed.encode()).hexdigest()
        assert seal == row["seal"]
    assert seal == manifest["seal_last"]
    (consent,) = map(json.loads, files["consents.jsonl"].splitlines())
    assert (consent["consent"]["id"], consent["consent"]["restriction_note"]) == ("a02", None)
    assert consent["first_run"] != consent["last_run"]
    assert files[f"rules/{program.version}/rules/consent.yaml"].decode() == SOURCES["rules/consent.yaml"]


@pytest.mark.parametrize("bond", [{"email_key": "k"}, {"individual": "0PK"}, {"merged": True}])
def test_the_pack_has_a_consent_that_stands_on_a_duplicate(
    books: Books, snapshot_of: Any, snapshot: Snapshot, program: Program, bond: dict[str, Any]
) -> None:
    rows = {name: snapshot.tables[name].to_pylist() for name in ("account", "profile", "consent")}
    people = [{"id": f"003{n}", "account": "0010", **town.CONTACT} for n in (0, 4)]
    if bond == {"merged": True}:
        rows |= {"contact": people[:1]}
    else:
        rows |= {"contact": [{**one, **bond} for one in people]}
    rows["individual"] = [{"id": "0PK", "forget": False, "no_processing": False, "no_solicit": False}]
    rows["consent"][0]["contact"] = "0034"
    rows["profile"] = rows["profile"][:1]
    made = snapshot_of(**rows)
    if bond == {"merged": True}:
        loser = pa.Table.from_pylist([{**people[1], "master_record": "0030"}], schema=made.tables["contact"].schema)
        made = replace(made, tables={**made.tables, "merged_contact": loser})
    assert consents_packed(books, made, program) == ["a02"]


@pytest.mark.parametrize(("covers", "packed"), [("[quote, call]", ["a02"]), ("[quote]", [])])
def test_the_pack_has_a_consent_whose_use_covers_what_somebody_is_eligible_for(
    books: Books, snapshot: Snapshot, program: Program, covers: str, packed: list[str]
) -> None:
    """A consent to a recording covers calls; the run itself says so, by the text of its rules."""
    uses = {"recording": ("quote", "call") if packed else ("quote",), "call": ("call",)}
    wide = replace(program, consent=program.consent.model_copy(update={"covers": uses}))
    text = f"covers:\n  recording: {covers}\n  call: [call]\n"
    noted = replace(books, sources={"rules/consent.yaml": text})
    broad = changed(snapshot, "consent", "use", "recording")
    assert consents_packed(noted, broad, wide) == packed


def test_the_pack_leaves_no_use_out_when_nobody_can_say_what_it_covered(
    books: Books, snapshot: Snapshot, program: Program
) -> None:
    noted = replace(books, sources={"rules/consent.yaml": "covers: [\n"})
    assert consents_packed(noted, snapshot, program) == ["a02"]


def consents_packed(books: Books, snapshot: Snapshot, program: Program) -> list[str]:
    books.keep(decided(snapshot, program))
    today = date.fromisoformat(runs(books.log)[0]["at"][:10])
    lines = dict(pack(books.log, books.archive, today, today))["consents.jsonl"].splitlines()
    return [json.loads(line)["consent"]["id"] for line in lines]


def test_days_without_runs_give_an_empty_pack_that_continues_the_chain(
    books: Books, snapshot: Snapshot, program: Program
) -> None:
    books.keep(decided(snapshot, program))
    files = dict(pack(books.log, books.archive, date(2001, 1, 1), date(2001, 1, 2)))
    assert json.loads(files["manifest.json"])["entries"] == 0
