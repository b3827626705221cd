"""What went wrong becomes one escalation with a route, an owner and a clock."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm_sync.lifecycle.ask_duties import ask_duties
from crm_sync.lifecycle.concerns import desired_cases
from crm_sync.lifecycle.duties import Duty
from crm_sync.lifecycle.escalations import desired_escalations, escalation_key
from crm_sync.model.records import Link

TODAY = date(2026, 3, 11)
CONTACT, ACCOUNT = "003000000000001AAA", "001000000000001AAA"
OWNER, MANAGER, LEADER, LEGAL, SPONSOR, PROGRAM, REP = (f"00500000000000{n}AAA" for n in range(1, 8))
PEOPLE: dict[str, Any] = {
    "contact": [{"id": CONTACT, "account": ACCOUNT}],
    "account": [{"id": ACCOUNT, "owner": OWNER}],
    "user": [
        {"id": OWNER, "active": True, "manager": MANAGER},
        {"id": MANAGER, "active": True},
        {"id": LEADER, "active": True, "role": "cs_leader"},
        {"id": LEGAL, "active": True, "role": "legal"},
        {"id": SPONSOR, "active": True, "role": "sponsor"},
        {"id": PROGRAM, "active": True, "role": "program_owner"},
        {"id": REP, "active": True},
    ],
}
ACTIVITY = {
    "id": "a07000000000001AAA",
    "contact": CONTACT,
    "type": "call",
    "status": "completed",
    "completed_on": TODAY - timedelta(days=3),
    "requester": REP,
}


@pytest.mark.parametrize(
    ("activity", "kind", "route", "owner"),
    [
        ({"sentiment": "negative", "issues": "Too long"}, "negative_sentiment", "cs_leader", LEADER),
        ({"status": "missed", "missed_by": "rep"}, "missed_commitment", "rep", REP),
        ({"status": "missed", "missed_by": "customer"}, "missed_commitment", "account_owner", OWNER),
        ({"status": "missed", "missed_by": "us"}, "missed_commitment", "program_owner", PROGRAM),
        ({"status": "missed"}, "missed_commitment", "account_owner", OWNER),
        ({"concern_department": "Billing"}, "department_concern", "department", PROGRAM),
    ],
)
def test_each_kind_has_its_route_and_owner(
    world_of: Any, activity: dict[str, Any], kind: str, route: str, owner: str
) -> None:
    (wanted,) = desired_escalations(world_of(**PEOPLE, activity=[ACTIVITY | activity]))
    assert (wanted.on_create["kind"], wanted.fields["route"], wanted.fields["assigned_to"]) == (kind, route, owner)
    assert wanted.on_create["activity"] == ACTIVITY["id"]
    assert wanted.on_create["contact"] == CONTACT
    assert wanted.fields["due_on"] > TODAY  # type: ignore[operator]
    assert wanted.on_create["account"] == ACCOUNT


@pytest.mark.parametrize(("age", "raised"), [(30, 1), (31, 0), (0, 1), (-1, 0)])
def test_history_and_the_future_are_not_news(world_of: Any, age: int, raised: int) -> None:
    activity = ACTIVITY | {"sentiment": "negative", "completed_on": TODAY - timedelta(days=age)}
    assert len(list(desired_escalations(world_of(**PEOPLE, activity=[activity])))) == raised


def test_an_owner_who_left_is_stood_in_for(world_of: Any) -> None:
    gone = [row | {"active": row["id"] != OWNER} for row in PEOPLE["user"]]
    missed = ACTIVITY | {"status": "missed"}
    (wanted,) = desired_escalations(world_of(**(PEOPLE | {"user": gone}), activity=[missed]))
    assert wanted.fields["assigned_to"] == MANAGER
    both = [row | {"active": row["id"] not in (OWNER, MANAGER)} for row in PEOPLE["user"]]
    (wanted,) = desired_escalations(world_of(**(PEOPLE | {"user": both}), activity=[missed]))
    assert wanted.fields["assigned_to"] == PROGRAM


QUEUE, BILLING = "00G000000000001AAA", "00G000000000002AAA"
QUEUES = [
    {"id": "00G000000000000AAA", "developer_name": "Reference_Program", "kind": "Regular"},
    {"id": QUEUE, "developer_name": "Reference_Program", "kind": "Queue"},
    {"id": BILLING, "developer_name": "Reference_Billing", "kind": "Queue"},
    {"id": "00G000000000003AAA", "developer_name": None, "kind": "Queue"},
]
LEFT = [row | {"active": False} for row in PEOPLE["user"]]


@pytest.mark.parametrize(
    ("users", "queues", "assigned", "owner"),
    [
        (PEOPLE["user"], QUEUES, LEADER, None),
        (LEFT, QUEUES, None, QUEUE),
        (LEFT, QUEUES[:1], None, None),
        (LEFT, [], None, None),
        ([row for row in LEFT if row["id"] != PROGRAM] + [PEOPLE["user"][5]], QUEUES, PROGRAM, None),
    ],
)
def test_what_no_active_person_is_there_for_belongs_to_the_queue(
    world_of: Any, users: list[Any], queues: list[Any], assigned: str | None, owner: str | None
) -> None:
    activity = [ACTIVITY | {"sentiment": "negative"}]
    (wanted,) = desired_escalations(world_of(**(PEOPLE | {"user": users}), activity=activity, queue=queues))
    assert (wanted.fields["assigned_to"], wanted.on_create.get("owner")) == (assigned, owner)
    assert owner or "owner" not in wanted.on_create


@pytest.mark.parametrize(
    ("department", "queues", "owner"),
    [("Billing", QUEUES, BILLING), ("Product", QUEUES, QUEUE), ("Facilities", QUEUES, QUEUE), ("Billing", [], None)],
)
def test_the_case_of_a_concern_belongs_to_its_departments_queue(
    world_of: Any, department: str, queues: list[Any], owner: str | None
) -> None:
    activity = [ACTIVITY | {"concern_department": department}]
    (case,) = desired_cases(world_of(**PEOPLE, activity=activity, queue=queues))
    assert case.on_create.get("owner") == owner
    assert owner or "owner" not in case.on_create


CONSENT = {
    "id": "a06000000000001AAA",
    "contact": CONTACT,
    "use": "call",
    "status": "withdrawn",
    "withdrawn_on": TODAY - timedelta(days=1),
}


@pytest.mark.parametrize(
    ("consent", "asks", "raised"),
    [
        (CONSENT, {"activity": [ACTIVITY | {"status": "asked"}]}, 1),
        (CONSENT | {"status": "granted"}, {"activity": [ACTIVITY | {"status": "scheduled"}]}, 1),
        (
            CONSENT | {"status": "granted", "withdrawn_on": TODAY + timedelta(days=1)},
            {"activity": [ACTIVITY | {"status": "asked"}]},
            0,
        ),
        (CONSENT | {"use": "logo"}, {"activity": [ACTIVITY | {"status": "asked"}]}, 0),
        (CONSENT, {"activity": [ACTIVITY]}, 0),
        (
            CONSENT,
            {
                "match": [
                    {
                        "id": "a02000000000001AAA",
                        "request": "a03000000000001AAA",
                        "profile": "a01000000000001AAA",
                        "owner_decision": "approved",
                    }
                ],
                "request": [{"id": "a03000000000001AAA", "type": "call"}],
                "profile": [{"id": "a01000000000001AAA", "contact": CONTACT}],
            },
            1,
        ),
    ],
)
def test_a_withdrawal_while_an_ask_is_open_goes_to_legal(
    world_of: Any, consent: dict[str, Any], asks: dict[str, Any], raised: int
) -> None:
    wanted = list(desired_escalations(world_of(**PEOPLE, consent=[consent], **asks)))
    assert [w.fields["assigned_to"] for w in wanted] == [LEGAL] * raised


TWIN, COLLEAGUE = "003000000000002AAA", "003000000000003AAA"
PROFILE = {"id": "a01000000000001AAA", "contact": CONTACT}


def used(number: int, days_ago: int, **said: Any) -> dict[str, Any]:
    day = TODAY - timedelta(days=days_ago)
    return ACTIVITY | {"id": f"a070000000000{number:02}AAA", "completed_on": day} | said


def test_overuse_goes_to_the_sponsor_with_the_numbers(world_of: Any) -> None:
    calls = [used(n, days) for n, days in enumerate((80, 60, 40, 20))]
    wanted = raised(world_of(**PEOPLE, profile=[PROFILE], activity=calls))[CONTACT]
    assert wanted.fields["assigned_to"] == SPONSOR
    assert wanted.fields["occurrences"] == 2
    assert "Sales calls in 90 days: 4; at most 2 were promised." in str(wanted.fields["evidence"])
    assert "Activations of any type in 6 months: 4; at most 3 were promised." in str(wanted.fields["evidence"])
    assert "19 Feb 2026" in str(wanted.fields["evidence"])


def raised(world: Any) -> dict[str, Any]:
    """The overuse that is raised, by whom or what it is about."""
    wanted = {w.key: w for w in desired_escalations(world) if w.on_create["kind"] == "repeated_overuse"}
    about = {escalation_key("repeated_overuse", subject): subject for subject in (CONTACT, ACCOUNT)}
    return {about[key]: w for key, w in wanted.items()}


@pytest.mark.parametrize(
    ("activity", "own", "about"),
    [
        ([used(n, n) for n in range(2)], {}, []),
        ([used(n, n) for n in range(2)], {"profile": {"max_calls_quarter": 1.0}}, [CONTACT]),
        ([used(n, n) for n in range(3)], {"profile": {"max_calls_quarter": 9.0}}, [CONTACT]),
        ([used(n, n) for n in range(2)], {"account": {"max_calls_quarter": 1.0}}, [ACCOUNT]),
        ([used(n, n, contact=(CONTACT, TWIN)[n % 2]) for n in range(3)], {}, [CONTACT]),
        ([used(n, n, contact=(CONTACT, COLLEAGUE)[n % 2]) for n in range(4)], {}, [ACCOUNT]),
        ([used(n, 30 * n, type="case_study") for n in range(2)], {}, []),
        ([used(n, 70 * n, type="case_study") for n in range(3)], {}, [CONTACT]),
        ([used(n, n, type="logo") for n in range(4)], {}, [CONTACT]),
        ([used(n, 45 * n) for n in range(3)], {}, []),
        ([used(n, 44 * n) for n in range(3)], {}, [CONTACT]),
        ([used(n, n, status="declined") for n in range(4)], {}, []),
        ([used(n, n, status="missed", scheduled_on=TODAY) for n in range(3)], {}, [CONTACT]),
        ([used(n, n, status=("completed", "asked")[n % 2], asked_on=TODAY) for n in range(4)], {}, []),
        ([used(n, n, status=None) for n in range(3)], {}, [CONTACT]),
        ([used(n, n, type=None) for n in range(3)], {}, [CONTACT]),
        ([used(n, n, completed_on=None) for n in range(3)], {}, [CONTACT]),
    ],
)
def test_every_limit_is_watched_with_their_own_by_person_and_by_account(
    world_of: Any, activity: list[dict[str, Any]], own: dict[str, Any], about: list[str]
) -> None:
    rows = PEOPLE | {
        "contact": [{"id": one, "account": ACCOUNT} for one in (CONTACT, TWIN, COLLEAGUE)],
        "account": [PEOPLE["account"][0] | own.get("account", {})],
        "profile": [PROFILE | own.get("profile", {})],
        "activity": activity,
    }
    judged = [{"contact_id": one, "person_key": CONTACT} for one in (CONTACT, TWIN)]
    world = world_of(**rows, judged=[*judged, {"contact_id": COLLEAGUE}])
    assert sorted(raised(world)) == sorted(about)
    for subject, wanted in raised(world).items():
        assert wanted.on_create["account"] == ACCOUNT
        assert wanted.on_create["contact"] == (CONTACT if subject == CONTACT else None)


def test_one_use_that_breaks_several_limits_is_one_occurrence_and_closing_deals_with_it(world_of: Any) -> None:
    studies = [used(n, 30 * n, type="case_study") for n in range(4)]
    wanted = raised(world_of(**PEOPLE, profile=[PROFILE], activity=studies))[CONTACT]
    assert wanted.fields["occurrences"] == 2
    assert "Effort points in a year: 20; at most 10 were promised." in str(wanted.fields["evidence"])
    closed = {"id": "a08000000000001AAA", "key": wanted.key, "status": "closed", "closed_on": TODAY}
    assert raised(world_of(**PEOPLE, profile=[PROFILE], activity=studies, escalation=[closed])) == {}


def test_a_record_that_exists_keeps_its_day_and_its_owner(world_of: Any) -> None:
    key = escalation_key("negative_sentiment", CONTACT)
    held = {"id": "a08000000000001AAA", "key": key, "raised_on": date(2026, 3, 2), "assigned_to": REP}
    world = world_of(**PEOPLE, activity=[ACTIVITY | {"sentiment": "negative"}], escalation=[held])
    (wanted,) = desired_escalations(world)
    assert wanted.fields["due_on"] == date(2026, 3, 4)
    assert wanted.fields["assigned_to"] == REP


def unhappy(number: int, days_ago: int) -> dict[str, Any]:
    day = TODAY - timedelta(days=days_ago)
    return ACTIVITY | {"id": f"a0700000000000{number}AAA", "sentiment": "negative", "completed_on": day}


def test_the_same_cause_is_one_record_with_its_occurrences(world_of: Any) -> None:
    (wanted,) = desired_escalations(world_of(**PEOPLE, activity=[unhappy(1, 9), unhappy(2, 2)]))
    assert wanted.key == escalation_key("negative_sentiment", CONTACT, 1)
    assert wanted.fields["occurrences"] == 2
    assert "02 Mar 2026" in str(wanted.fields["evidence"])
    assert "09 Mar 2026" in str(wanted.fields["evidence"])


@pytest.mark.parametrize(
    ("closed_on", "days_ago", "keys"),
    [(8, 9, []), (9, 9, []), (10, 9, [2]), (None, 9, [])],
)
def test_a_cause_that_comes_back_after_closing_opens_the_next_record(
    world_of: Any, closed_on: int | None, days_ago: int, keys: list[int]
) -> None:
    closed = {
        "id": "a08000000000001AAA",
        "key": escalation_key("negative_sentiment", CONTACT, 1),
        "status": "closed",
        "raised_on": TODAY - timedelta(days=20),
        "closed_on": None if closed_on is None else TODAY - timedelta(days=closed_on),
    }
    wanted = list(desired_escalations(world_of(**PEOPLE, activity=[unhappy(1, days_ago)], escalation=[closed])))
    assert [w.key for w in wanted] == [escalation_key("negative_sentiment", CONTACT, n) for n in keys]


def test_what_an_open_record_was_raised_for_stays_its_evidence(world_of: Any) -> None:
    held = {
        "id": "a08000000000001AAA",
        "key": escalation_key("negative_sentiment", CONTACT, 1),
        "status": "open",
        "raised_on": TODAY - timedelta(days=35),
        "evidence": "Both.",
        "occurrences": 3.0,
    }
    (wanted,) = desired_escalations(world_of(**PEOPLE, activity=[unhappy(1, 40), unhappy(2, 2)], escalation=[held]))
    assert wanted.fields["occurrences"] == 3
    assert wanted.fields["evidence"] == "Both."


def test_a_concern_becomes_a_case_with_a_due_day_and_asks_for_proof(world_of: Any) -> None:
    world = world_of(**PEOPLE, activity=[ACTIVITY | {"concern_department": "Billing", "issues": "Invoices"}])
    (case,) = desired_cases(world)
    assert case.on_create["department"] == "Billing"
    assert case.on_create["reply_due"] == date(2026, 3, 18)
    assert "Invoices" in str(case.on_create["description"])
    (escalation,) = desired_escalations(world)
    assert escalation.fields["case"] == Link("case", str(case.key))
    opened = {"id": "500000000000001AAA", "key": case.key, "reply_due": TODAY - timedelta(days=1), "closed": False}
    rows = {"activity": [ACTIVITY | {"concern_department": "Billing"}]}
    due = {
        "nothing": opened,
        "proof": opened | {"replied_on": TODAY, "reply_evidence": "https://example.com/mail"},
        "day only": opened | {"replied_on": TODAY},
        "early": opened | {"reply_due": TODAY},
        "closed without proof": opened | {"reply_due": TODAY, "closed": True},
    }
    reminded = {name for name, row in due.items() if _replies(world_of(**PEOPLE, **rows, case=[row]))}
    assert reminded == {"nothing", "day only", "closed without proof"}


def _replies(world: Any) -> list[Duty]:
    return [duty for duty in ask_duties(world) if "answered" in duty.subject]
