"""The funnel: everybody counted once at each step, and each criterion with whom it stops, alone or among others."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

import pytest

from crm_sync.entrypoints.cli import output, show_funnel
from crm_sync.evaluate import assess, evaluate
from crm_sync.program import Program
from crm_sync.reporting import Funnel, funnel
from crm_sync.reporting.funnel import Stop
from tests.reference_town import ALL_TYPES, Town


@pytest.fixture
def town(snapshot_of: Any, program: Program) -> Town:
    return Town(snapshot_of, program)


def counted(town: Town, kind: str = "call") -> Funnel:
    snapshot = town.snapshot()
    return funnel(snapshot, evaluate(snapshot, town.program), town.program)[kind]


def steps(found: Funnel) -> tuple[int, ...]:
    return tuple(value for value in asdict(found).values() if isinstance(value, int))


def mixed(town: Town) -> Town:
    """Two who may be asked, and one stopped by each of several things."""
    town.reference("ann")
    town.reference("bob", uses=("call", "quote"))
    town.reference("no consent", uses=())
    town.reference("disputed", in_dispute=True)
    town.reference("two things", in_dispute=True, uses=())
    town.reference("unsure", nps=None)
    town.reference("candidate", status="candidate")
    town.reference("prospect's", profile=False, uses=())
    town.reference("unhealthy", profile=False, uses=(), health_score=20.0)
    return town


def test_how_many_are_left_after_each_step(town: Town) -> None:
    assert steps(counted(mixed(town))) == (9, 5, 3, 6, 2)
    assert steps(counted(town, "quote")) == (9, 5, 1, 6, 1)


def test_what_stops_people_before_they_are_references(town: Town) -> None:
    found = counted(mixed(town))
    assert found.before == (Stop("no_dispute", 2, 0, 2), Stop("health_level", 1, 0, 1), Stop("nps_level", 0, 1, 1))


def test_what_stops_active_references(town: Town) -> None:
    found = counted(mixed(town))
    assert found.now == (
        Stop("no_dispute", 2, 0, 1), Stop("consent", 2, 0, 1), Stop("nps_level", 0, 1, 1),
    )  # fmt: skip
    assert found.active - found.askable == 4


def test_limits_stop_those_who_give_too_much(town: Town) -> None:
    town.reference("ann")
    town.used("ann", date(2026, 3, 1))
    found = counted(town)
    assert (steps(found), {one.rule: one.alone for one in found.now}) == ((1, 1, 1, 1, 0), {"cooldown.after_call": 1})


def test_somebody_with_two_contact_records_counts_once(town: Town) -> None:
    for name in ("ann", "twin"):
        town.reference(name, profile=name == "twin")
        town.rows["contact"][-1]["email_key"] = "ann@example.com"
    assert steps(counted(town)) == (1, 1, 1, 1, 1)


def test_nobody(town: Town) -> None:
    assert counted(town) == Funnel(0, 0, 0, 0, 0, (), ())


def test_it_agrees_with_the_reasons_of_each_person(town: Town) -> None:
    snapshot = mixed(town).snapshot()
    explained = assess(snapshot, town.program).explain_all(snapshot.tables["contact"]["id"].to_pylist())
    active = [row["contact"] for row in snapshot.tables["profile"].to_pylist() if row["status"] == "active"]
    for kind, found in funnel(snapshot, evaluate(snapshot, town.program), town.program).items():
        blocking = [{r.rule_id: r.truth for r in explained[who][kind].reasons if r.blocks} for who in active]
        assert found.askable == sum(not one for one in blocking)
        assert {stop.rule for stop in found.now} == {rule for one in blocking for rule in one}
        for stop in found.now:
            truths = [one.get(stop.rule) for one in blocking]
            alone = sum(set(one) == {stop.rule} for one in blocking)
            assert (stop.failed, stop.unknown, stop.alone) == (truths.count("false"), truths.count("unknown"), alone)
        assert list(found.now) == sorted(found.now, key=lambda one: -one.people)


class TestShown:
    def shown(self, town: Town, *, every: bool = False) -> str:
        snapshot = town.snapshot()
        with output.out.capture() as said:
            show_funnel.show_funnel(funnel(snapshot, evaluate(snapshot, town.program), town.program), every=every)
        return said.get()

    def test_steps_and_stops_side_by_side(self, town: Town) -> None:
        lines = [" ".join(line.split()) for line in self.shown(mixed(town), every=True).splitlines()]
        assert "call quote logo recording case study site visit" in lines
        assert "may be asked now 2 1 0 0 0 0" in lines
        assert any(line.startswith("nps level 0 +1?, only 1 ") for line in lines)
        assert any(line.startswith("consent 2, only 1 5, only 2 ") for line in lines)

    def test_before_the_first_reference(self, town: Town) -> None:
        town.reference("ann", profile=False, uses=())
        shown = self.shown(town)
        assert "There is no active reference yet." in shown
        assert "What keeps" not in shown

    def test_the_largest_alone_unless_all_are_asked_for(self, town: Town) -> None:
        town.reference("ann", uses=(), in_dispute=True, legal_hold=True, health_score=1.0, health_trend="falling", nps=1.0,
                       churn_risk="high", left_company=True, opted_out=True, implementation_stage="pilot", paused=True)  # fmt: skip
        town.reference("bob", uses=tuple(ALL_TYPES), in_dispute=True)
        few, every = self.shown(town), self.shown(town, every=True)
        assert "more criteria (all of them: --all)" in few
        assert "more criteria" not in every
        assert few.index("no dispute") < few.index("health level")
