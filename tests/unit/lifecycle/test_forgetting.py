"""Tables without somebody: nothing that leads to them is left, and nothing of anybody else is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.lifecycle.forgetting import ABOUT, BESIDE, on_legal_hold, traces, without
from crm_sync.program import Program

GONE = (*(f"003Lo000000{n:04d}AAA" for n in range(3)), "e" * 32)
STAY = (*(f"003Lo000001{n:04d}AAA" for n in range(3)), "f" * 32)
KINDS = ("contact", "merged_contact", "profile", "activity", "people", "escalation", "case", "request", "account")
MARKED = frozenset(one for text in GONE for one in traces(text))
IDS = st.sampled_from([None, *GONE, *STAY, *(one[:15] for one in (*GONE[:3], *STAY[:3]))])
TEXTS = st.builds("{} about {}".format, st.sampled_from(["", "note", "refused:"]), IDS) | st.just("nothing to see")
ROWS = st.lists(st.tuples(IDS, IDS, TEXTS | IDS, st.booleans()), max_size=6)


def forgotten(text: str) -> bool:
    return not MARKED.isdisjoint(traces(text))


def table(rows: list[tuple[Any, ...]]) -> pa.Table:
    ids = [f"a00Lo00000{n:05d}AAA" for n in range(len(rows))]
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    kinds = (pa.string(), pa.string(), pa.string(), pa.bool_())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    return pa.table([pa.array(ids, pa.string()), *arrays], names=["id", "contact", "other", "evidence", "open"])


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(KINDS), rows=ROWS)
def test_nothing_leads_to_them_and_everything_else_stays(kind: str, rows: list[tuple[Any, ...]]) -> None:
    before = table(rows)
    after = without(kind, before, forgotten)
    assert not MARKED.intersection(one for text in str(after.to_pylist()).split("'") for one in traces(text))
    kept = {row["id"]: row for row in after.to_pylist()}
    for row in before.to_pylist():
        texts = [row["contact"], row["other"], row["evidence"]]
        is_own = kind.removeprefix("merged_") in ABOUT and any(
            text and forgotten(text) and text.isalnum() for text in texts
        )
        assert (row["id"] not in kept) is is_own
        if not any(text and forgotten(text) for text in texts):
            assert kept[row["id"]] == row
    assert after.schema == before.schema
    if not any(forgotten(text) for row in rows for text in row[:3] if text):
        assert after is before


@pytest.mark.parametrize("column", BESIDE["escalation"])
def test_what_was_written_beside_a_mention_goes_with_it(column: str) -> None:
    rows = [
        {"id": "e1", "contact": GONE[0], column: "Ann was cross"},
        {"id": "e2", "contact": STAY[0], column: "Bob was"},
    ]
    after = without("escalation", pa.Table.from_pylist(rows), forgotten).to_pylist()
    assert after == [{"id": "e1", "contact": None, column: None}, rows[1]]


def test_of_a_request_s_candidates_only_they_go() -> None:
    text = f'[["{GONE[0]}", 1, 80.0, true], ["{STAY[0]}", 2, 70.0, false]]'
    rows = [{"request_id": "r1", "candidates": text}, {"request_id": "r2", "candidates": "[]"}]
    after = without("requests", pa.Table.from_pylist(rows), forgotten).to_pylist()
    assert after == [{"request_id": "r1", "candidates": f'[["{STAY[0]}", 2, 70.0, false]]'}, rows[1]]


def test_those_on_legal_hold_stay_or_who_may_be_and_only_if_the_rules_say_so(
    snapshot_of: Any, program: Program
) -> None:
    accounts = [{"id": f"001{n}", "legal_hold": hold} for n, hold in enumerate((True, False, None))]
    people = [{"id": f"003{n}", "account": f"001{n}"} for n in range(3)]
    made, asked = snapshot_of(account=accounts, contact=people), ["0030", "0031", "0032"]
    assert on_legal_hold(made, program, asked) == {"0030", "0032"}
    assert on_legal_hold(made, program, asked[1:2]) == frozenset()
    lax = replace(program, retention=program.retention.model_copy(update={"legal_hold_stops_disposal": False}))
    assert on_legal_hold(made, lax, asked) == frozenset()


@pytest.mark.parametrize(("hold", "held"), [(True, {"0031"}), (None, {"0031"}), (False, set())])
def test_an_account_takes_over_the_hold_of_what_was_merged_into_it(
    snapshot_of: Any, program: Program, hold: bool | None, held: set[str]
) -> None:
    made = snapshot_of(
        account=[{"id": f"001{n}", "legal_hold": False} for n in range(2)],
        contact=[{"id": f"003{n}", "account": f"001{n}"} for n in range(2)],
    )
    losers = pa.table(
        {"id": ["0018", "0019"], "master_record": ["0011", "0018"], "legal_hold": pa.array([False, hold], pa.bool_())}
    )
    made = replace(made, tables={**made.tables, "merged_account": losers})
    assert on_legal_hold(made, program, ["0030", "0031"]) == held
