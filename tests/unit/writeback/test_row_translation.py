"""Changes become rows in the org's own names, or are refused with a reason; nothing is cut and nothing of a person's is written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.model.records import Change, Link
from crm_sync.ports import FieldFacts, ObjectFacts
from crm_sync.program.mappings import FieldMapping, ObjectMapping
from crm_sync.writeback.translate import Translator, UnsendableError, payload_hash

TYPES = {"Sales Call": "call", "Quote": "quote", "Logo": "logo"}
FIELDS = (
    FieldMapping("id", "Id", "id"),
    FieldMapping("key", "Key__c", "text", "key"),
    FieldMapping("summary", "Summary__c", "text", "worker"),
    FieldMapping("score", "Score__c", "number", "worker"),
    FieldMapping("done", "Done__c", "checkbox", "worker"),
    FieldMapping("due_on", "Due__c", "date", "worker"),
    FieldMapping("evaluated_at", "Evaluated__c", "datetime", "stamp"),
    FieldMapping("verdict", "Verdict__c", "picklist", "worker", {"Eligible": "eligible", "Not Eligible": "blocked"}),
    FieldMapping("types", "Types__c", "multipicklist", "worker", TYPES),
    FieldMapping("parent", "Parent__c", "reference", "worker", to="thing"),
    FieldMapping("any", "Any__c", "reference", "worker", to="any"),
    FieldMapping("status", "Status__c", "picklist", "human_after_create", {"Open": "open"}),
    FieldMapping("notes", "Notes__c", "text", "human"),
    FieldMapping("region", "Region__c", "text", "org"),
    FieldMapping("hidden", "Hidden__c", "text", "worker"),
)
THING = ObjectMapping("thing", "Thing__c", "A thing.", "Key__c", {field.name: field for field in FIELDS})
KEYLESS = ObjectMapping("bare", "Bare__c", "No key.", None, {"summary": FIELDS[2]})


def facts(name: str, kind: str = "string", length: int = 0, **more: Any) -> FieldFacts:
    known = {"reference_to": (), "relationship_name": None} | more
    return FieldFacts(
        name=name, type=kind, length=length, createable=True, updateable=True, nillable=True, unique=False,
        external_id=False, case_sensitive=False, calculated=False, restricted_picklist=False, picklist_values=(),
        label=name, **known,
    )  # fmt: skip


KNOWN = {field.field: facts(field.field) for field in FIELDS if field.name != "hidden"} | {
    "Summary__c": facts("Summary__c", length=5),
    "Parent__c": facts("Parent__c", "reference", 18, reference_to=("Thing__c",), relationship_name="Parent__r"),
    "Any__c": facts("Any__c", "reference", 18, reference_to=("Thing__c", "Account"), relationship_name="Any__r"),
}
OBJECT = ObjectFacts("Thing__c", "Thing", "a00", createable=True, updateable=True, queryable=True, fields=KNOWN)
TRANSLATOR = Translator({"thing": THING, "bare": KEYLESS}, {"thing": OBJECT, "bare": OBJECT})
DAY = datetime(2026, 3, 11, 9, 30, 15, 999999, tzinfo=timezone(timedelta(hours=2)))


def row(action: str = "update", **fields: Any) -> dict[str, Any]:
    return dict(TRANSLATOR.row(Change("thing", action, fields, {}, key="k")).values)


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        ({"summary": "Ä"}, {"Summary__c": "Ä"}),
        ({"summary": None}, {"Summary__c": None}),
        ({"score": 5.0}, {"Score__c": 5}),
        ({"score": 5.25}, {"Score__c": 5.25}),
        ({"score": 3}, {"Score__c": 3}),
        ({"done": False}, {"Done__c": False}),
        ({"due_on": date(2026, 3, 11)}, {"Due__c": "2026-03-11"}),
        ({"evaluated_at": DAY}, {"Evaluated__c": "2026-03-11T07:30:15Z"}),
        ({"verdict": "blocked"}, {"Verdict__c": "Not Eligible"}),
        ({"types": ("quote", "call")}, {"Types__c": "Sales Call;Quote"}),
        ({"types": ()}, {"Types__c": None}),
        ({"parent": "a00000000000001AAA"}, {"Parent__c": "a00000000000001AAA"}),
        ({"parent": Link("thing", "p")}, {"Parent__r": {"Key__c": "p"}}),
        ({"any": Link("thing", "p")}, {"Any__r": {"attributes": {"type": "Thing__c"}, "Key__c": "p"}}),
        ({"key": "k", "score": 1.0}, {"Score__c": 1}),
    ],
)
def test_values(fields: dict[str, Any], values: dict[str, Any]) -> None:
    assert row(**fields) == values


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"summary": "123456"}, "STRING_TOO_LONG"),
        ({"summary": "a\0"}, "TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET"),
        ({"summary": "\ud800"}, "TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET"),
        ({"score": float("nan")}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"evaluated_at": datetime(2026, 1, 1)}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),  # noqa: DTZ001
        ({"verdict": "Eligible"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"types": ("call", "nonsense")}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"types": "call"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"done": "yes"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"hidden": "x"}, "INVALID_FIELD"),
        ({"summary": Link("thing", "p")}, "INVALID_FIELD"),
        ({"parent": Link("bare", "p")}, "MISSING_ARGUMENT"),
        ({"notes": "x"}, "NOT_OURS"),
        ({"region": "x"}, "NOT_OURS"),
        ({"status": "open"}, "NOT_OURS"),
        ({"nonsense": "x"}, "NOT_OURS"),
    ],
)
def test_what_must_not_be_sent(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(UnsendableError) as refused:
        row(**fields)
    assert refused.value.code == code
    assert "x" not in refused.value.message.split() or code == "NOT_OURS"


def test_what_people_own_later_is_set_on_create_alone() -> None:
    assert row("create", status="open") == {"Status__c": "Open"}
    with pytest.raises(UnsendableError, match="belongs to human;"):
        row("create", notes="x")


def test_a_record_is_named_by_id_or_by_key_or_not_at_all() -> None:
    by_id = TRANSLATOR.row(Change("thing", "update", {"score": 1.0}, {}, id="a00000000000001AAA"))
    assert (by_id.key_field, by_id.key) == ("Id", "a00000000000001AAA")
    by_key = TRANSLATOR.row(Change("thing", "update", {"score": 1.0}, {}, key="k"))
    assert (by_key.key_field, by_key.key) == ("Key__c", "k")
    for change in (Change("thing", "create", {}, {}), Change("bare", "create", {}, {}, key="k")):
        with pytest.raises(UnsendableError, match="neither an id nor a key"):
            TRANSLATOR.row(change)
    with pytest.raises(UnsendableError, match="the key holds"):
        TRANSLATOR.row(Change("thing", "create", {}, {}, key="\ud800"))


@settings(deadline=None)
@given(st.permutations(["score", "done", "summary"]))
def test_the_same_values_have_the_same_hash_in_any_order(names: list[str]) -> None:
    values = {"score": 1.5, "done": True, "summary": "x"}
    change = Change("thing", "update", {name: values[name] for name in names}, {}, key="k")
    other = Change("thing", "update", values | {"score": 1.75}, {}, key="k")
    assert payload_hash(TRANSLATOR.row(change)) == payload_hash(
        TRANSLATOR.row(Change("thing", "update", values, {}, key="k"))
    )
    assert payload_hash(TRANSLATOR.row(change)) != payload_hash(TRANSLATOR.row(other))


def test_times_are_sent_in_utc() -> None:
    assert row(evaluated_at=datetime(2026, 3, 11, 7, 30, 15, tzinfo=UTC)) == row(evaluated_at=DAY)
