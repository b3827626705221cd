"""The mirror: rows and watermark together or not at all, whose org it is, and what a new fingerprint does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from crm_sync.errors import ConfigurationError, PermanentError, TemporaryError, WrongOrgError
from crm_sync.ports import Batch, Stamp
from crm_sync.state.mirror import UNMAPPED_SCHEMA, DuckMirror
from crm_sync.state.suppression import Suppression

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("size", pa.float64()),
        ("open", pa.bool_()),
        ("on", pa.date32()),
        ("types", pa.list_(pa.string())),
        ("system_modstamp", pa.timestamp("us", "UTC")),
    ]
)
MOMENT = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
MARK = Stamp(datetime(2026, 11, 22, 10, tzinfo=UTC), "001")


def row(record_id: str, **values: Any) -> dict[str, Any]:
    return {name: values.get(name) for name in SCHEMA.names} | {"id": record_id}


def rows(*items: dict[str, Any], schema: pa.Schema = SCHEMA) -> pa.Table:
    return pa.Table.from_pylist(list(items), schema=schema)


def batch(
    *items: dict[str, Any],
    deleted: tuple[str, ...] = (),
    merged: tuple[dict[str, Any], ...] = (),
    unmapped: tuple[tuple[str, ...], ...] = (),
) -> Batch:
    strange = [dict(zip(UNMAPPED_SCHEMA.names, item, strict=True)) for item in unmapped]
    return Batch(rows(*items), deleted, rows(*merged), pa.Table.from_pylist(strange, schema=UNMAPPED_SCHEMA))


@pytest.fixture
def mirror() -> Iterator[DuckMirror]:
    made = DuckMirror.in_memory(b"salt")
    made.claim("00D000000000001EAA")
    made.prepare("case", SCHEMA, "one")
    yield made
    made.close()


def test_values_of_every_type_come_back_as_they_went(mirror: DuckMirror) -> None:
    full = row("b", name="Ä'\n", size=1.5, open=True, on=date(2026, 2, 28), types=["x", "y"], system_modstamp=MOMENT)
    mirror.apply("case", batch(full, row("a"), row("c", types=[])), MARK)
    found = mirror.table("case")
    assert found.schema == SCHEMA
    assert found.to_pylist() == [row("a"), full, row("c", types=[])]
    assert mirror.watermark("case") == MARK
    assert mirror.ids("case").to_pylist() == ["a", "b", "c"]


def test_a_row_that_comes_again_replaces_itself_and_a_deleted_one_goes(mirror: DuckMirror) -> None:
    mirror.apply("case", batch(row("a", name="old"), row("b")), MARK)
    mirror.apply("case", batch(row("a", name="new"), deleted=("b", "never there")), None)
    assert mirror.table("case").to_pylist() == [row("a", name="new")]
    assert mirror.watermark("case") == MARK


def test_ids_that_differ_in_case_alone_are_two(mirror: DuckMirror) -> None:
    mirror.apply("case", batch(row("500aA"), row("500Aa")), MARK)
    mirror.apply("case", batch(deleted=("500aA",)), MARK)
    assert mirror.ids("case").to_pylist() == ["500Aa"]


def test_the_order_of_pages_decides_nothing(mirror: DuckMirror) -> None:
    mirror.apply("case", batch(row("b")), MARK)
    mirror.apply("case", batch(row("a")), MARK)
    first = mirror.table("case")
    mirror.replace("case", [batch(row("a")), batch(row("b"))], None)
    assert mirror.table("case").equals(first)


def test_what_fails_leaves_rows_and_watermark_as_they_were(mirror: DuckMirror) -> None:
    mirror.apply("case", batch(row("a")), MARK)
    wrong = pa.table({"id": ["b"], "no_such_column": ["x"]})
    later = Stamp(datetime(2026, 12, 1, tzinfo=UTC), "")
    with pytest.raises(Exception, match="no_such_column"):
        mirror.apply("case", Batch(wrong, ("a",), rows(), UNMAPPED_SCHEMA.empty_table()), later)
    assert mirror.ids("case").to_pylist() == ["a"]
    assert mirror.watermark("case") == MARK


def test_merged_records_are_kept_until_they_come_back(mirror: DuckMirror) -> None:
    lost = row("a", name="opted out")
    mirror.apply("case", batch(lost), MARK)
    mirror.apply("case", batch(deleted=("a",), merged=(lost,)), MARK)
    assert mirror.table("case").num_rows == 0
    assert mirror.merged("case").to_pylist() == [lost]
    mirror.apply("case", batch(row("a", name="undeleted")), MARK)
    assert mirror.merged("case").num_rows == 0


def test_unmapped_values_live_as_long_as_their_row_says_so(mirror: DuckMirror) -> None:
    strange = (("case", "a", "status", "Odd"), ("case", "b", "status", "Odd"))
    mirror.apply("case", batch(row("a"), row("b"), unmapped=strange), MARK)
    assert mirror.unmapped().num_rows == 2
    mirror.apply("case", batch(row("a"), deleted=("b",)), MARK)
    assert mirror.unmapped().num_rows == 0


def test_a_new_fingerprint_empties_the_table_but_not_what_is_known_of_merged_records(mirror: DuckMirror) -> None:
    mirror.apply("case", batch(row("a"), row("b"), deleted=("c",), merged=(row("c", name="kept"),)), MARK)
    mirror.prepare("case", SCHEMA, "one")
    assert mirror.table("case").num_rows == 2
    wider = SCHEMA.append(pa.field("added", pa.string()))
    mirror.prepare("case", wider, "two")
    assert mirror.watermark("case") is None
    assert mirror.table("case").schema == wider
    assert mirror.table("case").num_rows == 0
    assert mirror.merged("case").select(["id", "name", "added"]).to_pylist() == [
        {"id": "c", "name": "kept", "added": None}
    ]


def test_another_orgs_rows_are_never_mixed_in(mirror: DuckMirror) -> None:
    mirror.claim("00D000000000001EAA")
    with pytest.raises(WrongOrgError, match="refreshed sandbox"):
        mirror.claim("00D000000000002EAA")


@pytest.mark.parametrize("name", ['x"; DROP TABLE meta; --', "Case", "", "a" * 61])
def test_names_that_are_no_names_reach_no_statement(mirror: DuckMirror, name: str) -> None:
    with pytest.raises(ValueError, match="no name for a table"):
        mirror.prepare(name, SCHEMA, "one")


def test_a_file_keeps_everything_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "mirror.duckdb"
    first = DuckMirror.open(path, b"salt")
    first.claim("00D000000000001EAA")
    first.prepare("case", SCHEMA, "one")
    first.apply("case", batch(row("a")), MARK)
    first.close()
    again = DuckMirror.open(path, b"salt")
    again.prepare("case", SCHEMA, "one")
    assert again.ids("case").to_pylist() == ["a"]
    assert again.watermark("case") == MARK
    again.close()
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_mirror_says_what_to_do(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    path = tmp_path / "mirror.duckdb"
    path.write_bytes(b"not a database at all" * 1000)
    with pytest.raises((PermanentError, TemporaryError), match="Delete the file"):
        DuckMirror.open(path, b"salt")


def test_a_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(ConfigurationError, match="chmod 700"):
        DuckMirror.open(tmp_path / "mirror.duckdb", b"salt")


ANN, BOB, CASE = "003000000000001AAA", "003000000000002AAA", "500000000000001AAA"
PEOPLE = pa.schema([("id", pa.string()), ("email_key", pa.string()), ("master_record", pa.string())])
CASES = pa.schema([("id", pa.string()), ("contact", pa.string()), ("open", pa.bool_())])


def test_the_forgotten_stay_out_of_every_page_and_are_taken_out_of_what_is_held(tmp_path: Path) -> None:
    path, suppression = tmp_path / "state" / "mirror.duckdb", Suppression(tmp_path / "forgotten.keys", b"s" * 32)
    mirror = DuckMirror.open(path, b"salt", suppression)
    mirror.claim("00D000000000001EAA")
    people = rows({"id": ANN}, {"id": BOB}, {"id": "003000000000003AAA", "email_key": "e" * 32}, schema=PEOPLE)
    lost = rows({"id": "003000000000004AAA", "master_record": ANN}, schema=PEOPLE)
    cases = rows({"id": CASE, "contact": ANN, "open": True}, schema=CASES)
    strange = [dict(zip(UNMAPPED_SCHEMA.names, ("contact", one, "nps", "high"), strict=True)) for one in (ANN, BOB)]

    def pull() -> None:
        mirror.prepare("contact", PEOPLE, "one")
        mirror.prepare("case", CASES, "one")
        mirror.apply("contact", Batch(people, (), lost, pa.Table.from_pylist(strange, schema=UNMAPPED_SCHEMA)), MARK)
        mirror.apply("case", Batch(cases, (), cases.slice(0, 0), UNMAPPED_SCHEMA.empty_table()), MARK)

    def held() -> Any:
        seen = (mirror.ids("contact"), mirror.merged("contact")["id"], mirror.unmapped()["id"])
        return [column.to_pylist() for column in seen], mirror.table("case").to_pylist()

    pull()
    assert mirror.screen() == 0
    suppression.add([ANN, "e" * 32])
    assert mirror.screen() == 5
    expected = [[BOB], [], [BOB]], [{"id": CASE, "contact": None, "open": True}]
    assert held() == expected
    assert mirror.watermark("contact") == MARK
    pull()
    assert held() == expected
    assert mirror.screen() == 0
    mirror.close()
    assert ANN[:15].encode() not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_a_rewritten_file_goes_on_as_a_mirror(tmp_path: Path) -> None:
    path, suppression = tmp_path / "state" / "it's a mirror.duckdb", Suppression(tmp_path / "forgotten.keys", b"s" * 32)
    mirror = DuckMirror.open(path, b"salt", suppression)
    mirror.claim("00D000000000001EAA")
    mirror.prepare("case", SCHEMA, "one")
    full = row("b", name="n", size=1.5, open=True, on=date(2026, 2, 28), types=["x", "y"], system_modstamp=MOMENT)
    mirror.apply("case", batch(full), MARK)
    path.with_name(f"{path.name}.fresh").write_bytes(b"half a file of a crash")
    suppression.add([ANN])
    mirror.screen()
    mirror.apply("case", batch(row("c")), MARK)
    assert mirror.table("case").to_pylist() == [full, row("c")]
    with pytest.raises(WrongOrgError):
        mirror.claim("00D000000000002EAA")
    mirror.close()
    again = DuckMirror.open(path, b"salt", suppression)
    assert again.screen() == 0
    again.close()
