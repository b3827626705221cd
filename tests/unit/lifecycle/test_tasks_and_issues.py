"""Tasks once per duty and completed when the fact is gone; issues once per problem and resolved likewise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from crm_sync.lifecycle.issues import desired_issues, hidden_fields
from crm_sync.lifecycle.profiles import desired_profiles
from crm_sync.lifecycle.tasks import desired_tasks
from crm_sync.lifecycle.world import digest, match_key
from crm_sync.model.matches import Candidate, Slate
from crm_sync.model.records import Link
from crm_sync.model.verdict import Verdict
from crm_sync.program.mappings import Joined

TODAY = date(2026, 3, 11)
MAYBE = Verdict("003000000000001AAA", None, "call", "blocked", ())
CONTACT, ACCOUNT, OWNER, REQUEST = (
    "003000000000001AAA",
    "001000000000001AAA",
    "005000000000001AAA",
    "a03000000000001AAA",
)
PROFILE = {"id": "a01000000000001AAA", "contact": CONTACT, "status": "active"}
BASE: dict[str, Any] = {
    "contact": [{"id": CONTACT, "account": ACCOUNT, "opted_out": False, "email_opt_out": False}],
    "account": [{"id": ACCOUNT, "owner": OWNER}],
    "user": [{"id": OWNER, "active": True}, {"id": "005000000000009AAA", "active": True, "role": "program_owner"}],
}
DONE = {
    "id": "a07000000000001AAA",
    "contact": CONTACT,
    "type": "call",
    "status": "completed",
    "completed_on": date(2026, 3, 6),
}


def test_a_thank_you_is_due_once_and_completed_when_it_was_said(world_of: Any) -> None:
    (opened,) = desired_tasks(world_of(**BASE, activity=[DONE]))
    assert opened.on_create["due_on"] == date(2026, 3, 9)
    assert opened.on_create["owner"] == OWNER
    assert opened.on_create["who"] == CONTACT
    task = {"id": "00T000000000001AAA", "key": opened.key, "closed": False}
    assert list(desired_tasks(world_of(**BASE, activity=[DONE], task=[task]))) == []
    (completed,) = desired_tasks(world_of(**BASE, activity=[DONE | {"thanked_on": TODAY}], task=[task]))
    assert completed.fields == {"status": "completed"}


def test_the_orgs_holidays_return_each_year_and_nobody_thanks_on_them(world_of: Any) -> None:
    holiday = {"id": "0C0000000000001AAA", "on": date(2024, 3, 9), "recurring": True, "recurrence": "yearly"}
    holiday |= {"recurs_from": date(2024, 3, 9), "recurs_month": 3, "recurs_day": 9}
    (opened,) = desired_tasks(world_of(**BASE, activity=[DONE], holiday=[holiday]))
    assert opened.on_create["due_on"] == date(2026, 3, 10)


def test_a_task_a_person_made_or_completed_is_left_alone(world_of: Any) -> None:
    tasks = [
        {"id": "00T000000000001AAA", "key": None, "closed": False},
        {"id": "00T000000000002AAA", "key": "k", "closed": True},
    ]
    assert list(desired_tasks(world_of(**BASE, task=tasks))) == []


def test_a_thank_you_of_long_ago_would_only_embarrass(world_of: Any) -> None:
    old = DONE | {"completed_on": TODAY - timedelta(days=31)}
    assert list(desired_tasks(world_of(**BASE, activity=[old]))) == []


def test_the_owner_decides_before_the_customer_hears_of_it(world_of: Any) -> None:
    candidate = Candidate(CONTACT, 1, 80, {}, True, ("Same industry.",), ("Renewal is near.",))
    slates = [Slate(REQUEST, "matched", (candidate,), ())]
    (opened,) = desired_tasks(world_of(**BASE, request=[{"id": REQUEST, "type": "call"}], slates=slates))
    assert opened.key == digest("owner_decision", match_key(REQUEST, CONTACT), "2026-03-13")
    assert opened.on_create["what"] == Link("match", match_key(REQUEST, CONTACT))
    assert "Mind: Renewal is near." in str(opened.on_create["description"])
    decided = {
        "id": "a02000000000001AAA",
        "key": match_key(REQUEST, CONTACT),
        "request": REQUEST,
        "owner_decision": "approved",
    }
    asked = decided | {"asked_on": TODAY, "profile": PROFILE["id"]}
    judged = [{"match_id": asked["id"], "contact_id": CONTACT, "reference_type": "call", "failed": 0, "unknown": 0}]
    rows = BASE | {"request": [{"id": REQUEST, "stage": "submitted", "type": "call"}], "profile": [PROFILE]}
    assert list(desired_tasks(world_of(**rows, match=[asked], slates=slates, held=judged))) == []


def test_a_check_in_comes_when_nobody_has_spoken_for_the_cadence(world_of: Any) -> None:
    judged = [{"contact_id": CONTACT, "next_check_in_on": TODAY}]
    (opened,) = desired_tasks(world_of(**BASE, profile=[PROFILE], judged=judged))
    assert "Check in" in str(opened.on_create["subject"])
    later = [{"contact_id": CONTACT, "next_check_in_on": TODAY + timedelta(days=1)}]
    assert not list(desired_tasks(world_of(**BASE, profile=[PROFILE], judged=later)))


def test_a_check_in_that_was_done_moves_the_next_one_and_no_other_task_of_the_worker_does(world_of: Any) -> None:
    due_on = TODAY - timedelta(days=100)
    rows = BASE | {"profile": [PROFILE], "judged": [{"contact_id": CONTACT, "next_check_in_on": due_on}]}
    (opened,) = desired_tasks(world_of(**rows))
    done = {"id": "00T000000000001AAA", "key": opened.key, "closed": True, "due_on": TODAY - timedelta(days=95)}
    (again,) = desired_tasks(world_of(**rows, task=[done]))
    assert again.key == digest("check_in", PROFILE["id"], (TODAY - timedelta(days=5)).isoformat())
    lately = done | {"due_on": TODAY - timedelta(days=80)}
    assert list(desired_tasks(world_of(**rows, task=[lately]))) == []
    other = lately | {"key": digest("owner_decision", "m", "2026-01-01")}
    assert [wanted.key for wanted in desired_tasks(world_of(**rows, task=[other]))] == [opened.key]


def test_the_check_in_of_a_paused_reference_waits_and_is_not_counted_as_done(world_of: Any) -> None:
    rows = BASE | {"judged": [{"contact_id": CONTACT, "next_check_in_on": TODAY}]}
    (opened,) = desired_tasks(world_of(**rows, profile=[PROFILE]))
    paused = [PROFILE | {"status": "paused"}]
    assert list(desired_tasks(world_of(**rows, profile=paused))) == []
    task = {"id": "00T000000000001AAA", "key": opened.key, "closed": False, "status": "not_started"}
    (waits,) = desired_tasks(world_of(**rows, profile=paused, task=[task]))
    assert waits.fields == {"status": "deferred"}


def test_nobody_is_sent_to_whoever_asked_to_be_forgotten_and_what_was_to_do_is_over(world_of: Any) -> None:
    judged = [{"contact_id": CONTACT, "next_check_in_on": TODAY}]
    asking = {"contact": [{"id": CONTACT, "account": ACCOUNT, "individual": "0PK", "title": "CIO"}]}
    asking |= {"individual": [{"id": "0PK", "forget": True}]}
    (opened,) = desired_tasks(world_of(**BASE, profile=[PROFILE], judged=judged))
    task = {"id": "00T000000000001AAA", "key": opened.key, "closed": False, "status": "not_started"}
    world = world_of(
        **(BASE | asking), profile=[PROFILE], judged=judged, task=[task], explanations={CONTACT: {"call": MAYBE}}
    )
    (over,) = desired_tasks(world)
    assert over.fields == {"status": "completed"}
    (profile,) = desired_profiles(world)
    assert profile.fields["title"] is None


def test_a_consent_that_runs_out_is_raised_with_the_owner_of_an_active_reference_only(world_of: Any) -> None:
    consent = {
        "id": "a06000000000001AAA",
        "contact": CONTACT,
        "use": "quote",
        "status": "granted",
        "valid_to": TODAY + timedelta(days=20),
    }
    (opened,) = desired_tasks(world_of(**BASE, profile=[PROFILE], consent=[consent]))
    assert opened.on_create["due_on"] == TODAY + timedelta(days=20)
    assert not list(desired_tasks(world_of(**BASE, profile=[PROFILE | {"status": "retired"}], consent=[consent])))


QUEUE = {"id": "00G000000000001AAA", "developer_name": "Reference_Program", "kind": "Queue"}


def test_without_anybody_active_tasks_and_issues_belong_to_the_queue(world_of: Any) -> None:
    gone = BASE | {"user": [row | {"active": False} for row in BASE["user"]], "queue": [QUEUE]}
    (opened,) = desired_tasks(world_of(**gone, activity=[DONE]))
    assert opened.on_create["owner"] == QUEUE["id"]
    (issue,) = desired_issues(world_of(**gone, profile=[PROFILE | {"approved_types": []}]))
    assert (issue.on_create["owner"], issue.fields["assigned_to"]) == (QUEUE["id"], None)
    (known,) = desired_issues(
        world_of(**(gone | {"user": [BASE["user"][0] | {"active": False}, BASE["user"][1]]}), profile=[PROFILE])
    )
    assert "owner" not in known.on_create


ASSET = {"id": "a05000000000001AAA", "contact": CONTACT, "type": "quote", "status": "published", "owner": OWNER}
QUOTED = {
    "id": "a06000000000001AAA",
    "contact": CONTACT,
    "use": "quote",
    "status": "granted",
    "valid_from": date(2025, 12, 1),
    "evidence": "https://example.com/e",
    "text_version": "3",
    "legal_restriction": False,
}
TAKEN_BACK = QUOTED | {"status": "withdrawn", "withdrawn_on": date(2026, 3, 10)}


def test_what_no_consent_covers_any_more_is_taken_down_by_its_owner(world_of: Any) -> None:
    assert list(desired_tasks(world_of(**BASE, asset=[ASSET], consent=[QUOTED]))) == []
    (opened,) = desired_tasks(world_of(**BASE, asset=[ASSET], consent=[TAKEN_BACK]))
    assert "no consent covers it" in str(opened.on_create["subject"])
    assert (opened.on_create["owner"], opened.on_create["what"]) == (OWNER, ASSET["id"])
    assert opened.on_create["due_on"] == date(2026, 3, 12)
    task = {"id": "00T000000000001AAA", "key": opened.key, "closed": False}
    pending = QUOTED | {"id": "a06000000000002AAA", "status": "pending"}
    for consents in ([TAKEN_BACK], [TAKEN_BACK, pending]):
        assert list(desired_tasks(world_of(**BASE, asset=[ASSET], consent=consents, task=[task]))) == []
    gone = (
        {"asset": [ASSET | {"status": "withdrawn"}], "consent": [TAKEN_BACK]},
        {"asset": [ASSET], "consent": [TAKEN_BACK, QUOTED | {"id": "a06000000000002AAA"}]},
    )
    for rows in gone:
        (done,) = desired_tasks(world_of(**BASE, **rows, task=[task]))
        assert done.fields == {"status": "completed"}
    closed = task | {"closed": True}
    assert list(desired_tasks(world_of(**BASE, asset=[ASSET], consent=[TAKEN_BACK], task=[closed]))) == []
    again = TAKEN_BACK | {"withdrawn_on": TODAY}
    (next_one,) = desired_tasks(world_of(**BASE, asset=[ASSET], consent=[again], task=[closed]))
    assert next_one.key != opened.key


def test_what_was_never_covered_ran_out_or_is_of_somebody_to_be_forgotten_is_taken_down_too(world_of: Any) -> None:
    asking = {"contact": [{"id": CONTACT, "account": ACCOUNT, "individual": "0PK"}]}
    asking |= {"individual": [{"id": "0PK", "forget": True}]}
    for rows in (
        {},
        {"consent": [QUOTED | {"valid_to": TODAY}]},
        {"consent": [QUOTED | {"legal_restriction": True}]},
        {"consent": [TAKEN_BACK], **asking},
    ):
        (opened,) = desired_tasks(world_of(**(BASE | rows), asset=[ASSET | {"owner": "005000000000002AAA"}]))
        assert opened.on_create["owner"] == "005000000000009AAA"
        assert opened.on_create["who"] is None


def test_the_thirty_day_reminder_is_a_task_of_its_own_that_takes_the_place_of_the_sixty_day_one(world_of: Any) -> None:
    """Two tasks, so that one done early does not stand for the other: each has its own limit in its key."""

    def tasks(days: int, *held: dict[str, Any]) -> dict[str, Any]:
        consent = {"id": "a06000000000001AAA", "contact": CONTACT, "use": "quote", "status": "granted"}
        consent |= {"valid_to": TODAY + timedelta(days=days)}
        found = desired_tasks(world_of(**BASE, profile=[PROFILE], consent=[consent], task=list(held)))
        return {str(one.key): one.fields.get("status", "opened") for one in found}

    end = TODAY + timedelta(days=60)
    assert tasks(61) == {}
    (sixty,) = tasks(60)
    assert sixty == digest("consent_expiring", "a06000000000001AAA", end.isoformat(), "60")
    (at_31,) = tasks(31)
    (at_30,) = tasks(30)
    ends = [(TODAY + timedelta(days=days)).isoformat() for days in (31, 30)]
    assert at_31 == digest("consent_expiring", "a06000000000001AAA", ends[0], "60")
    assert at_30 == digest("consent_expiring", "a06000000000001AAA", ends[1], "30")
    earlier = digest("consent_expiring", "a06000000000001AAA", ends[1], "60")
    still_open = {"id": "00T000000000001AAA", "key": earlier, "closed": False}
    assert tasks(30, still_open) == {earlier: "completed", at_30: "opened"}
    assert tasks(30, still_open | {"closed": True}) == {at_30: "opened"}
    assert tasks(30, still_open | {"key": at_30}) == {}


@pytest.mark.parametrize(
    ("other", "is_over"),
    [
        ({"status": "pending"}, True),
        ({"status": "granted", "valid_to": TODAY + timedelta(days=400)}, True),
        ({"status": "granted", "valid_to": TODAY + timedelta(days=20)}, False),
        ({"status": "refused", "valid_to": TODAY + timedelta(days=400)}, False),
        ({"status": "granted", "valid_to": TODAY + timedelta(days=400), "use": "logo"}, False),
    ],
)
def test_a_renewal_closes_the_reminder(world_of: Any, other: dict[str, Any], is_over: bool) -> None:
    ending = {"contact": CONTACT, "use": "quote", "status": "granted", "valid_to": TODAY + timedelta(days=20)}
    consents = [{"id": "a06000000000001AAA", **ending}]
    (opened,) = desired_tasks(world_of(**BASE, profile=[PROFILE], consent=consents))
    task = {"id": "00T000000000001AAA", "key": opened.key, "closed": False}
    consents.append({"id": "a06000000000002AAA", "contact": CONTACT, "use": "quote", **other})
    found = {
        one.key: one.fields.get("status")
        for one in desired_tasks(world_of(**BASE, profile=[PROFILE], consent=consents, task=[task]))
    }
    assert (found.get(opened.key) == "completed") is is_over


def test_a_reference_unused_for_long_is_raised_once_for_each_such_period(world_of: Any, program: Any) -> None:
    days = program.cadence.unused_reference_days

    def keys(since: int, *held: dict[str, Any], **judged: int) -> dict[str, Any]:
        used = DONE | {"completed_on": TODAY - timedelta(days=since), "thanked_on": TODAY - timedelta(days=since)}
        free = {"contact_id": CONTACT, "failed_call": 0, "unknown_call": 0, **judged}
        world = world_of(**BASE, profile=[PROFILE], activity=[used], judged=[free], task=list(held))
        return {str(one.key): one.fields.get("status", one.on_create.get("subject")) for one in desired_tasks(world)}

    assert keys(days - 1) == {}
    ((key, subject),) = keys(days).items()
    assert "has not been called on for long" in subject
    since = (TODAY - timedelta(days=days)).isoformat()
    assert key == digest("unused", PROFILE["id"], since, "1")
    done = {"id": "00T000000000001AAA", "key": key, "closed": True}
    assert keys(days, done) == {}
    assert len(keys(2 * days, done)) == 1, "the next period is raised anew"
    assert keys(days, failed_call=1) == {}, "nobody who may not be asked"
    assert keys(days, unknown_call=1) == {}
    assert keys(3, done | {"closed": False}) == {key: "completed"}, "somebody called on them"


def test_an_unmapped_value_is_one_issue_however_many_records_hold_it(world_of: Any) -> None:
    strange = [{"object": "account", "id": str(n), "field": "industry", "value": "Quantum"} for n in range(3)]
    (wanted,) = desired_issues(world_of(**BASE, unmapped=strange))
    assert "3 records of account hold 'Quantum'" in str(wanted.fields["summary"])
    assert "mappings/account.yaml" in str(wanted.fields["remedy"])


@pytest.mark.parametrize(("active", "owner"), [(True, "005000000000008AAA"), (False, "005000000000009AAA")])
def test_what_is_wrong_with_fields_and_mappings_is_the_admins(world_of: Any, active: bool, owner: str) -> None:
    admin = {"id": "005000000000008AAA", "active": active, "role": "admin"}
    strange = [{"object": "account", "id": "1", "field": "industry", "value": "Quantum"}]
    hidden = frozenset({("account", "health_score")})
    made = world_of(**BASE | {"user": [*BASE["user"], admin]}, unmapped=strange, unreadable=hidden)
    issues = [*desired_issues(made), *hidden_fields(made.snapshot, [("account", "Legal_Hold__c")])]
    kinds = sorted(str(one.on_create["kind"]) for one in issues)
    assert kinds == ["Unmapped value", "Unreadable field", "Unreadable field"]
    assert {one.fields["assigned_to"] for one in issues} == {owner}


def test_an_unreadable_field_names_the_orgs_own_field(world_of: Any) -> None:
    (wanted,) = desired_issues(world_of(**BASE, unreadable=frozenset({("account", "health_score")})))
    assert "Account.Health_Score__c cannot be read" in str(wanted.fields["summary"])


def joined(world: Any, newest_by: str | None) -> Any:
    """The world of an org with health on an object of its own: acme has two rows, none of which counts."""
    account = world.program.mappings["account"]
    score = replace(account.fields["health_score"], field="Score__c", home="health")
    health = Joined("health", "Customer_Health__c", "Account__c", newest_by)
    moved = replace(account, fields={**account.fields, "health_score": score}, joined={"health": health})
    program = replace(world.program, mappings={**world.program.mappings, "account": moved})
    accounts = world.snapshot.tables["account"]
    columns = {"health.id": pa.array([None], pa.string()), "health.rows": pa.array([2])}
    for name, column in columns.items():
        accounts = accounts.append_column(name, column)
    unreadable = frozenset({("account", "health_score")})
    tables = {**world.snapshot.tables, "account": accounts}
    return replace(world, program=program, snapshot=replace(world.snapshot, tables=tables, unreadable=unreadable))


@pytest.mark.parametrize(
    ("newest_by", "remedy"),
    [("renewal_on", "a day of its own in Renewal_Date__c"), (None, "joined.health.newest_by")],
)
def test_several_rows_of_which_none_counts_are_one_issue_with_its_remedy(
    world_of: Any, newest_by: str | None, remedy: str
) -> None:
    found = {one.on_create["kind"]: one.fields for one in desired_issues(joined(world_of(**BASE), newest_by))}
    several = found["Several rows"]
    assert str(several["summary"]).startswith("1 account has several rows of Customer_Health__c")
    assert remedy in str(several["remedy"])
    assert several["record_id"] == BASE["account"][0]["id"]
    assert "Customer_Health__c.Score__c cannot be read" in str(found["Unreadable field"]["summary"])


def test_a_use_of_nobody_is_named_as_it_stops_the_whole_program(world_of: Any) -> None:
    world = world_of(**BASE)
    uses = (("activity", "a01000000000001AAA"), ("activity", "a01000000000002AAA"), ("match", "a05000000000001AAA"))
    stopped = replace(world, verdicts=replace(world.verdicts, nameless=uses))
    found = [one.fields for one in desired_issues(stopped) if one.on_create["kind"] == "Use of nobody"]
    assert sorted((one["record_id"], one["summary"]) for one in found) == [
        (
            "a01000000000001AAA",
            "2 activities without a contact may count for anybody; nobody is asked for anything meanwhile.",
        ),
        (
            "a05000000000001AAA",
            "1 match without a profile may count for anybody; nobody is asked for anything meanwhile.",
        ),
    ]
    assert all(str(one["remedy"]).startswith("Give this ") for one in found)


def test_a_problem_that_is_gone_is_resolved_once(world_of: Any) -> None:
    row = {"id": "a09000000000001AAA", "key": "k", "resolved": False}
    (wanted,) = desired_issues(world_of(**BASE, sync_issue=[row]))
    assert wanted.fields == {"resolved": True}
    assert list(desired_issues(world_of(**BASE, sync_issue=[row | {"resolved": True}]))) == []


def test_an_inactive_owner_of_an_active_reference_is_somebodys_issue(world_of: Any) -> None:
    gone = BASE | {"user": [{"id": OWNER, "active": False}, BASE["user"][1]]}
    (wanted,) = desired_issues(world_of(**gone, profile=[PROFILE]))
    assert wanted.fields["assigned_to"] == "005000000000009AAA"
