"""Changes put onto a snapshot: what will be held is what a pull after the write would read."""

from __future__ import annotations

from typing import Any

from crm_sync.diff import foresee
from crm_sync.model.records import FORESEEN, Change, Link

REQUEST = {"id": "a03000000000001AAA", "stage": "submitted"}
MATCH = {"id": "a04000000000001AAA", "key": "known", "request": REQUEST["id"]}


def test_a_link_leads_to_the_record_there_is_or_to_the_one_that_will_be(snapshot_of: Any) -> None:
    before = snapshot_of(request=[REQUEST, {"id": "a03000000000002AAA"}], match=[MATCH])
    changes = [
        Change("request", "update", {"recommended_match": Link("match", "known")}, {}, id=REQUEST["id"]),
        Change("request", "update", {"recommended_match": Link("match", "new")}, {}, id="a03000000000002AAA"),
        Change("match", "create", {"request": REQUEST["id"]}, {}, key="new"),
    ]
    after = foresee(before, changes)
    links = {row["id"]: row["recommended_match"] for row in after.tables["request"].to_pylist()}
    made = [row["id"] for row in after.tables["match"].to_pylist() if row["key"] == "new"]
    assert links == {REQUEST["id"]: MATCH["id"], "a03000000000002AAA": made[0]}
    assert made == [f"{FORESEEN}match new"]
