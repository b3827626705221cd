"""Health wherever an org keeps it: every shipped preset on the sample org."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from crm_sync.evaluate import evaluate
from crm_sync.program import Draft, Program, load_draft, load_program
from crm_sync.pull import pull
from crm_sync.pull.fit import hold_against, objects_of
from tests.health_homes import CUSTOMER, HOMES, OBJECT, SCORE, deploy_home

ROOT = Path(__file__).parents[2]
PACKAGED = ("Health_Score__c", "Healthy_Since__c", "Health_Trend__c", "Churn_Risk__c", "Renewal_Date__c")
Row = Mapping[str, Any]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the shipped mappings with a preset chosen."""
    folder = tmp_path_factory.mktemp("homes")

    def choose(preset: str) -> Path:
        made = folder / preset / "mappings"
        if not made.exists():
            shutil.copytree(ROOT / "mappings", made)
            (made / "preset.yaml").write_text(f"preset: {preset}\n")
        return made

    return choose


def program_of(mappings: Path) -> Program:
    return load_program(ROOT / "rules", mappings)


def draft_of(mappings: Path) -> Draft:
    return load_draft(ROOT / "rules", mappings)[0]


def rows(place: Any, soql: str) -> list[dict[str, Any]]:
    """Query the org as a person's client would."""
    found, path = [], f"/query?{requests.compat.urlencode({'q': soql})}"
    while path:
        page = place.call("GET", path)
        found += [{name: value for name, value in row.items() if name != "attributes"} for row in page["records"]]
        path = page.get("nextRecordsUrl", "").partition("/services/data/v68.0")[2]
    return found


def save(place: Any, method: str, kind: str, records: Sequence[Row]) -> list[str]:
    """Create or update many records."""
    ids = []
    for start in range(0, len(records), 200):
        part = [{"attributes": {"type": kind}, **record} for record in records[start : start + 200]]
        answers = place.call(method, "/composite/sobjects", json={"allOrNone": True, "records": part})
        assert all(answer["success"] for answer in answers), answers
        ids += [answer["id"] for answer in answers]
    return ids


def grade(score: float | None, words: Sequence[str]) -> str | None:
    """Say a score in a word, the best first."""
    return None if score is None else words[0] if score >= 75 else words[1] if score >= 50 else words[2]


def words(value: str | None, packaged: str, said: str) -> str | None:
    """Say a package's word in a home's: both lists name the same things in order."""
    return dict(zip(packaged.split(), said.split(), strict=True)).get(value or "")


def at_homes(one: Row) -> dict[str, Any]:
    """Write one account's health to the account fields of every preset."""
    score, trend, risk = one["Health_Score__c"], one["Health_Trend__c"], one["Churn_Risk__c"]
    trends, risks = "Rising Steady Falling", "None Watch Active"
    return {
        "Customer_Health__c": grade(score, ("Green", "Amber", "Red")),
        "Customer_Health_Since__c": one["Healthy_Since__c"],
        "Customer_Health_Trend__c": words(trend, trends, "Better Same Worse"),
        "Churn_Risk_Level__c": words(risk, risks, "Low Medium High"),
        "Next_Renewal__c": one["Renewal_Date__c"],
        "Gainsight_Score__c": score,
        "Gainsight_Score_Trend__c": words(trend, trends, "Improving Unchanged Declining"),
        "Gainsight_Risk__c": {"None": "None", "Watch": "At Risk", "Active": "Churning"}.get(risk),
        "Gainsight_Renewal_Date__c": one["Renewal_Date__c"],
        "totango__Totango_Account_Health__c": grade(score, ("Good", "Average", "Poor")),
        "ChurnScore__c": score,
        "ChurnScore_Trend__c": words(trend, trends, "Up Flat Down"),
        "ChurnZero_Risk__c": words(risk, risks, "Low Medium High"),
        "ChurnZero_Renewal_Date__c": one["Renewal_Date__c"],
    }


def fill(place: Any) -> Mapping[str, Row]:
    """Give every home the health of another account, and tell whose is where; the package's score is emptied.

    Another account's, so that what is read where it was before cannot look right.
    """
    known = rows(place, f"SELECT Id, {', '.join(PACKAGED)} FROM Account ORDER BY Id")
    moved = {one["Id"]: other for one, other in zip(known, [*known[1:], known[0]], strict=True)}
    changes = [{"Id": one, "Health_Score__c": None, **at_homes(other)} for one, other in moved.items()]
    save(place, "PATCH", "Account", changes)
    scores = sorted({other["Health_Score__c"] for other in moved.values()} - {None})
    ids = dict(zip(scores, save(place, "POST", SCORE, [{"JBCXM__Score__c": one} for one in scores]), strict=True))
    save(place, "POST", CUSTOMER, [_customer(one, other, ids) for one, other in moved.items()])
    save(place, "POST", OBJECT, [row for one, other in moved.items() for row in _dated(one, other)])
    return moved


def _customer(account: str, health: Row, scores: Mapping[float, str]) -> Row:
    return {
        "JBCXM__Account__c": account,
        "JBCXM__CurScoreId__c": scores.get(health["Health_Score__c"]),
        "JBCXM__NextRenewalDate__c": health["Renewal_Date__c"],
        "Overall_Score__c": health["Health_Score__c"],
        "Score_Trend__c": words(health["Health_Trend__c"], "Rising Steady Falling", "Up Same Down"),
    }


def _dated(account: str, health: Row) -> Iterator[Row]:
    """Two rows, of which the newer counts."""
    yield {"Account__c": account, "Scored_On__c": "2026-10-01", "Score__c": 1, "Trend__c": "Down", "Risk__c": "High"}
    yield {
        "Account__c": account,
        "Scored_On__c": "2026-11-01",
        "Score__c": health["Health_Score__c"],
        "Healthy_Since__c": health["Healthy_Since__c"],
        "Trend__c": words(health["Health_Trend__c"], "Rising Steady Falling", "Up Flat Down"),
        "Risk__c": words(health["Churn_Risk__c"], "None Watch Active", "Low Medium High"),
    }


@pytest.fixture(scope="module")
def filled(places: Any) -> Iterator[tuple[Any, Mapping[str, Row]]]:
    """The sample org with every home of health in it."""
    with places() as place:
        for preset in HOMES:
            deploy_home(place.org.base_url, preset)
        yield place, fill(place)


@pytest.mark.parametrize("preset", sorted(path.stem for path in (ROOT / "mappings" / "presets").glob("*.yaml")))
def test_health_reaches_the_verdicts_from_where_a_preset_says(filled: Any, homes: Any, preset: str) -> None:
    place, moved = filled
    draft, program = draft_of(homes(preset)), program_of(homes(preset))
    org = place.world.org
    levels = {finding.level.value for finding in hold_against(draft, org.describe_all(objects_of(draft)))}
    assert levels == {"differs"}
    snapshot = pull(org, place.world.mirror, program, org.server_time())
    assert snapshot.unreadable == frozenset()
    verdicts = evaluate(snapshot, program)
    bits = {rule.id: 1 << bit for bit, rule in enumerate(verdicts.rules)}
    answers = set()
    for row in verdicts.table.to_pylist():
        score = row["account_id"] and moved[row["account_id"]]["Health_Score__c"]
        told = row["failed_call"] & bits["health_level"], row["unknown_call"] & bits["health_level"]
        assert [bool(one) for one in told] == [score is not None and score < 75, score is None], row["account_id"]
        answers.add(told)
    assert len(answers) == 3
    _every_other_field_too(snapshot.tables["account"].to_pylist(), moved, program)


def _every_other_field_too(accounts: Sequence[Row], moved: Mapping[str, Row], program: Program) -> None:
    """What else a preset takes from elsewhere is the other account's; what it leaves where it was is the account's own."""
    shipped = load_program(ROOT / "rules", ROOT / "mappings").mappings["account"].fields
    elsewhere = program.mappings["account"].fields
    for name in ("healthy_since", "health_trend", "churn_risk", "renewal_on"):
        if name not in elsewhere or elsewhere[name].field == shipped[name].field:
            continue
        for row in accounts:
            raw = moved[row["id"]][shipped[name].field]
            wanted = shipped[name].values.get(raw) if shipped[name].values else raw
            assert str(row[name]) == str(wanted), (name, row["id"])
