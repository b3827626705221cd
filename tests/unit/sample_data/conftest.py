"""The committed sample records, read once: by object, by reference id, and the book of hard cases."""

import json
from collections import defaultdict
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def data_dir():
    return ROOT / "deploy" / "salesforce" / "data"


@pytest.fixture(scope="session")
def plan_entries(data_dir):
    return [entry for name in ("users-plan.json", "plan.json") for entry in json.loads((data_dir / name).read_text())]


@pytest.fixture(scope="session")
def records(data_dir, plan_entries):
    found = defaultdict(list)
    for entry in plan_entries:
        for name in entry["files"]:
            found[entry["sobject"]] += json.loads((data_dir / name).read_text())["records"]
    return found


@pytest.fixture(scope="session")
def by_reference(records):
    return {record["attributes"]["referenceId"]: record for rows in records.values() for record in rows}


@pytest.fixture(scope="session")
def book(data_dir):
    return YAML(typ="safe").load((data_dir / "recipe" / "hard_cases.yml").read_text())
