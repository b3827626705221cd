"""The whole of matching on small towns: who is recommended, who stands next, and what is said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.unit.matching.towns import TODAY, Ref, ask, bit, recommended, town


def test_the_best_fit_is_recommended_and_the_rest_stand_in_line(program, snapshot_of):
    refs = [Ref("c1", industry="Retail"), Ref("c2"), Ref("c3", use_case="Forecasting", region="APAC")]
    slate = town(program, snapshot_of, refs, [ask()]).slate()
    assert slate.verdict == "matched"
    assert [(one.contact_id, one.rank, one.recommended) for one in slate.candidates] == [
        ("c2", 1, True),
        ("c1", 2, False),
        ("c3", 3, False),
    ]
    assert slate.candidates[0].score == 95
    assert sum(slate.candidates[0].parts.values()) == 95
    assert slate.why[0] == "3 references are proposed, the best first."


GOLDEN_REASONS = """\
Same industry (Healthcare), same use case (Service), same company size (medium), same product (Core), same region (EMEA).
Speaks English.
Strength 80 of 100 as a reference.
Used 1 time in the last 180 days: ranked 20 points lower for it."""

GOLDEN_WHY = """\
1 reference is proposed.
Of 6 references who may be asked for a call: 2 at a competitor of the prospect; 1 without English; \
1 wishing to avoid the topic; 1 with too little in common with the request; 1 suitable."""


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
    assert slate.candidates[0].reasons == tuple(GOLDEN_REASONS.split("\n"))
    assert slate.why == tuple(GOLDEN_WHY.split("\n"))


def test_two_requests_share_one_favourite(program, snapshot_of):
    refs = [Ref("c1"), Ref("c2", industry="Retail")]
    requests = [ask("R1"), ask("R2", industry="Retail", use_case="Forecasting")]
    slates = town(program, snapshot_of, refs, requests).slates()
    assert (recommended(slates["R1"]), recommended(slates["R2"])) == ("c1", "c2")


def test_a_greedy_first_come_would_leave_the_second_request_empty(program, snapshot_of):
    """R1 comes first and would take c1, the only one who speaks German; jointly both are served."""
    refs = [Ref("c1", languages=("English", "German"), strength=100), Ref("c2")]
    slates = town(program, snapshot_of, refs, [ask("R1"), ask("R2", language="German")]).slates()
    assert (recommended(slates["R1"]), recommended(slates["R2"])) == ("c2", "c1")


def test_load_is_a_price_and_never_a_bonus(program, snapshot_of):
    refs = [Ref("c1", used=1), Ref("c2", strength=20)]
    slate = town(program, snapshot_of, refs, [ask()]).slate()
    assert recommended(slate) == "c2"
    assert {one.contact_id: one.score for one in slate.candidates} == {"c1": 95, "c2": 92}


def test_load_does_not_outweigh_a_much_better_fit(program, snapshot_of):
    slate = town(program, snapshot_of, [Ref("c1", used=1), Ref("c2", industry="Retail")], [ask()]).slate()
    assert recommended(slate) == "c1"


def test_the_matches_are_proven_and_spread_is_measured(program, snapshot_of):
    matches = town(program, snapshot_of, [Ref("c1"), Ref("c2")], [ask()]).match()
    assert matches.objective == matches.bound == 950 + 4000  # the fit, and four perfect fits for filling it, in tenths
    assert matches.gini == pytest.approx(0.5)


def test_nobody_asks_for_anything(program, snapshot_of):
    matches = town(program, snapshot_of, [Ref("c1")], []).match()
    assert (matches.slates, matches.objective, matches.bound, matches.gini) == ((), 0, 0, 0.0)


def test_no_references_at_all(program, snapshot_of):
    slate = town(program, snapshot_of, [], [ask()]).slate()
    assert (slate.verdict, slate.candidates) == ("unfilled", ())
    assert "Nobody may be asked for a call at present." in slate.why


def test_a_request_without_a_type_says_what_to_do(program, snapshot_of):
    slate = town(program, snapshot_of, [Ref("c1")], [ask(type=None)]).slate()
    assert slate.verdict == "unfilled"
    assert slate.why == ("It is not recorded what kind of reference is needed; choose one.",)


def test_somebody_whose_last_use_is_promised_is_no_alternate_elsewhere(program, snapshot_of):
    refs = [Ref("c1", left={"activations_half_year": 1}), Ref("c2", industry="Retail", languages=("German",))]
    slates = town(program, snapshot_of, refs, [ask("R1"), ask("R2", language=None, industry="Retail")]).slates()
    assert [one.contact_id for one in slates["R2"].candidates] == ["c2"]


def test_cautions_for_the_owner(program, snapshot_of):
    ref = Ref("c1", caution=bit(program, "churn_watch"), competitive_set=None, owner="U2")
    slate = town(program, snapshot_of, [ref], [ask()], user=[{"id": "U2", "active": False}]).slate()
    assert slate.candidates[0].cautions == (
        "Not so: The account is not on the churn watch list. The account owner approves knowingly.",
        "It is not known whether this customer competes with the prospect; find out before asking.",
        "Nobody active owns this customer; find out who may approve.",
    )


NOTICE = [
    ("call", 2026, 3, 13, "late", "2026-03-18"),
    ("call", 2026, 3, 17, "late", "2026-03-18"),
    ("call", 2026, 3, 18, "matched", None),
    ("quote", 2026, 3, 24, "late", "2026-03-25"),
    ("quote", 2026, 3, 25, "matched", None),
    ("site_visit", 2026, 4, 21, "late", "2026-04-22"),
    ("site_visit", 2026, 4, 22, "matched", None),
]


@pytest.mark.parametrize(("kind", "year", "month", "day", "verdict", "earliest"), NOTICE)
def test_late_or_in_time(program, snapshot_of, kind, year, month, day, verdict, earliest):
    slate = town(program, snapshot_of, [Ref("c1")], [ask(type=kind, needed_by=date(year, month, day))]).slate()
    assert slate.verdict == verdict
    assert slate.earliest_on == (date.fromisoformat(earliest) if earliest else None)
    assert bool(slate.candidates) is (verdict == "matched")


def test_holidays_move_the_earliest_honest_date(program, snapshot_of):
    holidays = [{"id": "H1", "on": date(2026, 3, 12)}, {"id": "H2", "on": date(2026, 3, 16)}]
    asks = [ask(needed_by=date(2026, 3, 18))]
    slate = town(program, snapshot_of, [Ref("c1", earliest=date(2026, 3, 20))], asks, holiday=holidays).slate()
    assert slate.earliest_on == date(2026, 3, 20)
    assert slate.why[0].startswith("A call by 2026-03-18 is too soon: it needs at least 5 business days' notice.")


def test_late_counts_the_notice_of_those_who_suit(program, snapshot_of):
    refs = [Ref("c1", earliest=date(2026, 3, 25)), Ref("c2", earliest=date(2026, 3, 19), languages=("German",))]
    slate = town(program, snapshot_of, refs, [ask(needed_by=date(2026, 3, 13))]).slate()
    assert (slate.verdict, slate.earliest_on) == ("late", date(2026, 3, 25))


def test_late_for_everybody_who_suits_though_not_for_the_kind(program, snapshot_of):
    slate = town(
        program, snapshot_of, [Ref("c1", earliest=date(2026, 3, 25))], [ask(needed_by=date(2026, 3, 20))]
    ).slate()
    assert (slate.verdict, slate.earliest_on) == ("late", date(2026, 3, 25))


def test_a_request_without_a_date_is_never_late(program, snapshot_of):
    assert town(program, snapshot_of, [Ref("c1")], [ask(needed_by=None)]).slate().verdict == "matched"


CLOSE = [
    ({}, 1),
    ({"needed_by": TODAY + timedelta(days=100)}, 2),
    ({"needed_by": TODAY + timedelta(days=100), "audience": "audience R1"}, 1),
    ({"needed_by": TODAY + timedelta(days=100), "requester": "rep R1"}, 1),
    ({"needed_by": None}, 1),
    ({"needed_by": TODAY + timedelta(days=100), "type": "quote"}, 1),
    ({"needed_by": TODAY + timedelta(days=100), "type": "logo"}, 2),
]


@pytest.mark.parametrize(("second", "served"), CLOSE)
def test_one_person_rests_between_two_asks_of_one_run(program, snapshot_of, second, served):
    """R1 is a call in 60 days; a quote rests 180 days, a call 30, the same audience or requester 90."""
    slates = town(program, snapshot_of, [Ref("c1")], [ask("R1"), ask("R2", **second)]).slates()
    assert sum(recommended(slate) is not None for slate in slates.values()) == served
    if served == 1:
        empty = next(slate for slate in slates.values() if recommended(slate) is None)
        assert "are promised to other requests" in empty.why[0]
