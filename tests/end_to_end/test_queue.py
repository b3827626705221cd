"""When nobody is there any more, the org's queue owns what the worker raises: escalations, issues, tasks and Cases."""

from __future__ import annotations

from typing import Any

from crm_sync.pipeline import carry_out, look

QUEUE = "SELECT Id FROM Group WHERE DeveloperName = 'Reference_Program' AND Type = 'Queue'"
RAISED = {
    "Reference_Escalation__c": "External_Key__c != null AND Kind__c IN ('Negative Sentiment', 'Department Concern')",
    "Case": "Reference_Case_Key__c != null",
    "Sync_Issue__c": "External_Key__c != null AND Resolved__c = false AND Assigned_To__c = null",
    "Task": "Reference_Task_Key__c != null AND OwnerId IN (SELECT Id FROM Group)",
}


def test_what_nobody_is_there_for_belongs_to_the_queue_of_the_package(places: Any) -> None:
    with places() as place:
        (queue,) = (row["Id"] for row in _rows(place, QUEUE))
        # The org was made before its clock was set back; what is stamped later than a pull is not in it.
        place.call("PATCH", f"/sobjects/Group/{queue}", json={"DoesSendEmailToMembers": False})
        can_own = {row["SobjectType"] for row in _rows(place, "SELECT SobjectType FROM QueueSobject")}
        assert can_own == set(RAISED)
        colleagues = _rows(
            place,
            "SELECT Id FROM User WHERE IsActive = true AND LastName NOT IN ('Admin', 'Integration User', 'Process')",
        )
        assert colleagues
        for user in colleagues:
            place.call("PATCH", f"/sobjects/User/{user['Id']}", json={"IsActive": False})
        carry_out(place.world, look(place.world, place.world.org.server_time()), kind="full")
        for name, raised in RAISED.items():
            owners = {row["OwnerId"] for row in _rows(place, f"SELECT OwnerId FROM {name} WHERE {raised}")}
            assert owners == {queue}, name
        assigned = _rows(
            place,
            f"SELECT Id FROM Reference_Escalation__c WHERE Assigned_To__c != null AND {RAISED['Reference_Escalation__c']}",
        )
        assert assigned == []


def _rows(place: Any, soql: str) -> list[dict[str, Any]]:
    return list(place.call("GET", "/query", params={"q": soql})["records"])
