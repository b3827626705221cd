"""One person may be many contact records: what binds them, and what then holds for all of them."""

from __future__ import annotations

from datetime import date
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from crm_sync.evaluate.people import person_keys


def test_chains_of_bonds_make_one_person() -> None:
    bonds = [("c3", "x"), ("c2", "x"), ("c2", "y"), ("c1", "y"), ("c9", "z"), ("c8", "z")]
    expected = {"c1": "c1", "c2": "c1", "c3": "c1", "c8": "c8", "c9": "c8"}
    for order in permutations(bonds):
        assert person_keys(order) == expected


def test_nobody_is_bound_by_nothing() -> None:
    assert person_keys([]) == {}


BONDS: list[tuple[dict[str, str], dict[str, str]]] = [
    ({"individual": "same"}, {"individual": "same"}),
    ({"email_key": "same"}, {"email_key": "same"}),
    ({"master_record": "twin"}, {}),
    ({"master_record": "gone"}, {"master_record": "gone"}),
]
FORBIDDEN: list[tuple[dict[str, Any], str, str]] = [
    ({"paused": True}, "not_paused", "false"),
    ({"paused": None}, "not_paused", "unknown"),
    ({"status": "paused"}, "not_paused", "false"),
    ({"status": "declined"}, "not_declined_or_retired", "false"),
    ({"status": "retired"}, "not_declined_or_retired", "false"),
    ({"status": None}, "not_declined_or_retired", "unknown"),
    ({"blackouts": "2026-11-02"}, "blackout", "false"),
    ({"blackouts": "sometimes"}, "blackout", "unknown"),
]


def used(customer: Any) -> None:
    customer.used("call", date(2026, 10, 20), contact="twin")
    customer.put("activity", "no", contact="ada", type="logo", status="declined", responded_on=date(2026, 10, 20))


CHANGES: dict[str, Any] = {
    "nothing": lambda c: c,
    "opted_out": lambda c: c.put("contact", "twin", opted_out=True),
    "email_opt_out": lambda c: c.put("contact", "twin", email_opt_out=True),
    "unknown": lambda c: c.put("contact", "twin", opted_out=None),
    "used": used,
    "less": lambda c: c.put("profile", "twin_profile", status="candidate", approved_types=[], briefed_types=None),
    "notice": lambda c: c.put("profile", "twin_profile", notice_days=40.0),
    **{f"forbidden{i}": lambda c, f=f: c.put("profile", "twin_profile", **f) for i, (f, _, _) in enumerate(FORBIDDEN)},
}


def bound(customer: Any, bond: int, change: Any) -> None:
    customer.put("individual", "same", forget=False, no_processing=False, no_solicit=False)
    customer.put("contact", "ada", **BONDS[bond][0]).person("twin", **BONDS[bond][1])
    change(customer)


@pytest.fixture(scope="module")
def twins(together: Any) -> Any:
    return together(
        {
            (bond, name): partial(bound, bond=bond, change=change)
            for bond in range(4)
            for name, change in CHANGES.items()
        }
    )


@pytest.mark.parametrize("bond", range(4))
class TestDuplicates:
    def test_share_a_person(self, twins: Any, bond: int) -> None:
        look = twins[bond, "nothing"]
        assert look.row("ada")["person_key"] == look.row("twin")["person_key"] == f"{look.prefix}ada"
        assert look.standing("ada") == look.standing("twin") == "eligible"

    @pytest.mark.parametrize("wish", ["opted_out", "email_opt_out"])
    def test_share_an_opt_out(self, twins: Any, bond: int, wish: str) -> None:
        look = twins[bond, wish]
        assert look.blocking("ada") == look.blocking("twin") == {"not_opted_out": "false"}

    def test_share_what_is_not_known_of_it(self, twins: Any, bond: int) -> None:
        assert twins[bond, "unknown"].blocking("ada") == {"not_opted_out": "unknown"}

    def test_share_uses_and_declines(self, twins: Any, bond: int) -> None:
        look = twins[bond, "used"]
        assert look.blocking("ada") == {"cooldown.after_call": "false"}
        assert "cooldown.after_decline" in look.blocking("twin", "logo")
        assert look.row("ada")["calls_90d"] == look.row("twin")["calls_90d"] == 1

    @pytest.mark.parametrize("index", range(len(FORBIDDEN)))
    def test_share_what_their_profiles_forbid(self, twins: Any, bond: int, index: int) -> None:
        _, rule, truth = FORBIDDEN[index]
        look = twins[bond, f"forbidden{index}"]
        assert look.blocking("ada")[rule] == truth
        assert look.blocking("twin")[rule] == truth

    def test_share_no_approval(self, twins: Any, bond: int) -> None:
        look = twins[bond, "less"]
        assert look.standing("ada") == "eligible"
        assert look.blocking("twin") == {"active_profile": "false", "approved_type": "false", "briefed": "false"}

    def test_share_the_longest_notice(self, twins: Any, bond: int) -> None:
        look = twins[bond, "notice"]
        assert look.row("ada")["notice_call"] == look.row("twin")["notice_call"] == 40


LOST: dict[str, Any] = {
    "nothing": {},
    "opted_out": {"opted_out": True},
    "email_opt_out": {"email_opt_out": True},
    "left_company": {"left_company": True},
    "unknown": {"opted_out": None},
    "forgotten": {"individual": "same"},
    "shared": {"email_key": "mail"},
}


def merged(customer: Any, lost: dict[str, Any]) -> None:
    """Ada lives on; what Aaron said last was this, and Ada's own record says nothing of it."""
    customer.put("individual", "same", forget=True, no_processing=False, no_solicit=False)
    customer.put(
        "merged_contact", "aaron", **{"opted_out": False, "email_opt_out": False, "left_company": False} | lost
    )
    customer.put("merged_contact", "aaron", master_record="ada").person("other", email_key="mail", opted_out=True)


@pytest.fixture(scope="module")
def merges(together: Any) -> Any:
    return together({name: partial(merged, lost=lost) for name, lost in LOST.items()})


class TestMerges:
    def test_a_survivor_stays_who_it_is(self, merges: Any) -> None:
        look = merges["nothing"]
        assert look.standing("ada") == "eligible"
        assert look.row("ada")["person_key"] == f"{look.prefix}ada"
        assert f"{look.prefix}aaron" not in look.judgement.rows

    @pytest.mark.parametrize(
        ("lost", "blocking"),
        [
            ("opted_out", {"not_opted_out": "false"}),
            ("email_opt_out", {"not_opted_out": "false"}),
            ("left_company", {"still_there": "false"}),
            ("unknown", {"not_opted_out": "unknown"}),
            ("forgotten", {"not_forgotten": "false"}),
            ("shared", {"not_opted_out": "false"}),
        ],
    )
    def test_what_the_loser_said_holds(self, merges: Any, lost: str, blocking: dict[str, str]) -> None:
        assert merges[lost].blocking("ada") == blocking

    def test_chains_of_merges_hold_too(self, customer: Any) -> None:
        customer.put("merged_contact", "first", master_record="second", left_company=True)
        customer.put("merged_contact", "second", master_record="ada", left_company=False)
        assert "still_there" in customer.look().blocking("ada")

    @pytest.mark.parametrize(
        ("field", "rule"),
        [("legal_hold", "no_legal_hold"), ("in_dispute", "no_dispute"), ("confidential", "not_confidential")],
    )
    def test_what_was_said_of_a_merged_company_holds(self, customer: Any, field: str, rule: str) -> None:
        customer.put("merged_account", "acme old", master_record="acme", **{field: True})
        look = customer.look()
        assert look.reason(rule, reference_type="logo").truth == "false"


def test_an_empty_address_binds_nobody(customer: Any) -> None:
    look = customer.put("contact", "ada", email_key="").person("other", email_key="", opted_out=True).look()
    assert look.row("ada")["person_key"] == "ada"
    assert look.standing("ada") == "eligible"


@pytest.mark.parametrize("column", ["individual", "email_key", "master_record"])
def test_a_hidden_identity_refuses_everybody(customer: Any, column: str) -> None:
    blocking = customer.look(unreadable=frozenset({("contact", column)})).blocking()
    assert blocking["not_opted_out"] == blocking["not_forgotten"] == blocking["consent"] == "unknown"
    assert blocking["tolerance.calls_year"] == blocking["blackout"] == "unknown"


class TestIndividuals:
    @pytest.mark.parametrize(
        ("wishes", "rule", "truth"),
        [
            ({"forget": True}, "not_forgotten", "false"),
            ({"no_processing": True}, "not_forgotten", "false"),
            ({"forget": None}, "not_forgotten", "unknown"),
            ({"no_solicit": True}, "not_opted_out", "false"),
            ({"no_solicit": None}, "not_opted_out", "unknown"),
        ],
    )
    def test_their_wishes_hold(self, customer: Any, wishes: dict[str, Any], rule: str, truth: str) -> None:
        given = {"forget": False, "no_processing": False, "no_solicit": False} | wishes
        customer.put("individual", "her", **given).put("contact", "ada", individual="her")
        assert customer.look().blocking() == {rule: truth}

    def test_one_that_is_missing_is_unknown(self, customer: Any) -> None:
        look = customer.put("contact", "ada", individual="nowhere").look()
        assert look.blocking() == {"not_opted_out": "unknown", "not_forgotten": "unknown"}

    @pytest.mark.parametrize("column", ["forget", "no_processing"])
    def test_a_hidden_wish_is_unknown_for_everybody(self, customer: Any, column: str) -> None:
        look = customer.look(unreadable=frozenset({("individual", column)}))
        assert look.blocking() == {"not_forgotten": "unknown"}


class TestTwoProfilesOfOneContact:
    def test_allow_what_both_allow(self, customer: Any) -> None:
        customer.put("profile", "second", contact="ada", status="active", paused=False, approved_types=["logo"])
        look = customer.look()
        assert look.blocking() == {"approved_type": "false", "briefed": "false"}
        assert look.blocking(reference_type="logo") == {"briefed": "false"}

    def test_have_the_more_restrictive_status(self, customer: Any) -> None:
        customer.put("profile", "second", **(customer.rows["profile"]["ada_profile"] | {"id": "second"}))
        assert customer.look().standing() == "eligible"
        assert customer.put("profile", "second", status="invited").look().blocking() == {"active_profile": "false"}

    def test_one_whose_contact_was_cleared_is_found_by_its_key(self, customer: Any) -> None:
        customer.put("profile", "ada_profile", contact=None, key="ada")
        assert customer.look().standing() == "eligible"
