"""Validation formulas mean what Salesforce means by them, blank values included."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from crm_sync.local_org import formula
from crm_sync.local_org.formula_functions import UnsupportedFormulaError


@dataclass(frozen=True)
class Record:
    """A record as formulas see it: values by path, and the values before."""

    values: dict[str, Any]
    before: dict[str, Any] | None = field(default=None)
    today = date(2026, 11, 20)
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    @property
    def is_new(self) -> bool:
        return self.before is None

    def read(self, path: str, prior: bool = False) -> Any:
        return (self.before if prior and self.before is not None else self.values).get(path)


RECORD = Record(
    {"N": 5.0, "Zero": 0.0, "T": "abc", "P": "One", "M": "a;b", "D": date(2026, 11, 22), "On": True, "A.B": "x"}
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3 - 10 / 4", 6.5),
        ("-N + 1", -4.0),
        ('"a" & "b" = "ab" && !FALSE', True),
        ("N > 4 || Missing > 1", True),
        ("AND(On, NOT(Missing), N >= 5, N <> 6)", True),
        ("Missing < 0", False),
        ("Missing = 0", False),
        ('MissingText = ""', True),
        ('T <> "abc"', False),
        ('ISPICKVAL(P, "One")', True),
        ('ISPICKVAL(Missing, "")', True),
        ('INCLUDES(M, "b")', True),
        ("ISBLANK(Missing)", True),
        ("ISBLANK(Zero)", False),
        ("LEN(T) = 3", True),
        ("LEN(Missing)", 0.0),
        ("TEXT(N)", "5"),
        ('IF(N > 3, "big", "small")', "big"),
        ('CASE(P, "Two", 2, "One", 1, 0)', 1.0),
        ("D - TODAY()", 2.0),
        ("TODAY() + 2 = D", True),
        ("D < TODAY()", False),
        ('A.B = "x" /* a comment */', True),
        ('REGEX(T, "[a-c]+")', True),
        ('"say \\"hi\\""', 'say "hi"'),
        ("BLANKVALUE(Missing, 7)", 7.0),
    ],
)
def test_values(text, value):
    assert formula.parse(text).value(RECORD) == value


def test_changes_are_none_on_new_records():
    changed = formula.parse("ISCHANGED(N)")
    assert not changed.value(RECORD)
    assert changed.value(Record({"N": 5.0}, {"N": None}))
    assert not changed.value(Record({"N": 5.0}, {"N": 5.0}))
    assert formula.parse("PRIORVALUE(N) < N").value(Record({"N": 5.0}, {"N": 4.0}))
    assert formula.parse("ISNEW()").value(RECORD)


@pytest.mark.parametrize("text", ["VLOOKUP(A, B, C)", "1 +", "(1", "1 ~ 2", "1 2", "AND(1"])
def test_what_is_not_known_is_refused(text):
    with pytest.raises(UnsupportedFormulaError):
        formula.parse(text)
