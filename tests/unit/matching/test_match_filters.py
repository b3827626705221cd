"""One rule at a time: who may not be offered, and under which count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.unit.matching.towns import DISPUTE, TODAY, Ref, ask, bit, recommended, town

OUT = [
    (Ref("c1", failed={"call": DISPUTE}), {}, "Nobody may be asked"),
    (Ref("c1", unknown={"call": DISPUTE}), {}, "Nobody may be asked"),
    (Ref("c1", account="P", competitive_set=None), {}, "in the prospect's own group"),
    (Ref("c1", parent="P"), {}, "in the prospect's own group"),
    (Ref("c1", competitive_set="payments; Retail Banking"), {}, "at a competitor"),
    (Ref("c1", languages=("German",)), {}, "without English"),
    (Ref("c1", languages=None), {}, "without English"),
    (Ref("c1"), {"language": "Klingon"}, "without Klingon"),
    (Ref("c1", avoid_topics="Roadmap\nService"), {}, "wishing to avoid the topic"),
    (Ref("c1", avoid_topics="our CORE platform"), {}, "wishing to avoid the topic"),
    (Ref("c1", territory=["APAC"]), {}, "without consent"),
    (Ref("c1", territory=[]), {}, "without consent"),
    (Ref("c1", territory=None), {}, "without consent"),
    (Ref("c1", territory=["EMEA"]), {"region": None}, "without consent"),
    (Ref("c1", audience="named"), {}, "without consent"),
    (Ref("c1", audience=None), {}, "without consent"),
    (Ref("c1", consent_until=TODAY + timedelta(days=60)), {}, "without consent"),
    (Ref("c1", earliest=TODAY + timedelta(days=61)), {}, "needing more notice"),
    (
        Ref("c1", industry="Retail", use_case=None, product=None, region=None),
        {"size": "enterprise"},
        "with too little in common",
    ),
]


@pytest.mark.parametrize(("ref", "wanted", "counted"), OUT)
def test_left_out(program, snapshot_of, ref, wanted, counted):
    slate = town(program, snapshot_of, [ref], [ask(**wanted)]).slate()
    assert slate.candidates == ()
    assert any(counted in line for line in slate.why), slate.why


IN = [
    (Ref("c1", territory=["EMEA"]), {}),
    (Ref("c1", audience="prospects"), {}),
    (Ref("c1", languages=("German", "English")), {"language": " german "}),
    (Ref("c1", languages=None), {"language": None}),
    (Ref("c1", avoid_topics="Roadmap"), {}),
    (Ref("c1", consent_until=TODAY + timedelta(days=61)), {}),
    (Ref("c1", earliest=TODAY + timedelta(days=60)), {}),
    (Ref("c1", parent="A c9"), {}),
]


@pytest.mark.parametrize(("ref", "wanted"), IN)
def test_let_in(program, snapshot_of, ref, wanted):
    assert len(town(program, snapshot_of, [ref], [ask(**wanted)]).slate().candidates) == 1


def test_a_cap_without_room_is_told_apart_from_never_suiting(program, snapshot_of):
    ref = Ref("c1", failed={"call": bit(program, "tolerance.calls_quarter")}, left={"calls_quarter": 0})
    slate = town(program, snapshot_of, [ref], [ask()]).slate()
    assert (slate.verdict, slate.candidates) == ("unfilled", ())
    assert "have given as much as was agreed with them" in slate.why[0]
    assert slate.why[1] == "Of 1 reference who may be asked for a call: 1 suitable."


@pytest.mark.parametrize(
    "cap", ["calls_quarter", "calls_year", "account_calls_quarter", "activations_half_year", "effort_year"]
)
def test_no_cap_is_passed_over(program, snapshot_of, cap):
    assert town(program, snapshot_of, [Ref("c1", left={cap: 0.5})], [ask()]).slate().candidates == ()


class TestCompetitors:
    """A request about P, which competes in retail banking, reaches nobody bound to a competitor."""

    COMPANIES = (
        {"id": "rival", "competitive_set": "Retail Banking", "parent": "holding"},
        {"id": "holding", "parent": "top"},
        {"id": "top"},
        {"id": "sister", "parent": "holding", "competitive_set": "insurance"},
        {"id": "merged", "master_record": "rival"},
        {"id": "circle", "parent": "round"},
        {"id": "round", "parent": "circle", "competitive_set": "retail banking"},
        {"id": "stranger", "competitive_set": "insurance"},
    )

    @pytest.mark.parametrize("account", ["rival", "holding", "top", "sister", "merged", "circle", "round"])
    def test_the_whole_family_of_a_competitor_is_barred(self, program, snapshot_of, account):
        town_ = town(program, snapshot_of, [Ref("c1", account=account)], [ask()], account=self.COMPANIES)
        assert town_.slate().candidates == ()
        assert "at a competitor" in town_.slate().why[-1]

    def test_what_a_merged_company_belonged_to_counts(self, program, snapshot_of):
        merged = [{"id": "old name", "master_record": "stranger", "parent": "rival"}]
        refs = [Ref("c1", account="stranger")]
        town_ = town(program, snapshot_of, refs, [ask()], account=self.COMPANIES, merged_account=merged)
        assert town_.slate().candidates == ()

    def test_a_stranger_is_not(self, program, snapshot_of):
        town_ = town(
            program, snapshot_of, [Ref("c1", account="stranger")], [ask(industry=None)], account=self.COMPANIES
        )
        assert [one.contact_id for one in town_.slate().candidates] == ["c1"]
        assert town_.slate().candidates[0].cautions == ("Nobody active owns this customer; find out who may approve.",)

    def test_the_set_of_the_prospects_parent_counts(self, program, snapshot_of):
        companies = [*self.COMPANIES, {"id": "branch", "parent": "P"}]
        town_ = town(program, snapshot_of, [Ref("c1", account="rival")], [ask(prospect="branch")], account=companies)
        assert town_.slate().candidates == ()

    def test_a_second_record_of_the_person_at_a_competitor_counts(self, program, snapshot_of):
        refs = [Ref("c1"), Ref("c2", person="c1", account="rival", failed={"call": DISPUTE})]
        assert town(program, snapshot_of, refs, [ask()], account=self.COMPANIES).slate().candidates == ()

    def test_the_prospect_may_come_from_the_opportunity(self, program, snapshot_of):
        deal = [{"id": "O1", "account": "P"}]
        rival = [Ref("c1", competitive_set="retail banking")]
        request = ask(prospect=None, opportunity="O1")
        assert town(program, snapshot_of, rival, [request], opportunity=deal).slate().candidates == ()

    @pytest.mark.parametrize("ref", [Ref("c1", competitive_set=None), Ref("c1")])
    def test_what_is_not_known_is_refused_where_the_rules_say_so(self, program, snapshot_of, ref):
        competitors = program.matching.competitors.model_copy(update={"unknown": "refuse"})
        strict = program.__class__(
            **{**vars(program), "matching": program.matching.model_copy(update={"competitors": competitors})}
        )
        request = ask() if ref.competitive_set is None else ask(prospect=None)
        slate = town(strict, snapshot_of, [ref], [request]).slate()
        assert slate.candidates == ()
        assert "not known to be free of competition" in slate.why[-1]

    def test_an_unreadable_field_makes_everybody_unknown(self, program, snapshot_of):
        hidden = frozenset({("account", "competitive_set")})
        town_ = town(program, lambda **rows: snapshot_of(**rows, unreadable=hidden), [Ref("c1")], [ask()])
        assert town_.slate().candidates == ()
        assert "not known to be free of competition" in town_.slate().why[-1]


RECENT = [
    ({"audience": "Audience r1"}, False),
    ({"requester": "rep R1"}, False),
    ({"audience": "another", "requester": "another"}, True),
    ({"audience": None, "requester": "another"}, False),
    ({"audience": "another", "requester": None}, False),
    ({"audience": "audience R1", "requester": "x", "completed_on": date(2025, 12, 11)}, True),
    ({"audience": "audience R1", "requester": "x", "completed_on": date(2025, 12, 12)}, False),
    ({"audience": "audience R1", "requester": "x", "completed_on": None}, False),
    ({"audience": "audience R1", "requester": "x", "status": "cancelled"}, True),
    ({"audience": "audience R1", "requester": "x", "status": "declined"}, True),
    ({"audience": "audience R1", "requester": "x", "status": None}, False),
    ({"audience": "audience R1", "requester": "x", "status": "asked", "asked_on": date(2024, 1, 1)}, False),
    ({"audience": None, "requester": None, "request": "R0"}, True),
]


@pytest.mark.parametrize(("activity", "offered"), RECENT)
def test_rest_for_the_same_audience_or_requester(program, snapshot_of, activity, offered):
    """90 days after a use; what an activity does not say its request does; what neither says may be the same."""
    row = {
        "id": "RA1",
        "contact": "c1",
        "type": "call",
        "status": "completed",
        "completed_on": date(2026, 2, 1),
        **activity,
    }
    other = ask("R0", stage="closed", audience="old", requester="old")
    slate = town(program, snapshot_of, [Ref("c1")], [ask(), other], activity=[row]).slate()
    assert bool(slate.candidates) is offered


@pytest.mark.parametrize(
    ("status", "noted", "offered"),
    [
        ("asked", {"state": "proposed"}, False),
        ("asked", {"state": None}, False),
        ("asked", {"state": "proposed", "customer_response": "accepted"}, False),
        ("asked", {"state": "proposed", "customer_response": "declined"}, True),
        ("accepted", {"state": "closed", "customer_response": "declined"}, True),
        ("asked", {"state": "superseded"}, True),
        ("asked", {"state": "closed"}, True),
        ("asked", {"state": "closed", "customer_response": "accepted"}, False),
        ("accepted", {"state": "superseded"}, False),
        ("scheduled", {"state": "closed", "completed_on": date(2025, 12, 11)}, True),
        ("scheduled", {"state": "closed", "completed_on": date(2025, 12, 12)}, False),
    ],
)
def test_an_ask_is_over_when_its_match_says_so(program, snapshot_of, status, noted, offered):
    """People note answers on the match; the activity may stay as it was."""
    activity = {"id": "RA1", "contact": "c1", "type": "call", "status": status, "match": "M1", "asked_on": date(2025, 9, 1),
                "audience": "audience R1", "requester": "x"}  # fmt: skip
    match = {"id": "M1", "profile": "RP c1", "request": "R0", **noted}
    asked = [ask(), ask("R0", stage="closed")]
    slate = town(program, snapshot_of, [Ref("c1")], asked, activity=[activity], match=[match]).slate()
    assert bool(slate.candidates) is offered


def test_a_use_of_the_persons_other_record_counts(program, snapshot_of):
    row = {"id": "RA1", "contact": "c2", "type": "call", "status": "completed", "completed_on": date(2026, 2, 1),
           "requester": "rep R1", "audience": "x"}  # fmt: skip
    refs = [Ref("c1"), Ref("c2", person="c1", failed={"call": DISPUTE})]
    assert town(program, snapshot_of, refs, [ask()], activity=[row]).slate().candidates == ()


def test_two_records_of_one_person_are_one_candidate(program, snapshot_of):
    refs = [Ref("c2"), Ref("c1", person="c1"), Ref("c3", person="c1")]
    slate = town(program, snapshot_of, refs, [ask()]).slate()
    assert sorted(one.contact_id for one in slate.candidates) == ["c1", "c2"]


BANKS = [
    {"id": "Q", "competitive_set": "Retail Banking; cards"},
    {"id": "branch of Q", "parent": "Q"},
    {"id": "branch of P", "parent": "P"},
    {"id": "insurer", "competitive_set": "insurance"},
    {"id": "nobody knows"},
]
ON_THE_91ST, ON_THE_90TH, ON_THE_89TH = date(2025, 12, 10), date(2025, 12, 11), date(2025, 12, 12)

RIVALS = [
    ({"prospect": "Q"}, False),
    ({"prospect": "branch of Q"}, False),
    ({"prospect": "P"}, True),
    ({"prospect": "branch of P"}, True),
    ({"prospect": "insurer"}, True),
    ({"prospect": "nobody knows"}, True),
    ({"prospect": "not an account any more"}, True),
    ({"prospect": None}, False),
    ({"prospect": None, "request": "to a rival"}, False),
    ({"prospect": None, "request": "to a rival's deal"}, False),
    ({"prospect": None, "request": "to an insurer"}, True),
    ({"prospect": None, "match": "M1"}, False),
    ({"prospect": None, "match": "M2"}, True),
    ({"prospect": None, "request": "not known"}, False),
    ({"prospect": "Q", "completed_on": ON_THE_91ST}, True),
    ({"prospect": "Q", "completed_on": ON_THE_90TH}, True),
    ({"prospect": "Q", "completed_on": ON_THE_89TH}, False),
    ({"prospect": "Q", "completed_on": None}, False),
    ({"prospect": "Q", "status": "missed", "scheduled_on": ON_THE_89TH}, False),
    ({"prospect": "Q", "status": "cancelled"}, True),
    ({"prospect": "Q", "status": "declined"}, True),
    ({"prospect": "Q", "status": "asked", "asked_on": date(2024, 1, 1)}, False),
    ({"prospect": "Q", "status": "accepted"}, False),
]


class TestRestForTheSameCompetitiveSet:
    """Whoever spoke to a prospect rests for its competitors, so that rivals do not learn who talks to whom."""

    OTHERS = (
        ask("to a rival", stage="closed", prospect="Q"),
        ask("to a rival's deal", stage="closed", prospect=None, opportunity="O1"),
        ask("to an insurer", stage="closed", prospect="insurer"),
    )

    def slate(self, program, snapshot_of, request=None, activity=(), **more):
        matches = [
            {"id": "M1", "profile": "RP c1", "request": "to a rival", "state": "closed"},
            {"id": "M2", "profile": "RP c1", "request": "to an insurer", "state": "closed"},
        ]
        return town(
            program, snapshot_of, [Ref("c1")], [request or ask(), *self.OTHERS], account=BANKS, activity=activity,
            opportunity=[{"id": "O1", "account": "Q"}], match=matches, **more,
        ).slate()  # fmt: skip

    def use(self, **given):
        return {"id": "RA1", "contact": "c1", "type": "call", "status": "completed", "completed_on": date(2026, 2, 1),
                "audience": "another", "requester": "another", **given}  # fmt: skip

    @pytest.mark.parametrize(("activity", "offered"), RIVALS)
    def test_ninety_days_after_a_use(self, program, snapshot_of, activity, offered):
        slate = self.slate(program, snapshot_of, activity=[self.use(**activity)])
        assert bool(slate.candidates) is offered
        if not offered:
            assert "1 lately used for a competitor of the prospect" in slate.why[-1]

    @pytest.mark.parametrize("prospect", ["nobody knows", "insurer", None])
    def test_a_prospect_without_rivals_makes_nobody_rest(self, program, snapshot_of, prospect):
        request = ask(prospect=prospect)
        slate = self.slate(program, snapshot_of, request, [self.use(prospect="Q"), self.use(id="RA2")])
        assert [one.contact_id for one in slate.candidates] == ["c1"]

    @pytest.mark.parametrize("used_for", ["insurer", "Q", "P"])
    def test_where_sets_cannot_be_read_nobody_is_offered(self, program, snapshot_of, used_for):
        hidden = frozenset({("account", "competitive_set")})
        slate = self.slate(
            program, lambda **rows: snapshot_of(**rows, unreadable=hidden), activity=[self.use(prospect=used_for)]
        )
        assert slate.candidates == ()

    @pytest.mark.parametrize(("request_id", "offered"), [("to a rival", False), ("to an insurer", True)])
    def test_a_reservation_counts_as_a_use(self, program, snapshot_of, request_id, offered):
        held = [{"request_id": request_id, "contact_id": "c1"}]
        assert (
            bool(self.slate(program, snapshot_of, ask(needed_by=TODAY + timedelta(days=99)), held=held).candidates)
            is offered
        )

    @pytest.mark.parametrize(
        ("prospect", "served"), [("Q", 1), ("branch of Q", 1), ("P", 2), ("insurer", 2), ("nobody knows", 2), (None, 2)]
    )
    def test_nobody_is_put_down_for_two_rivals_in_one_run(self, program, snapshot_of, prospect, served):
        asks = [ask("R1"), ask("R2", prospect=prospect, needed_by=TODAY + timedelta(days=100))]
        slates = town(program, snapshot_of, [Ref("c1")], asks, account=BANKS).slates()
        assert sum(recommended(slate) is not None for slate in slates.values()) == served

    def test_whom_it_is_for_is_the_type_that_starts_it(self, program, snapshot_of):
        cooldowns = tuple(
            one.model_copy(update={"after": ("recording",)}) if one.same == "competitor_set" else one
            for one in program.tolerance.cooldowns
        )
        lenient = replace(program, tolerance=program.tolerance.model_copy(update={"cooldowns": cooldowns}))
        assert self.slate(lenient, snapshot_of, activity=[self.use(prospect="Q")]).candidates
