"""Gini of load."""

from __future__ import annotations

import pytest

from crm_sync.matching.spread import gini
from tests.unit.matching.towns import DISPUTE, Ref, bit, town


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
