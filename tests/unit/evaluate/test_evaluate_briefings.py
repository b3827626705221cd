"""A briefing counts until a later version has asked for a new acknowledgement and its day is over; unknown never counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from crm_sync.program import Program, Template, Templates

TODAY = date(2026, 11, 2)


def material(program: Program, **changes: Any) -> Program:
    """The shipped program with a second version of the briefing for calls that asks for a new acknowledgement."""
    first = next(text for text in program.templates.versions if text.name == "briefing_talk.1")
    given = {"version": 2, "effective_from": TODAY - timedelta(days=20), "acknowledge_by": TODAY - timedelta(days=1)}
    second = Template(**{**first.model_dump(), **given, **changes})
    return replace(program, templates=Templates((*program.templates.versions, second), program.templates.languages))


@pytest.mark.parametrize(
    ("changes", "counts", "not_counts"),
    [
        (
            {},
            ("briefing_talk.2", "Briefing_Talk.2", "briefing_talk.1, briefing_talk.2;briefing_publish.1"),
            ("briefing_talk.1", "briefing_talk.22", "briefing 2025.2", "", None),
        ),
        ({"retired_on": TODAY}, ("briefing_talk.2",), ("briefing_talk.1", None)),
        ({"acknowledge_by": TODAY}, ("briefing_talk.1", None), ()),
        ({"acknowledge_by": None}, ("briefing_talk.1", None), ()),
        ({"approved_by": None, "approved_on": None}, ("briefing_talk.1", None), ()),
        ({"effective_from": TODAY + timedelta(days=1), "acknowledge_by": TODAY + timedelta(days=1)}, (None,), ()),
    ],
)
def test_whose_briefing_counts(
    together: Any, program: Program, changes: dict[str, Any], counts: tuple[Any, ...], not_counts: tuple[Any, ...]
) -> None:
    notes: dict[Any, Any] = {noted: partial(_noted, noted) for noted in (*counts, *not_counts)}
    for noted, look in together(notes, material(program, **changes)).items():
        assert ("briefed" not in look.blocking()) is (noted in counts), noted
        assert "briefed" not in look.blocking(reference_type="quote"), "another kind of reference has another briefing"


def _noted(noted: str | None, customer: Any) -> None:
    customer.put("profile", "ada_profile", briefing_version=noted)


def test_an_acknowledgement_is_of_the_kinds_that_are_listed(customer: Any, program: Program) -> None:
    customer.put("profile", "ada_profile", briefing_version="briefing_talk.2", briefed_types=["quote"])
    assert customer.look(material(program)).blocking()["briefed"] == "false"


def test_a_version_that_cannot_be_read_is_not_known_where_it_decides(customer: Any, program: Program) -> None:
    customer.put("profile", "ada_profile", briefing_version="briefing_talk.2")
    hidden = customer.look(material(program), unreadable=frozenset({("profile", "briefing_version")}))
    assert hidden.blocking()["briefed"] == "unknown"
    assert "briefed" not in hidden.blocking(reference_type="quote")
    assert "briefed" not in customer.look(unreadable=frozenset({("profile", "briefing_version")})).blocking()


def test_of_two_profiles_of_a_contact_both_have_to_be_briefed(customer: Any, program: Program) -> None:
    customer.put("profile", "ada_profile", briefing_version="briefing_talk.2")
    second = {**customer.rows["profile"]["ada_profile"], "briefing_version": "briefing_talk.1"}
    del second["id"]
    customer.put("profile", "zweites", **second)
    assert customer.look(material(program)).blocking()["briefed"] == "false"
