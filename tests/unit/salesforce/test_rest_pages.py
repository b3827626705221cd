"""Reading by REST: packing, locators, restarts from the last row, short results."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
import responses

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.ports import Page, Reading, Stamp
from crm_sync.salesforce.org import SalesforceOrg
from tests.unit.salesforce.imagined_org import DATA, DATE, HOST, login_answer, sent

UNTIL = datetime(2026, 11, 22, 10, tzinfo=UTC)
SINCE = Stamp(datetime(2026, 11, 1, tzinfo=UTC), "")
STAMPED = "2026-11-02T00:00:00.000+0000"
GONE = [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}]
EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
NEXT = "/services/data/v68.0/query/01g000000000001AAA-2"
Connect = Callable[..., SalesforceOrg]


def record(number: int, **values: Any) -> dict[str, Any]:
    known = {"Id": f"00100000000000{number:01d}AAA", "IsDeleted": False, "SystemModstamp": STAMPED}
    return {"attributes": {"type": "Account"}} | known | values


def answer(*records: dict[str, Any], total: int | None = None, following: str | None = None) -> dict[str, Any]:
    body = {"totalSize": len(records) if total is None else total, "done": following is None, "records": list(records)}
    return body | ({"nextRecordsUrl": following} if following else {})


def reading(name: str = "Account", since: Stamp | None = SINCE, **changes: Any) -> Reading:
    return Reading(name, ("Name",), since, UNTIL, **changes)


def read(org: SalesforceOrg, *readings: Reading) -> list[Page]:
    return list(org.read(readings))


def ids(pages: list[Page]) -> list[str]:
    return [record_id for page in pages for record_id in page.rows.column("Id").to_pylist()]


def soql(call: Any) -> str:
    return parse_qs(urlsplit(call.request.url).query).get("q", [""])[0]


def test_rows_become_text_columns(logged_in: responses.RequestsMock, connect: Connect) -> None:
    first = record(1, Name="Ä", IsDeleted=True)
    second = record(2, Name=None)
    logged_in.get(f"{DATA}/queryAll", json=answer(first, second))
    (page,) = read(connect(), reading())
    assert page.rows.to_pylist() == [
        {"Id": "001000000000001AAA", "Name": "Ä", "IsDeleted": "true", "SystemModstamp": STAMPED},
        {"Id": "001000000000002AAA", "Name": None, "IsDeleted": "false", "SystemModstamp": STAMPED},
    ]
    assert page.last
    assert page.resume == Stamp(UNTIL, "")


def test_numbers_keep_their_digits(logged_in: responses.RequestsMock, connect: Connect) -> None:
    rows = [record(number, Name=value) for number, value in enumerate([5, 5.5, 1e21, -0.1, True])]
    logged_in.get(f"{DATA}/queryAll", json=answer(*rows))
    (page,) = read(connect(), reading())
    assert page.rows.column("Name").to_pylist() == ["5", "5.5", "1e+21", "-0.1", "true"]


def test_an_empty_window_still_says_that_it_is_done(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.get(f"{DATA}/queryAll", json=answer())
    (page,) = read(connect(), reading())
    assert (page.rows.num_rows, page.last, page.resume) == (0, True, Stamp(UNTIL, ""))


def test_pages_follow_the_locator_and_all_are_counted(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.get(f"{DATA}/queryAll", json=answer(record(1), record(2), total=3, following=NEXT))
    logged_in.get(f"{HOST}{NEXT}", json=answer(record(3), total=3))
    pages = read(connect(), reading())
    assert ids(pages) == ["001000000000001AAA", "001000000000002AAA", "001000000000003AAA"]
    assert [page.last for page in pages] == [False, True]
    assert pages[0].resume == Stamp(datetime(2026, 11, 2, tzinfo=UTC), "001000000000002AAA")


def test_five_readings_travel_in_one_call(logged_in: responses.RequestsMock, connect: Connect) -> None:
    def composite(request: Any) -> tuple[int, dict[str, str], str]:
        parts = sent(request)["compositeRequest"]
        assert [part["method"] for part in parts] == ["GET"] * len(parts)
        found = [
            {"referenceId": part["referenceId"], "httpStatusCode": 200, "body": answer(record(i))}
            for i, part in enumerate(parts)
        ]
        return 200, {}, json.dumps({"compositeResponse": found[::-1]})

    logged_in.add_callback(responses.POST, f"{DATA}/composite", composite)
    org = connect()
    pages = read(org, *(reading(name) for name in "ABCDEFG"))
    assert [page.reading for page in pages] == [0, 1, 2, 3, 4, 5, 6]
    assert org.calls == 2


class Packages:
    """Answers composite calls from pages by object: each query of an object, and each locator, gives its next page."""

    def __init__(self, wire: responses.RequestsMock, **pages: list[dict[str, Any]]) -> None:
        self.pages = pages
        self.asked: list[list[str]] = []
        wire.add_callback(responses.POST, f"{DATA}/composite", self.answer)

    def answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        parts = sent(request)["compositeRequest"]
        names = [unquote(part["url"]).partition(" FROM ")[2].partition(" ")[0] or part["url"][-1] for part in parts]
        self.asked.append(names)
        found = [
            {"referenceId": part["referenceId"], "httpStatusCode": 200, "body": self.pages[name].pop(0)}
            for name, part in zip(names, parts, strict=True)
        ]
        return 200, {}, json.dumps({"compositeResponse": found})


def test_what_is_read_late_rides_last_in_the_call_that_ends_the_others(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    packages = Packages(logged_in, **{name: [answer(record(1))] for name in "ABCDEFG"})
    pages = read(connect(), reading("G", late=True), *(reading(name) for name in "ABCDEF"))
    assert packages.asked == [["A", "B", "C", "D", "E"], ["F", "G"]]
    assert [page.reading for page in pages] == [1, 2, 3, 4, 5, 6, 0]


def test_a_late_answer_that_came_too_early_is_asked_for_again(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    locator = "/services/data/v68.0/query/01g000000000001-A"
    first = answer(record(1), total=2, following=locator)
    packages = Packages(
        logged_in,
        A=[first, answer(record(2), total=2)],
        B=[answer(record(1))],
        C=[answer(record(1)), answer(record(1), record(2))],
    )
    pages = read(connect(), reading("A"), reading("B"), reading("C", late=True))
    assert packages.asked == [["A", "B", "C"], ["A", "C"]]
    assert [(page.reading, page.rows.num_rows) for page in pages] == [(0, 1), (1, 1), (0, 1), (2, 2)]


def test_a_lost_locator_restarts_behind_the_last_row(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.get(f"{DATA}/queryAll", json=answer(record(1), record(2), total=3, following=NEXT))
    logged_in.get(f"{HOST}{NEXT}", status=400, json=GONE)
    logged_in.get(f"{DATA}/queryAll", json=answer(record(3)))
    assert ids(read(connect(), reading())) == ["001000000000001AAA", "001000000000002AAA", "001000000000003AAA"]
    assert "Id > '001000000000002AAA'" in soql(logged_in.calls[-1])


def test_a_new_session_never_meets_an_old_locator_again(wire: responses.RequestsMock, connect: Connect) -> None:
    for value in ("first", "second"):
        wire.post(f"{HOST}/services/oauth2/token", json=login_answer(value), headers={"Date": DATE})
    wire.get(f"{DATA}/queryAll", json=answer(record(1), total=3, following=NEXT))
    wire.get(f"{HOST}{NEXT}", status=401, json=EXPIRED)
    wire.get(f"{DATA}/queryAll", json=answer(record(2), record(3)))
    assert ids(read(connect(), reading())) == ["001000000000001AAA", "001000000000002AAA", "001000000000003AAA"]


def test_a_result_that_ends_early_is_continued(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.get(f"{DATA}/queryAll", json=answer(record(1), total=2))
    logged_in.get(f"{DATA}/queryAll", json=answer(record(2)))
    pages = read(connect(), reading())
    assert ids(pages) == ["001000000000001AAA", "001000000000002AAA"]
    assert [page.last for page in pages] == [False, True]


def test_restarts_are_bounded(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.get(f"{DATA}/queryAll", json=answer(record(1), total=2))
    with pytest.raises(TemporaryError, match="start again 6 times"):
        read(connect(), reading())


def test_an_object_without_a_stamp_restarts_by_id(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.get(f"{DATA}/query", json=answer(record(1), total=2))
    logged_in.get(f"{DATA}/query", json=answer(record(2)))
    read(connect(), reading("Holiday", None, stamped=False, deletable=False))
    assert soql(logged_in.calls[-1]) == "SELECT Id, Name FROM Holiday WHERE Id > '001000000000001AAA' ORDER BY Id"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"totalSize": 1, "done": False, "records": []},
        {"totalSize": 1, "done": False, "records": [], "nextRecordsUrl": "https://evil.example.com/x"},
        {"totalSize": "x", "done": True, "records": []},
    ],
)
def test_an_answer_that_makes_no_sense_is_not_believed(
    logged_in: responses.RequestsMock, connect: Connect, body: Any
) -> None:
    logged_in.get(f"{DATA}/queryAll", json=body)
    with pytest.raises(TemporaryError):
        read(connect(), reading())


def test_a_field_that_is_gone_ends_the_run(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.get(f"{DATA}/queryAll", status=400, json=[{"message": "No such column", "errorCode": "INVALID_FIELD"}])
    with pytest.raises(PermanentError, match="Reading Account: the org answered 400 INVALID_FIELD"):
        read(connect(), reading())


def test_a_composite_that_lost_an_answer_is_asked_again(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.post(f"{DATA}/composite", json={"compositeResponse": []})
    parts = [{"referenceId": f"r{i}", "httpStatusCode": 200, "body": answer()} for i in range(2)]
    logged_in.post(f"{DATA}/composite", json={"compositeResponse": parts})
    assert len(read(connect(), reading("A"), reading("B"))) == 2


def test_sizes_decide_between_rest_and_bulk_and_a_timeout_does_too(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    timeout = [{"message": "Your query request was running for too long.", "errorCode": "QUERY_TIMEOUT"}]
    logged_in.get(f"{DATA}/limits/recordCount", json={"sObjects": [{"count": 3, "name": "Account"}]})
    logged_in.get(f"{DATA}/queryAll", status=400, json=timeout)
    logged_in.post(f"{DATA}/jobs/query", body=requests.ConnectionError())
    for since, asked in ((None, "/limits/recordCount"), (SINCE, "/queryAll")):
        org = connect(bulk_read_rows=2)
        with pytest.raises(TemporaryError, match="Bulk query job"):
            read(org, reading(since=since))
        assert any(asked in call.request.url for call in logged_in.calls)


@pytest.mark.parametrize("bulk_read_rows", [8, 17_999])
def test_a_window_of_many_rows_or_many_pages_goes_to_bulk_and_its_first_page_is_dropped(
    logged_in: responses.RequestsMock, connect: Connect, bulk_read_rows: int
) -> None:
    """Nine rows, a page each: nine pages of narrow rows would be 18,000 rows."""
    logged_in.get(f"{DATA}/queryAll", json=answer(record(1), total=9, following=NEXT))
    logged_in.post(f"{DATA}/jobs/query", json={"id": "750000000000001AAA"})
    logged_in.get(f"{DATA}/jobs/query/750000000000001AAA", json={"state": "JobComplete", "numberRecordsProcessed": 1})
    csv = f'"Id","Name","IsDeleted","SystemModstamp"\n"001000000000001AAA","A","false","{STAMPED}"\n'
    logged_in.get(
        f"{DATA}/jobs/query/750000000000001AAA/results",
        body=csv,
        headers={"Sforce-Locator": "null", "Sforce-NumberOfRecords": "1"},
    )
    logged_in.delete(f"{DATA}/jobs/query/750000000000001AAA", status=204)
    pages = read(connect(bulk_read_rows=bulk_read_rows), reading())
    assert ids(pages) == ["001000000000001AAA"]
    assert pages[0].resume == Stamp(UNTIL, "")
