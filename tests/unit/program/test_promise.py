"""The promise: every cap that holds for a person, in words, and nothing that another one already says."""

from __future__ import annotations

from typing import Any

import pytest

from crm_sync.program import Cap, Program, Tolerance
from crm_sync.program.promise import Clause, in_words, promise

CALLS = {"id": "calls", "text": "x", "per": "person", "counts": ("call",), "measure": "uses"}
ANY = CALLS | {"id": "any", "counts": "all"}
EFFORT = ANY | {"id": "effort", "measure": "effort"}
COMPANY = CALLS | {"id": "company", "per": "account"}


def tolerance(program: Program, *caps: dict[str, Any]) -> Tolerance:
    return program.tolerance.model_copy(update={"caps": tuple(Cap(**cap) for cap in caps)})


def told(program: Program, kind: str, *caps: dict[str, Any], **own: float | None) -> tuple[str, ...]:
    words = program.outreach.languages["English"]
    return in_words(promise(tolerance(program, *caps), kind, own), words)


def test_the_shipped_caps_in_words(program: Program) -> None:
    words = program.outreach.languages["English"]
    assert in_words(promise(program.tolerance, "call", {}), words) == (
        "at most 2 reference calls in any 90 days",
        "at most 8 reference calls in any 365 days",
        "at most 3 reference calls with your company as a whole in any 90 days",
        "at most 3 requests of any kind in any 182 days",
    )
    assert in_words(promise(program.tolerance, "case_study", {}), words) == (
        "at most 3 requests of any kind in any 182 days",
        "at most 2 case studies in any 365 days",
    )


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (None, "at most 2 reference calls in any 90 days"),
        (1.0, "at most 1 reference call in any 90 days"),
        (2.0, "at most 2 reference calls in any 90 days"),
        (5.0, "at most 2 reference calls in any 90 days"),
        (0.0, "at most 0 reference calls in any 90 days"),
        (1.9, "at most 1 reference call in any 90 days"),
        (-1.0, "at most 0 reference calls in any 90 days"),
    ],
)
def test_the_persons_own_limit_wins_when_it_is_lower(program: Program, own: float | None, said: str) -> None:
    assert told(program, "call", CALLS | {"limit": 2, "window_days": 90}, calls=own) == (said,)


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        ((CALLS, 2, 90), (CALLS, 8, 365), [(2, 90), (8, 365)]),
        ((CALLS, 1, 90), (CALLS, 8, 365), [(1, 90)]),
        ((CALLS, 1, 90), (CALLS, 5, 365), [(1, 90)]),
        ((CALLS, 1, 90), (CALLS, 4, 365), [(1, 90), (4, 365)]),
        ((CALLS, 2, 90), (ANY, 1, 182), [(1, 182)]),
        ((CALLS, 2, 90), (ANY, 1, 30), [(2, 90), (1, 30)]),
        ((ANY, 2, 90), (CALLS, 2, 90), [(2, 90)]),
        ((CALLS, 2, 90), (COMPANY, 2, 90), [(2, 90)]),
        ((CALLS, 2, 90), (COMPANY, 3, 90), [(2, 90), (3, 90)]),
        ((CALLS, 2, 90), (EFFORT, 10, 365), [(2, 90)]),
        ((CALLS, 2, 90), (EFFORT, 3, 365), [(2, 90), (3, 365)]),
    ],
)
def test_what_another_limit_implies_is_left_out(
    program: Program, first: Any, second: Any, left: list[tuple[int, int]]
) -> None:
    caps = [kind | {"id": f"c{i}", "limit": n, "window_days": d} for i, (kind, n, d) in enumerate((first, second))]
    found = promise(tolerance(program, *caps), "call", {})
    assert [(clause.number, clause.days) for clause in found] == left
    assert [(c.number, c.days) for c in promise(tolerance(program, *reversed(caps)), "call", {})][::-1] == left


def test_the_company_binds_the_person_and_not_the_other_way_round() -> None:
    person, company = Clause(2, ("call",), 90, "person"), Clause(2, ("call",), 90, "account")
    assert company.implies(person)
    assert not person.implies(company)


def test_several_kinds_are_named_together(program: Program) -> None:
    published = CALLS | {"counts": ("quote", "logo", "case_study"), "limit": 2, "window_days": 30}
    assert told(program, "quote", published) == ("at most 2 quotes, uses of your logo or case studies in any 30 days",)
    assert told(program, "quote", published | {"limit": 1}) == (
        "at most 1 quote, use of your logo or case study in any 30 days",
    )
    assert told(program, "call", published) == ()


def test_effort_is_told_as_asks_of_this_kind(program: Program) -> None:
    effort = EFFORT | {"limit": 10, "window_days": 365}
    assert told(program, "recording", effort) == ("at most 3 recorded conversations in any 365 days",)
    assert told(program, "site_visit", effort) == ("at most 1 visit to your site in any 365 days",)
    assert told(program, "site_visit", effort, effort=9.99) == ("at most 0 visits to your site in any 365 days",)
