"""Draws the sample records and writes them as plans for `sf data import tree`: same seed and anchor, same bytes.

    python deploy/salesforce/data/generate.py                        writes this folder's plans and records
    python deploy/salesforce/data/generate.py --out DIR              writes them somewhere else

Runs recipe/sample.recipe.yml with Snowfakery and adds recipe/hard_cases.yml. Not here: loading (crm_sync/local_org/seed.py).
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from recipe import hard_cases
from ruamel.yaml import YAML
from snowfakery.api import SnowfakeryApplication
from snowfakery.data_generator import generate
from snowfakery.object_rows import ObjectReference, ObjectRow
from snowfakery.output_streams import OutputStream

HERE = Path(__file__).parent
SEED = 20260115
RECORDS_IN_A_FILE = 200
# Parents before children; an object that refers to itself is cut into generations.
LOADING_ORDER = (
    "User",
    "BusinessHours",
    "Holiday",
    "Individual",
    "Account",
    "Contact",
    "Opportunity",
    "Case",
    "Reference_Profile__c",
    "Reference_Consent__c",
    "Reference_Asset__c",
    "Reference_Request__c",
    "Reference_Activity__c",
    "Reference_Escalation__c",
    "Task",
    "Event",
)
SHORT_NAMES = {"Case": "support_case"}  # case_ is for hard cases
SELF_REFERENCE = {"User": "ManagerId", "Account": "ParentId"}
TABLE = re.compile(r"(<!-- cases -->\n).*?(<!-- end of cases -->)", re.DOTALL)
Record = dict[str, Any]


class Collector(OutputStream):
    """Keeps every row the recipe makes as a tree record, references written as @reference ids."""

    def __init__(self) -> None:
        self.records: dict[str, list[Record]] = defaultdict(list)
        self._names: dict[tuple[str, int], str] = {}

    def write_row(self, tablename: str, row_with_references: dict[str, Any]) -> None:
        """Take one row."""
        row = dict(row_with_references)
        number = row.pop("id")
        short = SHORT_NAMES.get(tablename, re.sub(r"^reference_|__c$", "", tablename.lower()))
        name = str(row.pop("referenceId", f"{short}_{number}")).removeprefix("@")
        self._names[tablename, number] = name
        fields = {field: self._plain(value) for field, value in row.items() if not _absent(value)}
        self.records[tablename].append(tree_record(tablename, name, fields))

    def write_single_row(self, tablename: str, row: dict[str, Any]) -> None:
        """Not used: `write_row` keeps the row itself."""

    def close(self, **_: Any) -> None:
        """Nothing is open."""

    def _plain(self, value: Any) -> Any:
        if isinstance(value, ObjectRow | ObjectReference):
            return "@" + self._names[value._tablename, value.id]
        return value


def _absent(value: Any) -> bool:
    """Whether a value says nothing: null, empty text, a box that is not ticked."""
    return value is None or value == "" or value is False


def tree_record(object_name: str, reference_id: str, fields: Record) -> Record:
    """Make one record of the tree format."""
    return {"attributes": {"type": object_name, "referenceId": reference_id}, **fields}


def drawn(anchor: date) -> dict[str, list[Record]]:
    """Run the recipe."""
    random.seed(SEED)
    collector = Collector()
    with (HERE / "recipe" / "sample.recipe.yml").open(encoding="utf-8") as recipe:
        options = {"anchor": anchor.isoformat(), "seed": SEED}
        generate(recipe, options, output_stream=collector, parent_application=SnowfakeryApplication())
    return collector.records


def everything(anchor: date, book: dict[str, Any]) -> dict[str, list[Record]]:
    """Draw the population and add the hard cases behind it, so that a new case renames nothing."""
    records = drawn(anchor)
    for object_name, reference_id, fields in hard_cases.expand(book, anchor):
        records[object_name].append(tree_record(object_name, reference_id, fields))
    return records


def generations(object_name: str, records: list[Record]) -> Iterator[list[Record]]:
    """Cut the records of one object so that each part refers only to earlier parts."""
    parent_field = SELF_REFERENCE.get(object_name)
    known: set[str] = set()
    waiting = records
    while waiting:
        ready = [r for r in waiting if not parent_field or r.get(parent_field, "@")[1:] in {"", *known}]
        yield ready
        known |= {record["attributes"]["referenceId"] for record in ready}
        waiting = [record for record in waiting if record["attributes"]["referenceId"] not in known]


def files_of(object_name: str, records: list[Record]) -> Iterator[tuple[str, list[Record]]]:
    """Name the files of one object and share the records out, at most 200 each."""
    number = 0
    for generation in generations(object_name, records):
        for start in range(0, len(generation), RECORDS_IN_A_FILE):
            number += 1
            yield f"records/{object_name}-{number}.json", generation[start : start + RECORDS_IN_A_FILE]


def text_of(records: Iterable[Record]) -> str:
    """Write records compactly, one a line, so that differences can be read."""
    lines = (json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records)
    return '{"records":[\n' + ",\n".join(lines) + "\n]}\n"


def write(out: Path, records: dict[str, list[Record]]) -> None:
    """Write the two plans and their files."""
    folder = out / "records"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    plans: dict[str, list[Record]] = {"users-plan.json": [], "plan.json": []}
    for object_name in LOADING_ORDER:
        names = []
        for name, part in files_of(object_name, records[object_name]):
            (out / name).write_text(text_of(part), encoding="utf-8")
            names.append(name)
        entry = {"sobject": object_name, "saveRefs": True, "resolveRefs": True, "files": names}
        plans["users-plan.json" if object_name == "User" else "plan.json"].append(entry)
    for name, entries in plans.items():
        (out / name).write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def write_readme(book: dict[str, Any], records: dict[str, list[Record]]) -> None:
    """Renew the table of hard cases in the README."""
    names: dict[str, list[str]] = defaultdict(list)
    every = [record["attributes"]["referenceId"] for rows in records.values() for record in rows]
    for case in book["cases"]:
        prefix = f"case_{case['case']}_"
        own = {f"{prefix}{name}" for name, _ in _record_names(book, case)}
        names[case["case"]] = [name.removeprefix(prefix) for name in every if name in own]
    table = hard_cases.table(book["cases"], names)
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(TABLE.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text), encoding="utf-8")


def _record_names(book: dict[str, Any], case: dict[str, Any]) -> Iterator[tuple[str, str]]:
    prefix = f"case_{case['case']}_"
    for object_name, reference_id, _ in hard_cases.expand(book | {"cases": [case]}, date(2000, 1, 1)):
        yield reference_id.removeprefix(prefix), object_name


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE, help="the folder to write to (this one)")
    chosen = parser.parse_args()
    anchor = date.fromisoformat(json.loads((HERE / "anchor.json").read_text(encoding="utf-8"))["anchor"])
    book = YAML(typ="safe").load((HERE / "recipe" / "hard_cases.yml").read_text(encoding="utf-8"))
    records = everything(anchor, book)
    write(chosen.out, records)
    if chosen.out == HERE:
        write_readme(book, records)


if __name__ == "__main__":
    main()
