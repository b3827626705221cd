"""Every record fits the objects of the package and of the platform: fields, lengths, values, what lookups point at."""

import re
from datetime import date, datetime

import pytest

from crm_sync.local_org import metadata
from crm_sync.local_org.metadata_xml import read_folder

TEXTS = {"string", "textarea", "email", "url", "phone", "picklist", "multipicklist", "combobox"}
NUMBERS = {"int", "double", "currency", "percent"}
# Values no mapping knows, in picklists that take anything: hard cases.
UNFORESEEN = {("Account", "Industry", "Quantum Farming"), ("Case", "Priority", "Urgent!!")}


@pytest.fixture(scope="module")
def schema(data_dir):
    return metadata.build(read_folder(data_dir.parent / "crm-reference"))


def problems_of(field, value, type_of):
    if field.type == "boolean":
        return None if isinstance(value, bool) else "is not a checkbox"
    if field.type in NUMBERS:
        return number_problem(field, value)
    if not isinstance(value, str):
        return "is not text"
    if field.type == "reference":
        return None if type_of.get(value[1:]) in field.reference_to else "points at the wrong object"
    return text_problem(field, value)


def number_problem(field, value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "is not a number"
    whole = len(str(abs(int(value))))
    return "has too many digits" if field.precision and whole > field.precision - field.scale else None


def text_problem(field, value):
    if field.type == "date":
        return None if date.fromisoformat(value) else "is not a date"
    if field.type == "datetime":
        return None if datetime.fromisoformat(value).tzinfo else "has no time zone"
    if field.type == "time":
        return None if re.fullmatch(r"\d\d:\d\d:00\.000Z", value) else "is not a time"
    if field.length and len(value) > field.length:
        return "is too long"
    if field.restricted:
        known = {entry.value for entry in field.picklist if entry.active}
        return None if set(value.split(";")) <= known else "is not one of the values"
    return None if field.type in TEXTS else f"is a {field.type}"


def test_every_value_fits_its_field(records, schema):
    type_of = {row["attributes"]["referenceId"]: name for name, rows in records.items() for row in rows}
    type_of["profile_standard_user"] = "Profile"
    found = []
    for name, rows in records.items():
        for row in rows:
            for field_name, value in row.items():
                if field_name == "attributes":
                    continue
                field = schema.object(name).field(field_name)
                problem = "does not exist" if field is None else problems_of(field, value, type_of)
                if problem or not field.createable:
                    found.append(f"{row['attributes']['referenceId']}.{field_name} {problem}: {value!r}")
    assert found == []


def test_required_fields_are_there(records, schema):
    for name, rows in records.items():
        required = {
            field.name
            for field in schema.object(name).fields.values()
            if field.required and field.createable and not field.default
        }
        for row in rows:
            assert required <= set(row), row


def test_unforeseen_picklist_values_are_there_on_purpose_and_no_others(records, schema):
    found = set()
    for name in ("Account", "Case", "Opportunity"):
        for field in schema.object(name).fields.values():
            if field.type == "picklist" and field.picklist:
                known = {entry.value for entry in field.picklist}
                found |= {
                    (name, field.name, row[field.name])
                    for row in records[name]
                    if field.name in row and row[field.name] not in known
                }
    priorities = {("Case", "Priority", f"P{n}") for n in (1, 2, 3, 4)}
    assert found - priorities == UNFORESEEN
