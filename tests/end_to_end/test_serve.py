"""The whole loop: a rep's request inserted over REST gets its slate within seconds, because the org wakes the worker."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import requests
from pydantic import SecretStr

from crm_sync.entrypoints.service import Service

TOKEN = "a-path-token-of-the-end-to-end-test"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(found: Callable[[], Any], within_s: float = 60) -> Any:
    """Wait until something is true; the limit is generous because the machine may be busy."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError("It did not happen in time.")


def test_a_reps_request_gets_its_slate_and_the_sync_request_its_answer(places: Any) -> None:
    with places(settled=True) as place:
        port = free_port()
        settings = place.settings.model_copy(
            update={"port": port, "webhook_token": SecretStr(TOKEN), "debounce_s": 0.1, "incremental_cron": "0 0 1 1 *"}
        )
        place.org.org.outbound.url = f"http://127.0.0.1:{port}/hooks/outbound-message/{TOKEN}"
        service = Service(place.world, settings)
        thread = threading.Thread(target=service.serve)
        thread.start()
        try:
            door = f"http://127.0.0.1:{port}"
            eventually(lambda: _health(door).get("runs") == 1)
            request_id = _ask(place)
            answered = eventually(lambda: _row(place, "Sync_Request__c", "Status__c, Message__c", "Status__c = 'Done'"))
            assert "written" in answered["Message__c"]
            row = _row(place, "Reference_Request__c", "Status__c, Verdict_Summary__c", f"Id = '{request_id}'")
            assert row["Status__c"] in ("Owner Deciding", "Matched")
            slate = place.call(
                "GET", "/query", params={"q": f"SELECT Id FROM Reference_Match__c WHERE Request__c = '{request_id}'"}
            )
            assert 1 <= slate["totalSize"] <= 5
            assert "crm_sync_runs_total" in requests.get(f"{door}/metrics", timeout=10).text
            eventually(lambda: _health(door)["waiting"] == 0)
        finally:
            service.stop()
            thread.join(60)
        assert not thread.is_alive()


def _health(door: str) -> dict[str, Any]:
    try:
        return dict(requests.get(f"{door}/healthz", timeout=5).json())
    except requests.RequestException:
        return {}


def _ask(place: Any) -> str:
    """Insert a request like one that could be filled before, and the sync request that wakes the worker."""
    like = place.call(
        "GET",
        "/query",
        params={
            "q": "SELECT Type__c, Industry__c, Product__c, Region__c, Language__c, Needed_By__c, Requester__c, Prospect_Account__c "
            "FROM Reference_Request__c WHERE Status__c = 'Owner Deciding' AND Type__c = 'Sales Call' ORDER BY Id LIMIT 1"
        },
    )["records"][0]
    body = {k: v for k, v in like.items() if k != "attributes" and v is not None}
    made = place.call("POST", "/sobjects/Reference_Request__c", json=body | {"Stage__c": "Submitted"})
    place.call("POST", "/sobjects/Sync_Request__c", json={"Scope__c": "One Record", "Record_Id__c": made["id"]})
    return str(made["id"])


def _row(place: Any, name: str, fields: str, where: str) -> Any:
    found = place.call("GET", "/query", params={"q": f"SELECT {fields} FROM {name} WHERE {where} LIMIT 1"})
    return found["records"][0] if found["records"] else None
