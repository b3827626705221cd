"""Random orgs: a handful of accounts, people, duplicates, profiles, consents, uses, matches, cases and escalations.

Most of them are healthy, so that there is somebody to lose. Used by the laws that hold on every org. Many orgs may be put
side by side in one, where no record of one meets another's, so that they are judged at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

Rows = dict[str, list[dict[str, Any]]]
LINKS = frozenset(
    {"id", "account", "contact", "profile", "request", "match", "individual", "master_record", "email_key", "key"}
)
"""Fields that name a record or bind people together."""
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
TODAY = NOON.date()
TYPES = ("call", "quote", "logo", "recording", "case_study", "site_visit")


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Usually this value, sometimes another or none."""
    return st.integers(0, 15).flatmap(lambda n: st.just(usual) if n else st.sampled_from([*others, None]))


def days(*ago: int) -> st.SearchStrategy[date]:
    return st.sampled_from([TODAY - timedelta(days=days) for days in ago])


ACCOUNTS = st.fixed_dictionaries(
    {
        "region": mostly("EMEA", "APAC"),
        "country": mostly("Germany", "Atlantis"),
        "product": mostly("Core"),
        "implementation_stage": mostly("production", "planned"),
        "health_score": mostly(88.0, 76.0, 60.0),
        "healthy_since": mostly(TODAY - timedelta(days=200), TODAY - timedelta(days=90), TODAY),
        "health_trend": mostly("steady", "falling"),
        "churn_risk": mostly("none", "watch", "active"),
        "customer_since": mostly(date(2023, 1, 15), date(2026, 5, 2), date(2026, 5, 3)),
        "renewal_on": mostly(date(2027, 6, 30), TODAY + timedelta(days=30), TODAY - timedelta(days=1)),
        "in_dispute": mostly(False, True),
        "legal_hold": mostly(False, True),
        "confidential": mostly(False, True),
        "max_calls_quarter": st.sampled_from([None, None, 3.0, 1.0, 0.0]),
    }
)
CONTACTS = st.fixed_dictionaries(
    {
        "account": st.sampled_from(["acc0", "acc1"]),
        "email_key": st.sampled_from([None, None, "shared"]),
        "individual": st.sampled_from([None, None, "ind0"]),
        "nps": mostly(9.0, 8.0, 10.0, 5.0),
        "nps_on": mostly(TODAY - timedelta(days=80), TODAY - timedelta(days=181)),
        "speaks_publicly": mostly("yes", "no", "not_asked"),
        "opted_out": mostly(False, True),
        "email_opt_out": mostly(False, True),
        "left_company": mostly(False, True),
        "nominated": st.booleans(),
    }
)
PROFILES = st.fixed_dictionaries(
    {
        "status": mostly("active", "candidate", "declined", "retired"),
        "approved_types": mostly(list(TYPES), ["call"]),
        "briefed_types": mostly(list(TYPES), ["logo"]),
        "time_zone": mostly("Europe/Berlin", "Pacific/Auckland", "Nowhere"),
        "blackouts": mostly(None, "Mon", "2026-11-03", "2026-12-01..2027-01-01", "some day"),
        "paused": mostly(False, True),
        "max_calls_quarter": st.sampled_from([None, 2.0, 1.0]),
        "max_effort_year": st.sampled_from([None, 5.0]),
    }
)
CONSENTS = st.fixed_dictionaries(
    {
        "contact": st.sampled_from(["con0", "con1", "con2"]),
        "use": mostly("call", *TYPES),
        "status": mostly("granted", "withdrawn", "refused", "pending"),
        "text_version": mostly("3"),
        "evidence": mostly("https://files.example/1"),
        "territory": mostly(["worldwide"], ["EMEA"], ["APAC"]),
        "audience": mostly("anyone", "named"),
        "valid_from": mostly(date(2026, 2, 1), date(2025, 1, 1), TODAY),
        "valid_to": mostly(date(2027, 2, 1), TODAY),
        "withdrawn_on": st.sampled_from([None, None, None, TODAY, date(2026, 1, 1)]),
        "legal_restriction": mostly(False, True),
    }
)
ACTIVITIES = st.fixed_dictionaries(
    {
        "contact": st.sampled_from(["con0", "con1", "con2"]),
        "match": st.sampled_from([None, None, "mat0"]),
        "type": st.sampled_from(TYPES),
        "status": mostly("completed", "asked", "declined", "missed", "cancelled"),
        "completed_on": days(400, 200, 181, 91, 90, 40, 30),
        "scheduled_on": days(400, 90, 40),
        "responded_on": days(400, 180, 20),
    }
)
MATCHES = st.fixed_dictionaries(
    {
        "request": st.just("req0"),
        "profile": st.sampled_from(["pro0", "pro1"]),
        "state": mostly("proposed", "closed", "frozen"),
        "reserved_until": st.sampled_from([TODAY, TODAY - timedelta(days=1), None]),
        "asked_on": st.sampled_from([None, TODAY - timedelta(days=3)]),
        "customer_response": st.sampled_from([None, None, "declined"]),
        "responded_on": days(20, 200),
    }
)


@st.composite
def orgs(draw: st.DrawFn) -> Rows:
    """Draw a whole org. con0 and con1 have profiles; every person has a consent to calls of their own."""
    rows: Rows = {
        "account": draw(st.lists(ACCOUNTS, min_size=2, max_size=2)),
        "contact": draw(st.lists(CONTACTS, min_size=3, max_size=3)),
        "profile": draw(st.lists(PROFILES, min_size=2, max_size=2)),
        "consent": draw(st.lists(CONSENTS, min_size=1, max_size=4)),
        "activity": draw(st.lists(ACTIVITIES, max_size=3)),
        "request": [{"type": draw(st.sampled_from(TYPES))}],
        "match": draw(st.lists(MATCHES, max_size=1)),
        "individual": [
            {"forget": draw(mostly(False, True)), "no_processing": False, "no_solicit": draw(mostly(False, True))}
        ],
        "case": draw(
            st.lists(
                st.fixed_dictionaries(
                    {"account": st.just("acc1"), "priority": mostly("p3", "p1"), "closed": mostly(False, True)}
                ),
                max_size=1,
            )
        ),
        "escalation": draw(
            st.lists(
                st.fixed_dictionaries({"contact": st.just("con1"), "status": mostly("closed", "open")}), max_size=1
            )
        ),
    }
    good = {"use": "call", "status": "granted", "text_version": "3", "evidence": "e", "territory": ["worldwide"]}
    good |= {"audience": "anyone", "valid_from": date(2026, 2, 1), "legal_restriction": False}
    rows["consent"] += [{**good, "contact": f"con{index}"} for index in range(3)]
    for index, profile in enumerate(rows["profile"]):
        profile["contact"] = f"con{index}"
    for mapping, records in rows.items():
        for index, record in enumerate(records):
            record["id"] = f"{mapping[:3]}{index}"
    return rows


def side_by_side(orgs: Iterable[Rows]) -> Rows:
    """Put orgs into one; the ids of each open with its number."""
    every: Rows = {}
    for index, rows in enumerate(orgs):
        for mapping, records in rows.items():
            every.setdefault(mapping, []).extend(
                {name: f"{index}/{value}" if name in LINKS and value else value for name, value in record.items()}
                for record in records
            )
    return every


def names_nobody(rows: Rows) -> bool:
    """Whether something in an org may be anybody's, and so concerns all who are judged with it."""
    persons = {row["id"] for row in rows["profile"] if row.get("contact") or row.get("key")}
    return any(record.get("contact") is None for mapping in ("activity", "consent") for record in rows[mapping]) or any(
        record.get("profile") not in persons for record in rows["match"]
    )
