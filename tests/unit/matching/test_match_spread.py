"""Gini of load."""

from __future__ import annotations

import pytest

from crm_sync.matching.spread import gini
from tests.unit.matching.towns import DISPUTE, Ref, ask, bit, town


@pytest.mark.parametrize(
    ("load", "expected"),
    [([], 0), ([0, 0], 0), ([3, 3, 3], 0), ([0, 0, 0, 4], 0.75), ([4, 0, 0, 0], 0.75), ([1, 2, 3], 2 / 9)],
)
def test_gini(load, expected):
    assert gini(load) == pytest.approx(expected)


def test_those_at_their_limit_count_and_those_who_may_not_be_asked_do_not(program, snapshot_of):
    full = dict.fromkeys(program.types, bit(program, "tolerance.effort_year"))
    out = dict.fromkeys(program.types, DISPUTE)
    refs = [Ref("c1", effort=10, failed=full), Ref("c2"), Ref("c3", effort=50, failed=out)]
    assert town(program, snapshot_of, refs, []).match().gini == pytest.approx(0.5)
    held = [{"contact_id": "c2", "request_id": None, "reference_type": "site_visit"}]
    assert town(program, snapshot_of, refs, [], held=held).match().gini == pytest.approx(0)


@pytest.mark.parametrize(("fitting", "fresh"), [({}, {}), ({"strength": 100}, {"strength": 0})])
def test_of_two_who_were_used_as_often_the_one_who_gave_less_is_recommended(program, snapshot_of, fitting, fresh):
    refs = [Ref("c1", effort=5, **fitting), Ref("c2", effort=1, **fresh)]
    slate = town(program, snapshot_of, refs, [ask()]).slate()
    assert [one.contact_id for one in slate.candidates] == ["c2", "c1"]
    assert slate.candidates[0].recommended
    assert slate.candidates[1].reasons[-1] == (
        "Not used in the last 180 days, 5 effort points in a year: ranked 75 points lower for it."
    )


def test_however_much_somebody_gave_a_request_is_rather_filled(program, snapshot_of):
    slate = town(program, snapshot_of, [Ref("c1", effort=1000, used=9, strength=0)], [ask()]).slate()
    assert [one.recommended for one in slate.candidates] == [True]
