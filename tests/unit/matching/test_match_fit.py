"""Points of fit, part by part."""

from __future__ import annotations

import pytest

from tests.unit.matching.towns import Ref, ask, town

FULL = {"industry": 25, "use_case": 20, "size": 15, "product": 15, "geography": 10, "language": 5, "strength": 5}
PARTS = [
    (Ref("c1"), {}, {}),
    (Ref("c1", industry="Retail"), {}, {"industry": 0}),
    (Ref("c1", industry=None), {}, {"industry": 0}),
    (Ref("c1", industry=" healthcare"), {}, {}),
    (Ref("c1", industry="Retail"), {"industry": None}, {}),
    (Ref("c1", use_case="Compliance"), {}, {"use_case": 0}),
    (Ref("c1", use_case="Compliance", topics="I like to speak about service desks"), {}, {"use_case": 10}),
    (Ref("c1", topics="service"), {}, {}),
    (Ref("c1", employees=1000), {}, {"size": 7.5}),
    (Ref("c1", employees=199), {}, {"size": 7.5}),
    (Ref("c1", employees=5000), {}, {"size": 0}),
    (Ref("c1", employees=None), {}, {"size": 0}),
    (Ref("c1", employees=None), {"size": None}, {}),
    (Ref("c1", product="Mobile"), {}, {"product": 0}),
    (Ref("c1", region="APAC"), {}, {"geography": 0}),
    (Ref("c1", time_zone="Asia/Singapore"), {}, {"language": 2.5}),
    (Ref("c1", time_zone="Europe/London"), {}, {}),
    (Ref("c1", time_zone="Nowhere/Land"), {}, {"language": 2.5}),
    (Ref("c1", time_zone=None), {}, {}),
    (Ref("c1", time_zone=None, region=None), {}, {"language": 2.5, "geography": 0}),
    (Ref("c1", strength=100), {}, {"strength": 10}),
    (Ref("c1", strength=0), {}, {"strength": 0}),
]


@pytest.mark.parametrize(("ref", "wanted", "differs"), PARTS)
def test_parts(program, snapshot_of, ref, wanted, differs):
    candidate = town(program, snapshot_of, [ref], [ask(**wanted)]).slate().candidates[0]
    assert dict(candidate.parts) == FULL | differs
    assert candidate.score == sum((FULL | differs).values())


def test_what_the_request_leaves_open_comes_from_the_deal_and_the_prospect(program, snapshot_of):
    prospect = {"id": "Q", "industry": "Retail", "region": "APAC", "employees": 90, "competitive_set": "fashion"}
    deal = {"id": "O1", "account": "Q", "use_case": "Forecasting", "product": "Mobile"}
    request = ask(prospect=None, opportunity="O1", industry=None, use_case=None, product=None, region=None, size=None)
    ref = Ref("c1", industry="Retail", use_case="Forecasting", product="Mobile", region="APAC", employees=10)
    town_ = town(program, snapshot_of, [ref], [request], account=[prospect], opportunity=[deal])
    assert town_.slate().candidates[0].score == 95


@pytest.mark.parametrize("points", [34, 35, 36])
def test_below_the_minimum_nobody_is_offered(program, snapshot_of, points):
    rules = program.matching.model_copy(update={"minimum_score": points})
    strict = program.__class__(**{**vars(program), "matching": rules})
    ref = Ref("c1", industry="Retail", use_case="Compliance", employees=5000)  # 15 + 10 + 5 + 5
    assert bool(town(strict, snapshot_of, [ref], [ask()]).slate().candidates) is (points <= 35)
