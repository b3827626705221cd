"""What an account owner reads on a profile: each reason in full, the summary of all, and both within their fields."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from crm_sync.lifecycle.gate import gate_of
from crm_sync.lifecycle.sentences import REASONS_LENGTH, SUMMARY_LENGTH, reasons_text, sentence, summary
from crm_sync.model.verdict import Reason, Verdict

HEALTHY: dict[str, Any] = {
    "text": "The account has been healthy long enough",
    "value": "since 2026-09-01",
    "threshold": "at least 90 days",
    "remedy": "Wait until health has held for long enough.",
    "free_on": date(2026, 11, 30),
}
PROMOTER: dict[str, Any] = {
    "text": "The contact is a promoter",
    "value": "7",
    "threshold": "at least 9",
    "remedy": "Only a promoter is asked.",
}


def reason(rule: str = "rule", **fields: Any) -> Reason:
    given = {"text": rule, "truth": "false", "weight": "hard", "value": None, "threshold": None, "remedy": ""}
    return Reason(rule_id=rule, rule_version="v", source=None, **(given | fields))


def verdicts(**blocking: Sequence[Reason]) -> dict[str, Verdict]:
    return {
        t: Verdict("003A", "001A", t, "blocked" if any(r.blocks for r in own) else "eligible", tuple(own))
        for t, own in blocking.items()
    }


SAID: list[tuple[dict[str, Any], str]] = [
    (
        HEALTHY,
        (
            "The account has been healthy long enough: since 2026-09-01; needed: at least 90 days. "
            "Wait until health has held for long enough. It would pass on 30 Nov 2026."
        ),
    ),
    (PROMOTER, "The contact is a promoter: 7; needed: at least 9. Only a promoter is asked."),
    (
        PROMOTER | {"truth": "unknown", "value": None},
        "The contact is a promoter: not known; needed: at least 9. Only a promoter is asked.",
    ),
    (
        {
            "text": "There is no active churn risk",
            "truth": "unknown",
            "value": "Severe",
            "threshold": "one of none, watch",
        },
        "There is no active churn risk: not known (Severe); needed: one of none, watch.",
    ),
    (
        {"text": "The product is in production", "value": "pilot", "threshold": "is production"},
        "The product is in production: pilot; needed: production.",
    ),
    # "There is no dispute: yes" would read as if there were none
    ({"text": "There is no dispute", "value": "yes", "threshold": "is no"}, "There is no dispute: no."),
    (
        {"text": "There is no dispute", "value": None, "truth": "unknown", "threshold": "is no"},
        "There is no dispute: not known.",
    ),
    ({"text": "It is recorded which product", "threshold": "known"}, "It is recorded which product: no."),
    ({"text": "A cap limits this type", "value": "no cap"}, "A cap limits this type: no cap."),
]


@pytest.mark.parametrize(("fields", "said"), SAID)
def test_a_reason_read_aloud(fields: dict[str, Any], said: str) -> None:
    assert sentence(reason(**fields)) == said


class TestSummary:
    def test_what_may_be_asked_for(self) -> None:
        assert summary(verdicts(call=[reason("a")], case_study=[], logo=[])) == "May be asked for: case study, logo."

    def test_what_stands_in_the_way_of_every_type_and_from_when_it_does_not(self) -> None:
        found = summary(verdicts(call=[reason("healthy", **HEALTHY)], logo=[reason("a"), reason("healthy", **HEALTHY)]))
        assert found == f"May not be asked now: {SAID[0][1]}"

    def test_the_reason_of_the_type_that_is_nearest_where_none_is_shared(self) -> None:
        far = [reason("a"), reason("b"), reason("c")]
        found = summary(verdicts(call=far, case_study=[reason("d", **PROMOTER), reason("e")], logo=[*far, reason("f")]))
        assert found == f"May not be asked now; nearest is case study: {SAID[1][1]} And 1 more."

    @pytest.mark.parametrize(
        ("call", "logo", "nearest"),
        [
            (None, date(2027, 1, 1), "logo"),
            (date(2026, 12, 1), date(2027, 1, 1), "call"),
            (date(2027, 1, 2), date(2027, 1, 1), "logo"),
            (None, None, "call"),
        ],
    )
    def test_of_equally_many_the_soonest_then_the_first_type(self, call: Any, logo: Any, nearest: str) -> None:
        found = summary(verdicts(call=[reason("a", free_on=call)], logo=[reason("b", free_on=logo)]))
        assert found.startswith(f"May not be asked now; nearest is {nearest}: ")

    def test_a_type_is_possible_when_its_last_reason_passes(self) -> None:
        soon, late = ([reason(name, free_on=date(2026, 12, day)) for name, day in days] for days in (
            (("a", 9), ("b", 10)), (("c", 1), ("d", 11)),
        ))  # fmt: skip
        assert "nearest is logo: a" in summary(verdicts(call=late, logo=soon))

    def test_the_words_of_a_shared_reason_are_those_of_the_nearest_type(self) -> None:
        strict = PROMOTER | {"threshold": "at least 9"}
        found = summary(
            verdicts(
                quote=[reason("nps", **strict), reason("a")],
                call=[reason("nps", **PROMOTER | {"threshold": "at least 8"})],
            )
        )
        assert "needed: at least 8" in found

    def test_a_long_one_leaves_the_remedy_to_the_reasons_and_keeps_the_day(self) -> None:
        found = summary(verdicts(call=[reason("healthy", **HEALTHY | {"remedy": "Wait. " * 30})]))
        assert len(found) <= SUMMARY_LENGTH
        assert found.endswith("needed: at least 90 days. It would pass on 30 Nov 2026.")

    def test_one_that_is_too_long_all_the_same_is_cut_between_words(self) -> None:
        found = summary(verdicts(call=[reason("healthy", **HEALTHY | {"text": "long " * 90})]))
        assert len(found) <= SUMMARY_LENGTH
        assert found.endswith("long ...")

    def test_nobody_without_a_reason_that_blocks(self) -> None:
        blocked = {"call": Verdict("003A", None, "call", "blocked", ())}
        assert summary(blocked) == "May not be asked for anything now."


class TestReasons:
    def test_what_holds_for_all_types_first_then_each_with_the_types_it_is_of(self) -> None:
        caution = reason("churn", weight="caution")
        scored = reason("strong", weight="scored")
        found = reasons_text(verdicts(
            call=[reason("own"), reason("both", free_on=date(2026, 12, 1)), scored],
            case_study=[reason("both", free_on=date(2026, 12, 1)), reason("some"), caution],
            logo=[reason("both", free_on=date(2026, 12, 1)), reason("some")],
        ))  # fmt: skip
        assert found.splitlines() == [
            "All types: both: no. It would pass on 01 Dec 2026.",
            "Call: own: no.",
            "Case study, logo: some: no.",
            "Case study: churn: no.",
        ]

    def test_the_same_rule_with_another_threshold_is_another_line(self) -> None:
        given = {
            t: [reason("nps", **PROMOTER | {"threshold": f"at least {n}"})] for t, n in (("call", 8), ("quote", 9))
        }
        lines = reasons_text(verdicts(**given)).splitlines()
        assert [line.partition(":")[0] for line in lines] == ["Call", "Quote"]

    def test_nothing_that_passes(self) -> None:
        assert (
            reasons_text(verdicts(call=[reason("fine", truth="true"), reason("mild", truth="true", weight="caution")]))
            == ""
        )

    def test_too_many_are_cut_at_the_end_of_a_line(self) -> None:
        found = reasons_text(verdicts(call=[reason(f"rule {number} {'x' * 1000}") for number in range(40)]))
        assert REASONS_LENGTH - 1100 < len(found) <= REASONS_LENGTH
        assert found.endswith("x: no.")


def test_the_final_gate_says_the_same_sentence(world_of: Any) -> None:
    blocked = verdicts(call=[reason("no_dispute", **HEALTHY)])
    match = {"id": "m1", "profile": "p1", "request": "r1", "state": "approved", "owner_decision": "approved"}
    world = world_of(
        explanations={"003A": blocked},
        held=[{"contact_id": "003A", "request_id": "r1", "match_id": "m1", "activity_id": None,
               "reference_type": "call", "failed": 3, "unknown": 0, "caution": 0}],
        match=[match], profile=[{"id": "p1", "contact": "003A"}], request=[{"id": "r1", "type": "call"}],
    )  # fmt: skip
    assert gate_of(world, world.row("match", "m1")).reasons == (SAID[0][1], "nps_level is not met.")
