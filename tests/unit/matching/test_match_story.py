"""The whole of matching on small towns: who is recommended, who stands next, and what is said."""

from __future__ import annotations

from datetime import date

from tests.unit.matching.towns import Ref, ask, recommended, town


def test_the_best_fit_is_recommended_and_the_rest_stand_in_line(program, snapshot_of):
    refs = [Ref("c1", industry="Retail"), Ref("c2"), Ref("c3", use_case="Forecasting", region="APAC")]
    slate = town(program, snapshot_of, refs, [ask()]).slate()
    assert slate.verdict == "matched"
    assert [(one.contact_id, one.rank, one.recommended) for one in slate.candidates] == [
        ("c2", 1, True), ("c1", 2, False), ("c3", 3, False)
    ]  # fmt: skip
    assert slate.candidates[0].score == 95
    assert sum(slate.candidates[0].parts.values()) == 95
    assert slate.why[0] == "3 references are proposed, the best first."


def test_golden_words(program, snapshot_of):
    refs = [
        Ref("c1", strength=80, used=1),
        Ref("c2", languages=("German",)),
        Ref("c3", competitive_set="Retail Banking "),
        Ref("c4", parent="A c3"),
        Ref("c5", industry="Retail", use_case="Forecasting", region="APAC", product="Mobile", employees=9000),
        Ref("c6", avoid_topics="Pricing; service"),
    ]
    slate = town(program, snapshot_of, refs, [ask()]).slate()
    assert slate.candidates[0].reasons == (
        "Same industry (Healthcare), same use case (Service), same company size (medium), same product (Core), "
        "same region (EMEA).",
        "Speaks English.",
        "Strength 80 of 100 as a reference.",
        "Used 1 time in the last 180 days.",
    )
    assert slate.why == (
        "1 reference is proposed.",
        "Of 6 references who may be asked for a call: 2 at a competitor of the prospect; 1 without English; "
        "1 wishing to avoid the topic; 1 with too little in common with the request; 1 suitable.",
    )


def test_two_requests_share_one_favourite(program, snapshot_of):
    refs = [Ref("c1"), Ref("c2", industry="Retail")]
    requests = [ask("R1"), ask("R2", industry="Retail", use_case="Forecasting")]
    slates = town(program, snapshot_of, refs, requests).slates()
    assert (recommended(slates["R1"]), recommended(slates["R2"])) == ("c1", "c2")


def test_late_is_said_with_the_earliest_honest_date(program, snapshot_of):
    town_ = town(program, snapshot_of, [Ref("c1")], [ask(needed_by=date(2026, 3, 13))])
    slate = town_.slate()
    assert slate.verdict == "late"
    assert slate.earliest_on == date(2026, 3, 18)
    assert slate.candidates == ()
    assert "The earliest honest date is 2026-03-18." in slate.why[0]


def test_nobody_asks_for_anything(program, snapshot_of):
    matches = town(program, snapshot_of, [Ref("c1")], []).match()
    assert (matches.slates, matches.objective, matches.bound, matches.gini) == ((), 0, 0, 0.0)


def test_no_references_at_all(program, snapshot_of):
    slate = town(program, snapshot_of, [], [ask()]).slate()
    assert (slate.verdict, slate.candidates) == ("unfilled", ())
    assert "Nobody may be asked for a call at present." in slate.why
