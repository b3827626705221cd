"""Caps, cooldowns and reservations: every row at its limit, one below and one above, and the edges of windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from crm_sync.program import Program

TODAY = date(2026, 11, 2)
TYPES = ("call", "quote", "logo", "recording", "case_study", "site_visit")


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def without_rests(program: Program) -> Program:
    """The same program, where only caps limit."""
    return replace(program, tolerance=program.tolerance.model_copy(update={"cooldowns": ()}))


def test_a_healthy_reference_may_be_asked_for_anything(customer: Any) -> None:
    look = customer.look()
    for reference_type in TYPES:
        assert look.blocking(reference_type=reference_type) == {}
        assert look.standing(reference_type=reference_type) == "eligible"


@pytest.mark.parametrize(("calls", "passes"), [(0, True), (1, True), (2, False), (3, False)])
def test_two_calls_a_quarter_per_person(customer: Any, program: Program, calls: int, passes: bool) -> None:
    for index in range(calls):
        customer.used("call", days_ago(40 + index))
    look = customer.look(without_rests(program))
    assert ("tolerance.calls_quarter" not in look.blocking()) is passes
    assert "tolerance.calls_quarter" not in look.blocking(reference_type="quote")


@pytest.mark.parametrize(("calls", "passes"), [(6, True), (7, True), (8, False), (9, False)])
def test_eight_calls_a_year_per_person(customer: Any, program: Program, calls: int, passes: bool) -> None:
    for index in range(calls):
        customer.used("call", days_ago(200 + 10 * index))
    look = customer.look(without_rests(program))
    assert ("tolerance.calls_year" not in look.blocking()) is passes


@pytest.mark.parametrize(("calls", "passes"), [(1, True), (2, True), (3, False), (4, False)])
def test_three_calls_a_quarter_per_account(customer: Any, program: Program, calls: int, passes: bool) -> None:
    for index in range(calls):
        customer.person(f"colleague{index}").used("call", days_ago(40), contact=f"colleague{index}")
    look = customer.look(without_rests(program))
    assert ("tolerance.account_calls_quarter" not in look.blocking()) is passes


@pytest.mark.parametrize(("uses", "passes"), [(1, True), (2, True), (3, False), (4, False)])
def test_three_activations_in_six_months(customer: Any, program: Program, uses: int, passes: bool) -> None:
    for index in range(uses):
        customer.used("logo", days_ago(100 + index))
    look = customer.look(without_rests(program))
    for reference_type in TYPES:
        assert ("tolerance.activations_half_year" not in look.blocking(reference_type=reference_type)) is passes


@pytest.mark.parametrize(
    ("used", "asked", "passes"),
    [
        ([], "site_visit", True),
        (["logo"], "site_visit", False),
        (["case_study"], "case_study", True),
        (["case_study", "logo"], "case_study", False),
        (["recording", "recording", "recording"], "call", True),
        (["recording", "recording", "recording", "logo"], "call", False),
        (["recording", "recording", "recording", "logo"], "logo", True),
        (["recording", "recording", "recording", "logo", "logo"], "logo", False),
    ],
)
def test_ten_points_of_effort_a_year(
    customer: Any, program: Program, used: list[str], asked: str, passes: bool
) -> None:
    for index, reference_type in enumerate(used):
        customer.used(reference_type, days_ago(300 + index))
    look = customer.look(without_rests(program))
    assert ("tolerance.effort_year" not in look.blocking(reference_type=asked)) is passes


@pytest.mark.parametrize(
    ("rule", "reference_type", "uses", "window"),
    [
        ("tolerance.calls_quarter", "call", 2, 90),
        ("tolerance.calls_year", "call", 8, 365),
        ("tolerance.account_calls_quarter", "call", 3, 90),
        ("tolerance.activations_half_year", "logo", 3, 182),
        ("tolerance.effort_year", "recording", 3, 365),
    ],
)
def test_a_use_counts_until_it_is_exactly_as_old_as_the_window(
    customer: Any, program: Program, rule: str, reference_type: str, uses: int, window: int
) -> None:
    only = without_rests(program)
    for index in range(uses - 1):
        customer.used(reference_type, days_ago(window - 1 - index))
    customer.used(reference_type, days_ago(window - 1), contact="ada")
    within = customer.look(only)
    assert within.blocking(reference_type=reference_type)[rule] == "false"
    assert within.reason(rule, reference_type=reference_type).free_on == TODAY + timedelta(days=1)
    assert within.row()[f"free_on_{reference_type}"] is not None
    outside = customer.put("activity", f"use{uses - 1:03}", completed_on=days_ago(window)).look(only)
    assert rule not in outside.blocking(reference_type=reference_type)


def test_a_place_is_free_on_the_day_on_which_just_enough_has_left_the_window(customer: Any, program: Program) -> None:
    look = customer.used("call", days_ago(50)).used("call", days_ago(40)).look(without_rests(program))
    assert look.reason("tolerance.calls_quarter").free_on == days_ago(50) + timedelta(days=90)
    one_more = customer.used("call", days_ago(30)).look(without_rests(program))
    assert one_more.reason("tolerance.calls_quarter").free_on == days_ago(40) + timedelta(days=90)


def test_a_use_in_the_future_counts(customer: Any, program: Program) -> None:
    customer.used("call", TODAY + timedelta(days=3)).used("call", TODAY)
    assert customer.look(without_rests(program)).blocking()["tolerance.calls_quarter"] == "false"


@pytest.mark.parametrize(
    ("mapping", "record", "limit", "rule"),
    [
        ("profile", "ada_profile", "max_calls_quarter", "tolerance.calls_quarter"),
        ("profile", "ada_profile", "max_calls_year", "tolerance.calls_year"),
        ("profile", "ada_profile", "max_activations_half_year", "tolerance.activations_half_year"),
        ("profile", "ada_profile", "max_effort_year", "tolerance.effort_year"),
        ("account", "acme", "max_calls_quarter", "tolerance.account_calls_quarter"),
    ],
)
class TestOwnLimits:
    def test_the_customers_own_limit_wins_when_it_is_lower(
        self, customer: Any, program: Program, mapping: str, record: str, limit: str, rule: str
    ) -> None:
        customer.put(mapping, record, **{limit: 0.0})
        look = customer.look()
        assert look.blocking()[rule] == "false"
        assert "their own limit" in (look.reason(rule).threshold or "")
        assert look.reason(rule).free_on is None

    def test_it_does_not_win_when_it_is_higher(
        self, customer: Any, program: Program, mapping: str, record: str, limit: str, rule: str
    ) -> None:
        customer.put(mapping, record, **{limit: 1000.0})
        for index in range(11):
            customer.used("call", days_ago(31 + index))
        assert customer.look().blocking()[rule] == "false"

    def test_one_that_cannot_be_read_is_unknown_for_everybody(
        self, customer: Any, program: Program, mapping: str, record: str, limit: str, rule: str
    ) -> None:
        look = customer.look(unreadable=frozenset({(mapping, limit)}))
        assert look.blocking()[rule] == "unknown"
        assert look.row()[f"left_{rule.removeprefix('tolerance.')}"] is None


def test_the_own_limit_of_a_duplicate_holds_for_the_person(customer: Any) -> None:
    customer.put("contact", "ada", email_key="same").person("ada2", email_key="same")
    customer.put("profile", "ada2_profile", max_calls_quarter=0.0)
    assert customer.look().blocking()["tolerance.calls_quarter"] == "false"


class TestSeveralOwnLimits:
    """A cap per person may be lowered by the person's own limit and by one that their company has for each of its people."""

    RULE = "tolerance.calls_quarter"

    @pytest.fixture
    def both(self, program: Program) -> Program:
        first, *rest = program.tolerance.caps
        cap = first.model_copy(update={"own_limit": ("profile.max_calls_quarter", "account.max_calls_quarter")})
        rest = [one.model_copy(update={"own_limit": None}) if one.per == "account" else one for one in rest]
        return replace(program, tolerance=program.tolerance.model_copy(update={"caps": (cap, *rest)}))

    @pytest.mark.parametrize(
        ("profile", "account", "most", "kept_in"),
        [
            (None, None, 2, None),
            (0.0, None, 0, "profile"),
            (None, 0.0, 0, "account"),
            (1.0, 0.0, 0, "account"),
            (0.0, 1.0, 0, "profile"),
            (0.0, 0.0, 0, "account"),
            (9.0, 1.0, 1, "account"),
            (1.0, 9.0, 1, "profile"),
            (9.0, 9.0, 2, None),
        ],
    )
    def test_the_lowest_wins(
        self, customer: Any, both: Program, profile: float | None, account: float | None, most: int, kept_in: str | None
    ) -> None:
        customer.put("profile", "ada_profile", max_calls_quarter=profile)
        customer.put("account", "acme", max_calls_quarter=account)
        look = customer.look(both)
        assert look.row()["left_calls_quarter"] == most
        assert look.blocking() == ({} if most else {self.RULE: "false"})
        if not most:
            reason = look.reason(self.RULE)
            assert "at most 0 in 90 days per person (their own limit)" in (reason.threshold or "")
            assert reason.source is not None
            assert reason.source.record_id == {"profile": "ada_profile", "account": "acme"}[kept_in or ""]

    def test_it_is_each_persons_and_not_their_companys_together(self, customer: Any, both: Program) -> None:
        customer.put("account", "acme", max_calls_quarter=1.0).person("bob")
        customer.put("activity", "old", contact="bob", type="call", status="completed", completed_on=days_ago(40))
        look = customer.look(both)
        assert (look.row("bob")["left_calls_quarter"], look.row("ada")["left_calls_quarter"]) == (0, 1)

    def test_the_limit_of_a_duplicates_company_holds(self, customer: Any, both: Program) -> None:
        customer.put("account", "globex", max_calls_quarter=0.0).put("contact", "ada", email_key="same")
        customer.put("contact", "ada2", account="globex", email_key="same")
        assert customer.look(both).blocking()[self.RULE] == "false"

    def test_it_holds_for_somebody_with_nothing_on_record(self, customer: Any, both: Program) -> None:
        customer.put("account", "acme", max_calls_quarter=0.0).put("contact", "new", account="acme")
        look = customer.look(both)
        assert look.row("new")["left_calls_quarter"] == 0
        assert look.reason(self.RULE, "new").truth == "false"

    @pytest.mark.parametrize("mapping", ["profile", "account"])
    def test_one_that_cannot_be_read_makes_the_cap_unknown(self, customer: Any, both: Program, mapping: str) -> None:
        look = customer.look(both, unreadable=frozenset({(mapping, "max_calls_quarter")}))
        assert look.blocking()[self.RULE] == "unknown"
        assert look.row()["left_calls_quarter"] is None

    def test_without_a_company_it_is_not_known(self, customer: Any, both: Program) -> None:
        customer.put("contact", "ada", account=None)
        look = customer.look(both)
        assert look.blocking()[self.RULE] == "unknown"
        assert look.row()["left_calls_quarter"] is None
        assert look.reason(self.RULE).remedy == "Give the contact an account."


@pytest.mark.parametrize(
    ("reference_type", "days", "rule", "rested"),
    [
        ("call", 30, "cooldown.after_call", TYPES),
        ("case_study", 180, "cooldown.after_big_ask", TYPES),
        ("quote", 180, "cooldown.after_big_ask", TYPES),
    ],
)
def test_rest_ends_on_its_last_day(
    customer: Any, reference_type: str, days: int, rule: str, rested: tuple[str, ...]
) -> None:
    resting = customer.used(reference_type, days_ago(days - 1)).look()
    for asked in rested:
        assert resting.blocking(reference_type=asked)[rule] == "false"
        assert resting.reason(rule, reference_type=asked).free_on == TODAY + timedelta(days=1)
    rested_look = customer.put("activity", "use000", completed_on=days_ago(days)).look()
    assert all(rule not in rested_look.blocking(reference_type=asked) for asked in rested)


@pytest.mark.parametrize(("days", "blocked"), [(179, True), (180, False)])
def test_a_decline_rests_its_own_type_alone(customer: Any, days: int, blocked: bool) -> None:
    look = customer.put(
        "activity", "asked", contact="ada", type="logo", status="declined", responded_on=days_ago(days)
    ).look()
    assert ("cooldown.after_decline" in look.blocking(reference_type="logo")) is blocked
    assert "cooldown.after_decline" not in look.blocking(reference_type="call")


def test_a_decline_noted_on_the_match_alone_rests_as_well(customer: Any) -> None:
    customer.put("request", "deal", type="logo")
    customer.put(
        "match", "m", request="deal", profile="ada_profile", customer_response="declined", responded_on=days_ago(5)
    )
    look = customer.look()
    assert look.blocking(reference_type="logo") == {"cooldown.after_decline": "false"}
    assert look.standing() == "eligible"


def test_the_day_of_an_answer_noted_on_the_ask_itself_goes_before_that_of_its_match(customer: Any) -> None:
    customer.put("match", "m", profile="ada_profile", customer_response="declined", responded_on=days_ago(200))
    noted = {"contact": "ada", "match": "m", "type": "logo", "status": "asked"}
    customer.put("activity", "a", responded_on=days_ago(10), **noted)
    assert customer.look().blocking(reference_type="logo") == {"cooldown.after_decline": "false"}


@pytest.mark.parametrize("status", ["asked", "accepted", "scheduled"])
def test_an_open_ask_holds_a_place_under_every_cap(customer: Any, status: str) -> None:
    for name in ("first", "second"):
        customer.put("activity", name, contact="ada", type="call", status=status, asked_on=days_ago(200))
    look = customer.look()
    assert look.blocking()["tolerance.calls_quarter"] == "false"
    assert look.reason("tolerance.calls_quarter").free_on is None
    assert look.row()["reservations"] == 2
    assert look.row()["left_calls_quarter"] == 0


@pytest.mark.parametrize("status", ["cancelled"])
def test_a_cancelled_ask_counts_nothing(customer: Any, status: str) -> None:
    for name in ("first", "second"):
        customer.put("activity", name, contact="ada", type="call", status=status, asked_on=days_ago(1))
    assert customer.look().standing() == "eligible"


def test_a_missed_one_counts_on_the_day_it_should_have_happened(customer: Any, program: Program) -> None:
    for name in ("first", "second"):
        customer.put("activity", name, contact="ada", type="call", status="missed", scheduled_on=days_ago(89))
    only = without_rests(program)
    assert customer.look(only).blocking()["tolerance.calls_quarter"] == "false"
    customer.put("activity", "first", scheduled_on=days_ago(90))
    assert "tolerance.calls_quarter" not in customer.look(only).blocking()


class TestMatchesHoldPeople:
    def hold(self, customer: Any, **fields: Any) -> Any:
        for name in ("one", "two"):
            customer.put("request", f"deal_{name}", type="call")
            given = {"profile": "ada_profile", "request": f"deal_{name}", "state": "proposed"}
            customer.put("match", name, **(given | fields))
        return customer.look()

    @pytest.mark.parametrize(("until", "holds"), [(-1, False), (0, True), (5, True)])
    def test_until_the_reservation_ends(self, customer: Any, until: int, holds: bool) -> None:
        look = self.hold(customer, reserved_until=TODAY + timedelta(days=until))
        assert ("tolerance.calls_quarter" in look.blocking()) is holds
        if holds:
            assert look.reason("tolerance.calls_quarter").free_on == TODAY + timedelta(days=until + 1)

    @pytest.mark.parametrize("state", ["closed", "superseded"])
    def test_not_when_the_match_is_gone(self, customer: Any, state: str) -> None:
        assert self.hold(customer, reserved_until=TODAY, state=state).standing() == "eligible"

    @pytest.mark.parametrize("state", ["frozen", None])
    def test_also_when_its_state_is_frozen_or_not_known(self, customer: Any, state: str | None) -> None:
        assert "tolerance.calls_quarter" in self.hold(customer, reserved_until=TODAY, state=state).blocking()

    def test_asked_ones_hold_past_their_reservation(self, customer: Any) -> None:
        look = self.hold(customer, asked_on=days_ago(40), reserved_until=days_ago(20))
        assert look.blocking()["tolerance.calls_quarter"] == "false"
        assert look.reason("tolerance.calls_quarter").free_on is None

    def test_completed_ones_count_as_uses(self, customer: Any) -> None:
        look = self.hold(customer, asked_on=days_ago(40), customer_response="accepted", completed_on=days_ago(31))
        assert look.blocking()["tolerance.calls_quarter"] == "false"
        assert look.row()["calls_90d"] == 2
        assert look.row()["reservations"] == 0

    def test_not_besides_their_own_activity(self, customer: Any) -> None:
        self.hold(customer, reserved_until=TODAY)
        customer.put("activity", "a", contact="ada", match="one", type="call", status="asked", asked_on=TODAY)
        assert customer.look().row()["reservations"] == 2
        customer.put("activity", "b", contact="ada", match="two", type="call", status="cancelled")
        assert customer.look().row()["reservations"] == 1

    def test_for_a_request_of_unknown_type_of_any_type(self, customer: Any) -> None:
        self.hold(customer, reserved_until=TODAY)
        customer.put("request", "deal_one", type=None)
        look = customer.look()
        assert look.blocking()["tolerance.calls_quarter"] == "unknown"
        assert look.blocking(reference_type="site_visit")["tolerance.effort_year"] == "false"
        assert look.blocking(reference_type="case_study")["tolerance.effort_year"] == "unknown"


class TestHeldAsks:
    """An ask that waits for an answer is not refused because of itself."""

    def held(self, look: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = look.verdicts.held.to_pylist()
        return rows

    def test_an_open_ask_does_not_count_itself(self, customer: Any) -> None:
        customer.put("profile", "ada_profile", max_calls_quarter=1.0).put("request", "deal", type="call")
        customer.put("match", "m", request="deal", profile="ada_profile", state="proposed", reserved_until=TODAY)
        look = customer.look()
        assert look.blocking() == {"tolerance.calls_quarter": "false"}
        (row,) = self.held(look)
        assert (row["request_id"], row["match_id"], row["activity_id"]) == ("deal", "m", None)
        assert (row["contact_id"], row["reference_type"], row["failed"], row["unknown"]) == ("ada", "call", 0, 0)

    def test_of_one_too_many_every_one_is_refused(self, customer: Any) -> None:
        customer.put("profile", "ada_profile", max_calls_quarter=1.0)
        for name in ("first", "second"):
            customer.put("activity", name, contact="ada", type="call", status="asked")
        assert all(row["failed"] for row in self.held(customer.look()))

    def test_what_is_not_known_stays_unknown(self, customer: Any) -> None:
        customer.put("profile", "ada_profile", max_calls_quarter=1.0)
        customer.put("activity", "first", contact="ada", type="call", status="asked")
        customer.put("activity", "second", contact="ada", type="call", status=None)
        (row,) = self.held(customer.look())
        assert row["unknown"]
        hidden = customer.look(unreadable=frozenset({("profile", "max_calls_quarter")}))
        assert self.held(hidden)[0]["unknown"]

    def test_other_reasons_still_count(self, customer: Any) -> None:
        customer.put("account", "acme", in_dispute=True, renewal_on=days_ago(-50))
        customer.put("activity", "first", contact="ada", type="call", status="asked")
        (row,) = self.held(customer.look())
        assert row["failed"]
        assert row["caution"]

    def test_nobody_is_held_by_nothing(self, customer: Any) -> None:
        assert self.held(customer.look()) == []


class TestUnknownUsage:
    """What may have happened counts; what certainly happened fails; between them nobody knows."""

    def test_a_use_without_a_day_may_still_be_in_every_window(self, customer: Any) -> None:
        look = customer.used("call", None).used("call", None).look()
        assert look.blocking()["tolerance.calls_quarter"] == "unknown"
        assert look.blocking()["cooldown.after_call"] == "unknown"
        reason = look.reason("tolerance.calls_quarter")
        assert "Completed_On__c" in reason.remedy
        assert "use000" in reason.remedy

    def test_a_use_of_unknown_type_may_be_any(self, customer: Any) -> None:
        look = customer.used(None, days_ago(10)).look()
        assert look.blocking()["cooldown.after_call"] == "unknown"
        assert look.blocking(reference_type="logo")["cooldown.after_big_ask"] == "unknown"
        assert look.blocking(reference_type="site_visit")["tolerance.effort_year"] == "unknown"

    def test_an_ask_of_unknown_status_may_be_a_use_or_a_decline(self, customer: Any) -> None:
        look = customer.put("activity", "odd", contact="ada", type="logo", status=None, asked_on=days_ago(900)).look()
        assert look.blocking(reference_type="logo")["cooldown.after_decline"] == "unknown"
        assert "cooldown.after_decline" not in look.blocking()
        assert look.row()["uses_365d"] == 1

    def test_a_decline_without_a_day_is_unknown(self, customer: Any) -> None:
        look = customer.put("activity", "no", contact="ada", type="logo", status="declined").look()
        assert look.blocking(reference_type="logo") == {"cooldown.after_decline": "unknown"}

    def test_certain_uses_fail_whatever_else_is_unknown(self, customer: Any) -> None:
        look = customer.used("call", days_ago(40)).used("call", days_ago(41)).used(None, None).look()
        assert look.blocking()["tolerance.calls_quarter"] == "false"

    def test_an_activity_that_names_nobody_makes_usage_unknown_for_everybody(self, customer: Any) -> None:
        look = customer.used("call", days_ago(900), contact=None).look()
        assert {truth for rule, truth in look.blocking().items() if "." in rule} == {"unknown"}
        assert "contact" in look.reason("tolerance.calls_year").remedy
        assert "contact" in look.reason("cooldown.after_call").remedy
        assert [table for table, _ in look.verdicts.nameless] == ["activity"]

    @pytest.mark.parametrize("status", ["cancelled"])
    def test_unless_it_counts_nothing(self, customer: Any, status: str) -> None:
        assert customer.used("call", None, contact=None, status=status).look().standing() == "eligible"

    @pytest.mark.parametrize("profile", [None, "gone"])
    @pytest.mark.parametrize(
        "fields",
        [
            {"state": "proposed", "reserved_until": TODAY},
            {"state": "proposed", "asked_on": days_ago(400)},
            {"state": "frozen", "customer_response": "accepted"},
            {"state": "closed", "completed_on": days_ago(31)},
            {"state": "closed", "customer_response": "declined"},
            {"state": None, "reserved_until": TODAY},
        ],
    )
    def test_so_does_a_match_whose_profile_names_nobody(
        self, customer: Any, profile: str | None, fields: dict[str, Any]
    ) -> None:
        customer.put("request", "deal", type="call").put("match", "m", request="deal", profile=profile, **fields)
        look = customer.look()
        assert {truth for rule, truth in look.blocking().items() if "." in rule} == {"unknown"}
        assert "every match its profile" in look.reason("tolerance.calls_year").remedy
        assert "every match its profile" in look.reason("cooldown.after_call").remedy
        assert [table for table, _ in look.verdicts.nameless] == ["match"]

    def test_unless_its_activity_names_them(self, customer: Any) -> None:
        customer.put("match", "m", profile=None, state="proposed", asked_on=days_ago(3))
        customer.put("activity", "a", contact="ada", match="m", type="call", status="asked")
        look = customer.look()
        assert look.standing() == "eligible"
        assert look.row()["reservations"] == 1

    @pytest.mark.parametrize(
        "fields",
        [
            {"state": "closed", "asked_on": days_ago(3)},
            {"state": "superseded", "reserved_until": TODAY},
            {"state": "proposed", "reserved_until": days_ago(1)},
            {"state": "proposed"},
        ],
    )
    def test_or_the_match_holds_nobody(self, customer: Any, fields: dict[str, Any]) -> None:
        assert customer.put("match", "m", profile=None, **fields).look().standing() == "eligible"

    def test_a_profile_without_its_contact_is_known_by_its_key(self, customer: Any) -> None:
        customer.put("profile", "ada_profile", contact=None, key="ada")
        customer.put("match", "m", profile="ada_profile", state="proposed", reserved_until=TODAY)
        assert customer.look().row()["reservations"] == 1
        customer.put("profile", "ada_profile", key=None)
        assert customer.look().blocking()["tolerance.calls_quarter"] == "unknown"

    @pytest.mark.parametrize(
        "hidden",
        [
            ("activity", "status"),
            ("activity", "contact"),
            ("match", "profile"),
            ("request", "type"),
            ("profile", "key"),
        ],
    )
    def test_a_column_nobody_could_read_makes_usage_unknown(self, customer: Any, hidden: tuple[str, str]) -> None:
        look = customer.look(unreadable=frozenset({hidden}))
        assert look.blocking()["tolerance.calls_quarter"] == "unknown"
        assert look.blocking()["cooldown.after_call"] == "unknown"
        assert look.row()["left_calls_year"] is None


def test_a_type_no_cap_counts_is_refused(customer: Any, program: Program) -> None:
    caps = tuple(cap.model_copy(update={"counts": ("call",)}) for cap in program.tolerance.caps)
    only_calls = replace(program, tolerance=program.tolerance.model_copy(update={"caps": caps}))
    look = customer.look(only_calls)
    assert look.blocking(reference_type="logo") == {"tolerance.uncapped": "false"}
    assert look.standing() == "eligible"


def test_an_own_limit_that_a_cap_cannot_have_is_unknown(customer: Any, program: Program) -> None:
    first, *rest = program.tolerance.caps
    odd = first.model_copy(update={"own_limit": ("profile.max_calls_quarter", "contact.nps")})
    changed = replace(program, tolerance=program.tolerance.model_copy(update={"caps": (odd, *rest)}))
    assert customer.look(changed).blocking() == {"tolerance.calls_quarter": "unknown"}


def test_usage_shown_on_the_profile(customer: Any) -> None:
    customer.used("call", days_ago(89)).used("call", days_ago(90)).used("logo", days_ago(179)).used(
        "quote", days_ago(180)
    )
    customer.used("recording", days_ago(364)).used("case_study", days_ago(365))
    row = customer.look().row()
    assert (row["calls_90d"], row["activations_180d"], row["uses_365d"]) == (1, 3, 5)
    assert row["effort_365d"] == 1 + 1 + 0.5 + 0.5 + 3


class TestNextAvailable:
    def test_nothing_while_something_is_free(self, customer: Any) -> None:
        assert customer.look().row()["next_available_on"] is None

    def test_the_first_approved_type_that_is_free_again(self, customer: Any) -> None:
        customer.used("call", days_ago(10))
        assert customer.look().row()["next_available_on"] == TODAY + timedelta(days=20)

    def test_only_approved_types(self, customer: Any) -> None:
        customer.put("activity", "no", contact="ada", type="logo", status="declined", responded_on=days_ago(10))
        customer.put("profile", "ada_profile", approved_types=["logo"])
        assert customer.look().row()["next_available_on"] == TODAY + timedelta(days=170)

    def test_nothing_when_it_is_not_dated(self, customer: Any) -> None:
        customer.put("profile", "ada_profile", max_activations_half_year=0.0)
        assert customer.look().row()["next_available_on"] is None

    def test_past_the_blackout_that_follows(self, customer: Any) -> None:
        free = TODAY + timedelta(days=20)
        customer.used("call", days_ago(10))
        customer.put("profile", "ada_profile", blackouts=f"{free}..{free + timedelta(days=4)} trade fair")
        row = customer.look().row()
        assert row["next_available_on"] == free + timedelta(days=5)
        assert row["free_on_call"] == free + timedelta(days=5)

    def test_nobody_without_a_profile(self, customer: Any) -> None:
        customer.drop("profile", "ada_profile").used("call", days_ago(10))
        assert customer.look().row()["next_available_on"] is None


def test_check_in_counts_from_the_last_word(customer: Any) -> None:
    assert customer.look().row()["next_check_in_on"] is None
    customer.used("call", days_ago(200), thanked_on=days_ago(199))
    assert customer.look().row()["next_check_in_on"] == days_ago(199) + timedelta(days=90)
    customer.put("task", "t", who="ada", closed=True, due_on=days_ago(50)).put(
        "task", "u", who="ada", closed=False, due_on=TODAY
    )
    assert customer.look().row()["next_check_in_on"] == days_ago(50) + timedelta(days=90)
    customer.put("task", "v", who="ada", closed=True, due_on=days_ago(30), key="of the worker")
    assert customer.look().row()["next_check_in_on"] == days_ago(50) + timedelta(days=90)
    customer.put("profile", "ada_profile", briefed_on=days_ago(20))
    assert customer.look().row()["next_check_in_on"] == days_ago(20) + timedelta(days=90)


def test_a_cap_that_nobody_can_lower_has_its_own_limit(customer: Any, program: Program) -> None:
    (quarter,) = (cap for cap in program.tolerance.caps if cap.id == "calls_quarter")
    alone = replace(
        program,
        tolerance=program.tolerance.model_copy(update={"caps": (quarter.model_copy(update={"own_limit": None}),)}),
    )
    customer.put("profile", "ada_profile", max_calls_quarter=0.0)
    hidden = frozenset({("profile", "max_calls_quarter")})
    assert "tolerance.calls_quarter" not in customer.look(alone, unreadable=hidden).blocking()
    customer.used("call", days_ago(40)).used("call", days_ago(41))
    assert customer.look(alone).blocking()["tolerance.calls_quarter"] == "false"


def test_without_a_cap_per_person_nothing_is_asked(customer: Any, program: Program) -> None:
    caps = tuple(cap for cap in program.tolerance.caps if cap.per == "account")
    look = customer.look(replace(program, tolerance=program.tolerance.model_copy(update={"caps": caps})))
    for reference_type in TYPES:
        assert look.blocking(reference_type=reference_type) == {"tolerance.uncapped": "false"}


@pytest.mark.parametrize("per", ["person", "account"])
def test_a_cap_that_counts_only_what_the_program_lacks_is_never_reached(
    customer: Any, program: Program, per: str
) -> None:
    customer.used("call", days_ago(40))
    other = {"counts": ("podcast",), "per": per, "id": "podcasts", "own_limit": None}
    cap = program.tolerance.caps[0].model_copy(update=other)
    tolerance = program.tolerance.model_copy(update={"caps": (*program.tolerance.caps, cap)})
    look = customer.look(replace(program, tolerance=tolerance))
    assert look.blocking() == {}
    assert look.row()["left_podcasts"] == cap.limit
