"""Those with nothing on record are judged apart when they are many; the answers are those of judging each by every rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_sync.evaluate import assess
from crm_sync.program import Criterion, Program
from tests.random_orgs import CONTACTS, NOON, Rows, orgs

IDLE = st.lists(
    st.builds(
        lambda contact, account, individual: (
            contact | {"account": account, "individual": individual, "email_key": None}
        ),
        CONTACTS,
        st.sampled_from(["acc0", "acc1", None, "gone"]),
        st.sampled_from([None, "gone", "ind1"]),
    ),
    min_size=1,
    max_size=4,
)
"""People of whom nothing is on record, some of an account or an individual that is not there."""

MIXED: tuple[dict[str, Any], ...] = (
    {"when": {"any": [{"fact": "account.region", "is": "EMEA"}, {"fact": "contact.nps", "above": 9}]}},
    {
        "when": {"not": {"all": [{"fact": "status", "is": "none"}, {"fact": "contact.nps", "below": 9}]}},
        "types": ["call"],
    },
    {"when": {"all": [{"fact": "type_approved", "known": True}, {"fact": "open_p1_p2_cases", "below": 1}]}},
    {"when": {"any": [{"fact": "days_to_renewal", "below": 90}, {"fact": "nps_age_days", "at_least": 100}]}},
    {"when": {"fact": "contact.nps", "known": False}, "weight": "scored", "points": 3},
)
"""Criteria over facts of different rows."""


def mixed(program: Program) -> Program:
    """Add criteria that ask contact, account and profile at once."""
    base = {"text": "t", "weight": "hard", "remedy": "r"}
    more = tuple(Criterion(**(base | {"id": f"mixed_{i}"} | given)) for i, given in enumerate(MIXED))
    criteria = program.qualification.criteria + more
    return replace(program, qualification=program.qualification.model_copy(update={"criteria": criteria}))


def without_health_system(program: Program) -> Program:
    """Take away the day since which health has held, so that it is kept on the profile."""
    account = program.mappings["account"]
    fields = {name: field for name, field in account.fields.items() if name != "healthy_since"}
    return replace(program, mappings={**program.mappings, "account": replace(account, fields=fields)})


@pytest.mark.parametrize("variant", [lambda program: program, mixed, without_health_system])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=orgs(), idle=IDLE)
def test_judged_apart_and_together_are_equal(
    program: Program, snapshot_of: Callable[..., Any], variant: Callable[[Program], Program], rows: Rows, idle: Any
) -> None:
    contacts = rows["contact"] + [contact | {"id": f"idle{index}"} for index, contact in enumerate(idle)]
    individuals = [*rows["individual"], {"id": "ind1", "forget": False, "no_processing": None, "no_solicit": True}]
    snapshot = snapshot_of(as_of=NOON, **{**rows, "contact": contacts, "individual": individuals})
    together = assess(snapshot, variant(program))
    expected = together.verdicts().table
    apart = replace(together, records=replace(together.records, many=True)).verdicts().table
    assert apart.column_names == expected.column_names
    assert apart.num_rows == len(contacts)
    assert apart.schema == expected.schema
    assert apart.sort_by("contact_id").equals(expected.sort_by("contact_id"))
