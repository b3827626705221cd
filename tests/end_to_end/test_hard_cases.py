"""Every hard case of the sample org, after one run: what the org then holds is what the book of cases says has to happen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from crm_sync.pipeline import carry_out, look
from crm_sync.pull import pull
from crm_sync.state.mirror import DuckMirror

BOOK = Path(__file__).parents[2] / "deploy" / "salesforce" / "data" / "recipe" / "hard_cases.yml"
CASES = [case for case in YAML(typ="safe").load(BOOK.read_text(encoding="utf-8"))["cases"] if case.get("expect")]
EXPECTATIONS = [(case["case"], expected) for case in CASES for expected in case["expect"]]
Row = Mapping[str, Any]


class After:
    """The org after a run, by mapping, and what its records are called in the book."""

    def __init__(self, tables: Mapping[str, Any], ids: Mapping[str, str], program: Any) -> None:
        self.rows = {name: table.to_pylist() for name, table in tables.items()}
        self.ids, self.program = ids, program

    def of_case(self, case: str, record: str) -> str:
        """The id of a case's record."""
        return self.ids[f"case_{case}_{record}"]

    def row(self, name: str, record_id: str) -> Row:
        """One row."""
        return next(row for row in self.rows[name] if row["id"] == record_id)

    def where(self, name: str, **fields: Any) -> list[Row]:
        """The rows that hold these values."""
        return [row for row in self.rows[name] if all(row[field] == value for field, value in fields.items())]

    def candidates(self, request: str) -> dict[str, Row]:
        """The live proposals of a request, by the person."""
        contact = {row["id"]: row["contact"] for row in self.rows["profile"]}
        return {contact[m["profile"]]: m for m in self.where("match", request=request) if m["state"] == "proposed"}


@pytest.fixture(scope="module")
def after(places: Any, sample_ids: Path) -> Any:
    """What the org holds after one run."""
    with places() as place:
        decision = look(place.world, place.world.org.server_time())
        carry_out(place.world, decision, kind="full")
        fresh = DuckMirror.in_memory(b"s" * 32)  # the worker's own keeps out whoever is forgotten
        snapshot = pull(place.world.org, fresh, place.world.program, decision.snapshot.as_of)
        found = After(snapshot.tables, json.loads(sample_ids.read_text()), place.world.program)
        fresh.close()
        yield found


def _named(pair: tuple[str, Mapping[str, Any]]) -> str:
    case, expected = pair
    return f"{case}-{'-'.join(str(value) for value in expected.values() if isinstance(value, str))}"


@pytest.mark.parametrize(("case", "expected"), EXPECTATIONS, ids=[_named(pair) for pair in EXPECTATIONS])
def test_the_org_holds_what_the_book_says(after: After, case: str, expected: Mapping[str, Any]) -> None:
    (kind,) = [name for name in CHECKS if name in expected]
    CHECKS[kind](after, case, expected)


def _standing(after: After, case: str, expected: Row) -> None:
    """The profile says whether the person may be asked, and names every criterion that stands in the way."""
    contact = after.of_case(case, expected.get("person", "contact"))
    profiles, kind = after.where("profile", contact=contact), expected["type"]
    if not profiles:
        assert case.endswith(("_without_profile", "_not_nominated")), "this person has no profile"
        return
    (profile,) = profiles
    may = kind in (profile["eligible_types"] or ())
    reserved = any(m["recommended"] for m in after.where("match", profile=profile["id"]))
    if expected["standing"] in ("eligible", "caution"):
        assert may or reserved
        return
    assert not may
    texts = {rule.id: rule.text for rule in after.program.qualification.criteria}
    hard = {rule.id for rule in after.program.qualification.criteria if rule.weight == "hard"}
    for rule in set(expected["rules"]) & hard:
        assert texts[rule] in profile["reasons"]
    assert expected["standing"] != "unknown" or "not known" in profile["reasons"]


def _request(after: After, case: str, expected: Row) -> None:
    """A late or unfilled request says so, why, when, and what instead; who must not be proposed is not."""
    request = after.row("request", after.of_case(case, expected["request"]))
    candidates = after.candidates(request["id"])
    for name in expected.get("never", ()):
        assert after.of_case(case, name) not in candidates
    if "verdict" in expected:
        assert request["status"] == expected["verdict"]
        assert request["reasons"]
        assert request["verdict_summary"]
        assert not candidates
        assert expected["verdict"] != "late" or request["earliest_on"] is not None
    if "substitute" in expected:
        asset = after.row("asset", request["substitute_asset"])
        assert (asset["type"], asset["status"]) == (expected["substitute"], "published")
        assert asset["title"] in request["substitute"]


def _requests(after: After, case: str, expected: Row) -> None:
    """Of several requests for one person no more are given them than caps allow."""
    rows = [after.row("request", after.of_case(case, name)) for name in expected["requests"]]
    assert 1 <= sum(row["recommended_match"] is not None for row in rows) <= expected["filled_at_most"]


def _escalation(after: After, case: str, expected: Row) -> None:
    """One open escalation, on its route, with somebody who can act, a clock and evidence."""
    contact = after.of_case(case, expected.get("person", "contact"))
    (found,) = after.where("escalation", contact=contact, kind=expected["escalation"])
    assert (found["route"], found["status"]) == (expected["route"], "open")
    assert found["due_on"]
    assert found["evidence"]
    assert found["occurrences"] >= 1
    assert after.row("user", found["assigned_to"])["active"]
    assert expected["escalation"] != "department_concern" or after.row("case", found["case"])["reply_due"]


STARTS = {"thank_you": "Thank this customer", "check_in": "Check in with", "never_asked": "This promoter has never"}


def _task(after: After, case: str, expected: Row) -> None:
    """One open task for somebody who can act."""
    tasks = after.where("task", who=after.of_case(case, "contact"), closed=False)
    (found,) = [task for task in tasks if (task["subject"] or "").startswith(STARTS[expected["task"]])]
    assert after.row("user", found["owner"])["active"]
    assert found["due_on"]


def _candidate(after: After, case: str, expected: Row) -> None:
    """The person has become a profile in status Candidate."""
    (profile,) = after.where("profile", contact=after.of_case(case, expected["candidate"]))
    assert profile["status"] == "candidate"


def _consent(after: After, case: str, expected: Row) -> None:
    assert after.row("consent", after.of_case(case, expected["consent"]))["expiry_warning"] == expected["warning"]


def _asset(after: After, case: str, expected: Row) -> None:
    assert after.row("asset", after.of_case(case, expected["asset"]))["consent_state"] == expected["state"]


def _issue(after: After, case: str, expected: Row) -> None:
    """Somebody is told of a problem that one person can fix."""
    account = after.of_case(case, "account")
    found = [
        one
        for one in after.where("sync_issue", kind=expected["issue"])
        if expected.get("about", account) in one["subject"]
    ]
    assert found
    assert all(one["assigned_to"] and one["remedy"] for one in found)


CHECKS = {
    "standing": _standing,
    "request": _request,
    "requests": _requests,
    "escalation": _escalation,
    "task": _task,
    "candidate": _candidate,
    "consent": _consent,
    "asset": _asset,
    "issue": _issue,
}
