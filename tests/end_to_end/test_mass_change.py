"""A feed that goes wrong for everybody: the run becomes a dry run, and the org holds one escalation that says so."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
import requests

from crm_sync.entrypoints.service import Service
from crm_sync.errors import UnsafePlanError
from crm_sync.pipeline import carry_out, look
from crm_sync.ports import Notification

PROFILES = "SELECT Id, Verdict__c FROM Reference_Profile__c ORDER BY Id"
ESCALATIONS = "SELECT Kind__c, Status__c, Occurrences__c, Evidence__c, Route__c FROM Reference_Escalation__c"


def test_a_corrupt_health_feed_changes_nothing_and_is_escalated_once_whoever_runs(places: Any) -> None:
    with places(settled=True) as place:
        world = place.world
        judged, before = _rows(place, PROFILES), _rows(place, ESCALATIONS)
        _ruin_health(place)
        later = {"freeze": "2026-11-18T10:00:00Z"}
        assert requests.post(f"{place.org.base_url}/_control/clock", json=later, timeout=30).ok
        decision = look(world, world.org.server_time())
        with pytest.raises(UnsafePlanError, match="would change their verdict") as refused:
            carry_out(world, decision, kind="full")
        assert f"crm-sync run --agree {decision.plan.checksum}" in str(refused.value)
        (raised,) = _only_new(before, _rows(place, ESCALATIONS))
        assert (raised["Kind__c"], raised["Route__c"], raised["Occurrences__c"]) == ("Mass Change", "Program Owner", 1)
        assert "crm-sync plan" in raised["Evidence__c"]
        assert world.journal.decisions.verify(), "a refused run is not in the log, whose end was not cut off"

        world.journal.inbox.receive([Notification("n1", "Account", "001000000000001AAA")])
        service = Service(world, place.settings)
        service._job("incremental")
        assert service.health.facts()["last_error"] == "UnsafePlanError"
        assert service.fatal is None
        assert world.journal.inbox.waiting().records, "a run that was held has not looked at anything"
        assert _only_new(before, _rows(place, ESCALATIONS)) == [raised]
        assert _rows(place, PROFILES) == judged
        _an_old_wake_up(place)
        service._job("full")
        assert service.health.facts()["last_error"] == "UnsafePlanError"
        assert world.journal.dispositions.entries()[-1]["what"] == "wake-ups", "held or not, it is past its time"


def _an_old_wake_up(place: Any) -> None:
    with sqlite3.connect(place.settings.state_dir / "journal.sqlite") as journal:
        journal.execute(
            "INSERT INTO inbox (notification_id, object_name, record_id, received, state) "
            "VALUES ('n0', 'Account', '001000000000001AAA', '2020-01-01T00:00:00+00:00', 'done')"
        )
    journal.close()


def _rows(place: Any, soql: str) -> list[dict[str, Any]]:
    found = place.call("GET", "/query", params={"q": soql})["records"]
    return [{name: value for name, value in row.items() if name != "attributes"} for row in found]


def _only_new(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in after if row not in before]


def _ruin_health(place: Any) -> None:
    accounts = [row["Id"] for row in _rows(place, "SELECT Id FROM Account")]
    rows = [{"attributes": {"type": "Account"}, "id": one, "Health_Score__c": 1} for one in accounts]
    for start in range(0, len(rows), 200):
        place.call("PATCH", "/composite/sobjects", json={"allOrNone": False, "records": rows[start : start + 200]})
