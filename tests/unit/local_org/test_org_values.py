"""Values are stored as the service stores them, or refused in its words."""

import pytest

from crm_sync.local_org.errors import RecordError
from crm_sync.local_org.schema import Field, PicklistValue
from crm_sync.local_org.values import WrongKindError, accept, give

PICKLIST = tuple(PicklistValue(v, v) for v in ("one", "two", "three"))


def of(kind, **more):
    return Field("F__c", "The Field", kind, **more)


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        (of("string"), "  x  ", "x"),
        (of("string"), "", None),
        (of("string"), "   ", None),
        (of("string"), None, None),
        (of("boolean"), True, 1),
        (of("boolean"), "FALSE", 0),
        (of("int", precision=8), 12, 12),
        (of("int", precision=8), "12", 12),
        (of("int", precision=8), 12.0, 12),
        (of("double", precision=5, scale=1), 2.25, 2.3),
        (of("double", precision=5, scale=1), -2.25, -2.3),
        (of("double", precision=5, scale=1), "1e2", 100.0),
        (of("currency", precision=18, scale=2), 0.1 + 0.2, 0.3),
        (of("date"), "2024-02-29", "2024-02-29"),
        (of("datetime"), "2026-11-01T10:00:00Z", "2026-11-01T10:00:00.000+0000"),
        (of("datetime"), "2026-11-01T10:00:00.999+0000", "2026-11-01T10:00:00.000+0000"),
        (of("datetime"), "2026-11-01T10:00-02:30", "2026-11-01T12:30:00.000+0000"),
        (of("datetime"), "2026-11-01T10:00:00", "2026-11-01T10:00:00.000+0000"),
        (of("time"), "10:30", "10:30:00.000Z"),
        (of("multipicklist", picklist=PICKLIST), "three; one;three", "one;three"),
        (of("multipicklist", picklist=PICKLIST), "other;two", "two;other"),
        (of("reference"), "001ak00000OQTie", "001ak00000OQTieAAH"),
    ],
)
def test_accepted(field, value, stored):
    assert accept(field, value) == stored


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (of("string"), 5),
        (of("string"), {"a": 1}),
        (of("boolean"), 1),
        (of("boolean"), "yes"),
        (of("int"), True),
        (of("int"), 1.5),
        (of("double"), "x"),
        (of("double"), "NaN"),
        (of("date"), "2023-02-29"),
        (of("date"), "2026-11-01T00:00:00Z"),
        (of("datetime"), "2026-11-01"),
        (of("datetime"), "2026-11-01T25:00:00Z"),
        (of("time"), "noon"),
    ],
)
def test_wrong_kinds(field, value):
    with pytest.raises(WrongKindError) as caught:
        accept(field, value)
    assert caught.value.code == "JSON_PARSER_ERROR"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        (of("int", precision=8), 100_000_000, "NUMBER_OUTSIDE_VALID_RANGE"),
        (of("double", precision=3, scale=1), 99.96, "NUMBER_OUTSIDE_VALID_RANGE"),
        (of("date"), "1699-12-31", "NUMBER_OUTSIDE_VALID_RANGE"),
        (of("reference"), "001", "MALFORMED_ID"),
        (of("boolean"), None, "INVALID_TYPE_ON_FIELD_IN_RECORD"),
    ],
)
def test_refused(field, value, code):
    with pytest.raises(RecordError) as caught:
        accept(field, value)
    assert (caught.value.code, caught.value.fields) == (code, ["F__c"])


def test_booleans_are_given_back_as_booleans():
    assert give(of("boolean"), 1) is True
    assert give(of("double"), 5.0) == 5.0
