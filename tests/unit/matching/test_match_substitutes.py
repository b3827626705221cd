"""What a late or unfilled request is offered instead."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.unit.matching.towns import DISPUTE, TODAY, Ref, ask, town

LATE = ask(needed_by=date(2026, 3, 13))


def asset(asset_id="AS1", **given):
    return {
        "id": asset_id, "title": f"Story {asset_id}", "account": "A c1", "contact": "c1", "type": "recording", "status": "published",
        "version": "2", "approved_version": "2", "industry": "Healthcare", "use_case": "Service", "product": "Core", **given,
    }  # fmt: skip


def offered(program, snapshot_of, assets, request=LATE):
    slate = town(program, snapshot_of, [Ref("c1")], [request], asset=assets).slate()
    return slate.substitute_asset_id


def test_a_published_recording_is_offered(program, snapshot_of):
    slate = town(program, snapshot_of, [Ref("c1")], [LATE], asset=[asset()]).slate()
    assert slate.substitute == "A published recording: Story AS1 (same industry and use case and product)."
    assert slate.substitute_asset_id == "AS1"


UNFIT = [
    {"status": "draft"},
    {"status": "withdrawn"},
    {"contact": None},
    {"contact": "nobody"},
    {"approved_version": "1"},
    {"version": None, "approved_version": None},
    {"type": "site_visit"},
    {"industry": None, "use_case": None, "product": None},
    {"industry": "Retail", "use_case": "Compliance", "product": "Mobile"},
    {"account": "P"},
    {"account": "rival"},
    {"account": None},
]


@pytest.mark.parametrize("flaw", UNFIT)
def test_not_offered(program, snapshot_of, flaw):
    rival = [{"id": "rival", "competitive_set": "retail banking"}]
    slate = town(program, snapshot_of, [Ref("c1")], [LATE], asset=[asset(**flaw)], account=rival).slate()
    assert slate.substitute_asset_id is None


UNCOVERED = [{"territory": None}, {"territory": []}, {"territory": ["APAC"]}, {"audience": None}, {"audience": "named"}]


@pytest.mark.parametrize("lack", UNCOVERED)
def test_todays_consent_counts_and_not_the_state_last_written(program, snapshot_of, lack):
    shown = [asset(consent_state="covered")]
    slate = town(program, snapshot_of, [Ref("c1", **lack)], [LATE], asset=shown).slate()
    assert slate.substitute_asset_id is None


def test_a_consent_for_the_requests_region_is_enough(program, snapshot_of):
    slate = town(program, snapshot_of, [Ref("c1", territory=["EMEA"])], [LATE], asset=[asset()]).slate()
    assert slate.substitute_asset_id == "AS1"


def test_kinds_in_the_order_of_the_rules_and_the_best_within_a_kind(program, snapshot_of):
    study = asset("AS0", type="case_study")
    weak, strong = asset("AS1", industry="Retail"), asset("AS2", product=None)
    assert offered(program, snapshot_of, [study, weak, strong]) == "AS2"
    assert offered(program, snapshot_of, [study]) == "AS0"


def test_another_kind_that_can_be_had_in_time(program, snapshot_of):
    ref = Ref("c1", failed={"site_visit": DISPUTE})
    slate = town(program, snapshot_of, [ref], [ask(type="site_visit")]).slate()
    assert (slate.verdict, slate.substitute) == (
        "unfilled",
        (
            "Ask for a call instead: references suit and can be had by 2026-05-10. "
            "Or ask for a recording instead: references suit and can be had by 2026-05-10."
        ),
    )
    assert slate.substitute_asset_id is None


def test_up_to_three_are_offered_assets_first_then_other_kinds(program, snapshot_of):
    shown = [asset(type="recording", title="Film"), asset("AS2", type="call", title="Talk", product=None)]
    slate = town(
        program, snapshot_of, [Ref("c1", failed={"site_visit": DISPUTE})], [ask(type="site_visit")], asset=shown
    ).slate()
    assert slate.substitute == (
        "A published call: Talk (same industry and use case). "
        "Or a published recording: Film (same industry and use case and product). "
        "Or ask for a call instead: references suit and can be had by 2026-05-10."
    )
    assert slate.substitute_asset_id == "AS2", "the first asset"
    kinds = program.lead_time.substitutes["call"]
    assert len(kinds) == 3
    every = [asset(f"AS{place}", type=kind, title=kind) for place, kind in enumerate(kinds)]
    text = town(program, snapshot_of, [Ref("c1")], [LATE], asset=every).slate().substitute
    assert [text.index(f": {kind} (") for kind in kinds] == sorted(text.index(f": {kind} (") for kind in kinds)
    assert "instead" not in text, "no fourth"


def test_what_the_field_has_no_room_for_is_left_out_whole(program, snapshot_of):
    kinds = program.lead_time.substitutes["call"]
    every = [asset(f"AS{place}", type=kind, title=kind[0] * 80) for place, kind in enumerate(kinds)]
    text = town(program, snapshot_of, [Ref("c1")], [LATE], asset=every).slate().substitute
    assert len(text) <= 255
    assert text == f"A published recording: {'r' * 80} (same industry and use case and product)."


@pytest.mark.parametrize(
    ("ref", "days"),
    [
        (Ref("c1", failed={"site_visit": DISPUTE, "call": DISPUTE, "recording": DISPUTE}), 60),
        (Ref("c1", failed={"site_visit": DISPUTE}), 3),
        (Ref("c1", failed={"site_visit": DISPUTE}, left={"activations_half_year": 0}), 60),
    ],
)
def test_no_other_kind(program, snapshot_of, ref, days):
    request = ask(type="site_visit", needed_by=TODAY + timedelta(days=days))
    assert town(program, snapshot_of, [ref], [request]).slate().substitute is None


def test_a_matched_request_needs_no_substitute(program, snapshot_of):
    slate = town(program, snapshot_of, [Ref("c1")], [ask()], asset=[asset()]).slate()
    assert (slate.verdict, slate.substitute, slate.substitute_asset_id) == ("matched", None, None)
