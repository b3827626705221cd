"""The plans can be loaded by `sf data import tree` as they are: order, sizes, references."""

import json
import re

LARGEST_TOTAL = 12 * 1024 * 1024
REFERENCE = re.compile(r'"@([A-Za-z]\w*)"')


def test_every_file_is_in_a_plan_and_every_plan_entry_is_complete(data_dir, plan_entries):
    planned = [name for entry in plan_entries for name in entry["files"]]
    assert sorted(planned) == sorted(f"records/{path.name}" for path in (data_dir / "records").iterdir())
    for entry in plan_entries:
        assert set(entry) == {"sobject", "saveRefs", "resolveRefs", "files"}


def test_files_hold_at_most_200_records_one_a_line(data_dir, plan_entries):
    for entry in plan_entries:
        for name in entry["files"]:
            text = (data_dir / name).read_text()
            rows = json.loads(text)["records"]
            assert 0 < len(rows) <= 200
            assert text.count("\n") == len(rows) + 2
            assert {row["attributes"]["type"] for row in rows} == {entry["sobject"]}


def test_the_whole_is_small_enough_to_commit(data_dir):
    assert sum(path.stat().st_size for path in (data_dir / "records").iterdir()) < LARGEST_TOTAL


def test_reference_ids_are_unique_and_well_formed(records):
    names = [row["attributes"]["referenceId"] for rows in records.values() for row in rows]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[A-Za-z]\w*", name) for name in names)


def test_files_refer_only_to_files_loaded_before(data_dir, plan_entries):
    known = set(json.loads((data_dir / "anchor.json").read_text())["lookups"])
    for entry in plan_entries:
        for name in entry["files"]:
            text = (data_dir / name).read_text()
            assert set(REFERENCE.findall(text)) <= known, name
            known |= set(re.findall(r'"referenceId":"(\w+)"', text))


def test_the_worker_has_written_nothing_yet(records):
    assert "Reference_Match__c" not in records
    assert not any("External_Key__c" in row for rows in records.values() for row in rows)
