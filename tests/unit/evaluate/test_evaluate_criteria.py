"""Conditions in three-valued logic, beside a second, plain reading of what they mean; and the limits of a mask."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.errors import ConfigurationError
from crm_sync.evaluate.criteria import compile_condition, healthy_from, rules
from crm_sync.evaluate.openings import opening
from crm_sync.evaluate.wording import required
from crm_sync.program import Program
from crm_sync.program.conditions import All, Any_, Not_, Test

NUMBERS = [None, 0.0, 5.0, 9.0]
WORDS = [None, "a", "b"]
LISTS = [None, [], ["a"], ["a", "b"]]
ROWS = [{"n": n, "w": w, "l": items} for n in NUMBERS for w in WORDS for items in LISTS]
TABLE = pa.Table.from_pylist(
    ROWS, schema=pa.schema([("n", pa.float64()), ("w", pa.string()), ("l", pa.list_(pa.string()))])
)


def number_tests() -> st.SearchStrategy[Any]:
    names = st.sampled_from(["is", "is_not", "at_least", "at_most", "above", "below"])
    return st.builds(lambda name, value: Test(**{"fact": "n", name: value}), names, st.sampled_from([0, 5, 7, 9]))


def list_tests() -> st.SearchStrategy[Any]:
    pairs = [("w", "one_of"), ("w", "none_of"), ("l", "has_any"), ("l", "has_all")]
    values = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=2)
    return st.builds(lambda pair, value: Test(**{"fact": pair[0], pair[1]: value}), st.sampled_from(pairs), values)


KNOWN = st.builds(lambda fact, value: Test(fact=fact, known=value), st.sampled_from(["n", "w", "l"]), st.booleans())
CONDITIONS = st.recursive(
    number_tests() | list_tests() | KNOWN,
    lambda part: st.one_of(
        st.lists(part, min_size=1, max_size=3).map(lambda parts: All(all=tuple(parts))),
        st.lists(part, min_size=1, max_size=3).map(lambda parts: Any_(any=tuple(parts))),
        part.map(lambda one: Not_(not_=one)),
    ),
    max_leaves=6,
)


def plainly(condition: Any, row: dict[str, Any]) -> bool | None:
    """What a condition means, written as a person would read it."""
    match condition:
        case All():
            parts = [plainly(part, row) for part in condition.all]
            return False if False in parts else None if None in parts else True
        case Any_():
            parts = [plainly(part, row) for part in condition.any]
            return True if True in parts else None if None in parts else False
        case Not_():
            inner = plainly(condition.not_, row)
            return None if inner is None else not inner
    value, wanted = row[condition.fact], condition.threshold_for("call")
    if condition.operator == "known":
        return (value is not None) is wanted
    if value is None:
        return None
    return {
        "is": lambda: value == wanted,
        "is_not": lambda: value != wanted,
        "at_least": lambda: value >= wanted,
        "at_most": lambda: value <= wanted,
        "above": lambda: value > wanted,
        "below": lambda: value < wanted,
        "one_of": lambda: value in wanted,
        "none_of": lambda: value not in wanted,
        "has_any": lambda: any(one in value for one in wanted),
        "has_all": lambda: all(one in value for one in wanted),
    }[condition.operator]()


@settings(max_examples=60, deadline=None)
@given(condition=CONDITIONS)
def test_conditions_mean_what_they_say(condition: Any) -> None:
    program: Any = _NO_FACTS
    connection = duckdb.connect(":memory:")
    connection.register("t", TABLE)
    known = ", ".join(f'{name} IS NOT NULL AS "known {name}"' for name in TABLE.column_names)
    frame: Any = nw.from_native(connection.sql(f"SELECT *, {known} FROM t"))
    found = frame.select(compile_condition(condition, "call", program).alias("x")).to_native().to_arrow_table()
    assert found["x"].to_pylist() == [plainly(condition, row) for row in ROWS]
    assert required(condition, "call", program)


_NO_FACTS = SimpleNamespace(facts={})


def test_days_and_moments_are_compared_as_such(program: Program) -> None:
    after = Test(fact="contact.nps_on", after="2026-01-01")
    frame: Any = nw.from_native(
        duckdb.sql("SELECT DATE '2026-01-02' AS \"contact.nps_on\" UNION ALL SELECT DATE '2026-01-01' ORDER BY 1")
    )
    found = frame.select(compile_condition(after, "call", program).alias("x")).to_native().to_arrow_table()
    assert found["x"].to_pylist() == [False, True]
    moment = Test(fact="profile.created_at", before="2026-01-01T12:00:00")
    frame = nw.from_native(duckdb.sql("SELECT TIMESTAMP '2026-01-01 11:59:00' AS \"profile.created_at\""))
    found = frame.select(compile_condition(moment, "call", program).alias("x")).to_native().to_arrow_table()
    assert found["x"].to_pylist() == [True]


def test_every_rule_has_a_bit_of_its_own(program: Program) -> None:
    ids = [rule.ref.id for rule in rules(program)]
    assert len(set(ids)) == len(ids)
    assert ids[-1] == "blackout"
    assert {"consent", "tolerance.effort_year", "cooldown.after_decline"} <= set(ids)
    assert "cooldown.same_audience" not in ids


def test_more_rules_than_a_mask_holds_are_refused(program: Program) -> None:
    first = program.qualification.criteria[0]
    many = tuple(first.model_copy(update={"id": f"c{index}"}) for index in range(60))
    crowded = replace(program, qualification=program.qualification.model_copy(update={"criteria": many}))
    with pytest.raises(ConfigurationError, match="at most 62"):
        rules(crowded)


def test_the_lowest_healthy_score(program: Program) -> None:
    assert healthy_from(program) == 75.0


@pytest.mark.parametrize(
    ("given", "opens"),
    [
        ({"fact": "health_sustained_days", "at_least": 90}, "(health_since + 90)"),
        ({"fact": "health_sustained_days", "above": 90}, "(health_since + 91)"),
        ({"fact": "health_sustained_days", "at_most": 90}, None),
        ({"fact": "days_to_renewal", "below": 0}, "(renewal_on - (-1))"),
        ({"fact": "days_to_renewal", "at_most": 30}, "(renewal_on - (30))"),
        ({"fact": "days_to_renewal", "above": 30}, None),
        ({"fact": "account.health_score", "at_least": 75}, None),
    ],
)
def test_what_time_alone_opens(program: Program, given: dict[str, Any], opens: str | None) -> None:
    rule = rules(program)[0]
    assert rule.criterion is not None
    asked = replace(rule, criterion=rule.criterion.model_copy(update={"when": Test(**given)}))
    assert opening(asked, program, "call") == opens


def test_a_combination_of_all_promises_no_day(program: Program) -> None:
    rule = rules(program)[0]
    assert rule.criterion is not None
    when = All(all=(Test(fact="health_sustained_days", at_least=90),))
    asked = replace(rule, criterion=rule.criterion.model_copy(update={"when": when}))
    assert opening(asked, program, "call") is None
