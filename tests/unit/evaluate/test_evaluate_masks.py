"""Each rule answers for itself, whatever it is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crm_sync.evaluate.gates import gates
from crm_sync.program import Program


def called(program: Program, criterion_id: str, name: str) -> Program:
    """Give one criterion another id."""
    criteria = tuple(
        one.model_copy(update={"id": name}) if one.id == criterion_id else one for one in program.qualification.criteria
    )
    return replace(program, qualification=program.qualification.model_copy(update={"criteria": criteria}))


@pytest.mark.parametrize("gate", ["consent_call", "cap_calls_quarter_1000", "rest_after_call_any", "uncapped"])
def test_a_criterion_called_like_a_gates_column_is_still_asked(customer: Any, program: Program, gate: str) -> None:
    known = {column for one in gates(program) for column in one.columns.values()} | {"uncapped"}
    assert gate in known
    customer.put("profile", "ada_profile", paused=True)
    look = customer.look(called(program, "not_paused", gate))
    assert look.standing() == "blocked"
    assert look.blocking() == {gate: "false"}
