"""Reading by Bulk 2.0: waiting, pages that come short, columns, and text that looks like something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
import responses
from hypothesis import given, settings
from hypothesis import strategies as st
from responses import matchers

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.ports import Job, Page, Reading, Stamp
from crm_sync.salesforce.bulk import OLDER, _about, parse_page
from crm_sync.salesforce.bulk_jobs import Waiting
from crm_sync.salesforce.org import SalesforceOrg
from tests.unit.salesforce.imagined_org import DATA, HOST

JOB = f"{DATA}/jobs/query/750000000000001AAA"
NEXT = "/services/data/v68.0/query/01g000000000001AAA-1"
READING = Reading("Contact", ("Name",), None, datetime(2026, 11, 22, tzinfo=UTC))
HEADER = '"Id","Name","IsDeleted","SystemModstamp"\n'
Connect = Callable[..., SalesforceOrg]
COLUMNS = ("Id", "Name", "IsDeleted", "SystemModstamp")


def line(number: int, name: str = "A") -> str:
    return f'"00300000000000{number}AAA","{name}","false","2026-11-02T00:00:00.000Z"\n'


def page(wire: responses.RequestsMock, body: str | bytes, rows: int, locator: str = "null") -> None:
    headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(rows)}
    wire.get(f"{JOB}/results", body=body, headers=headers)


def job(wire: responses.RequestsMock, *states: dict[str, Any]) -> None:
    wire.get(f"{DATA}/limits/recordCount", json={"sObjects": [{"count": 100_000, "name": "Contact"}]})
    wire.post(f"{DATA}/jobs/query", json={"id": "750000000000001AAA", "state": "UploadComplete"})
    for state in states:
        wire.get(JOB, json=state)


def done(rows: int) -> dict[str, Any]:
    return {"state": "JobComplete", "numberRecordsProcessed": rows}


def read(org: SalesforceOrg) -> list[Page]:
    return list(org.read([READING]))


def result_pages(wire: responses.RequestsMock, *contents: tuple[int, ...], at_once: int = 5) -> None:
    """A job whose result is cut into pages of these rows, told `at_once` at a time."""
    path = JOB.removeprefix(HOST)
    groups = [range(start, min(start + at_once, len(contents))) for start in range(0, len(contents), at_once)]
    for number, group in enumerate(groups):
        more = number + 1 < len(groups)
        body = {"resultPages": [{"resultUrl": f"{path}/results?locator=L{place}"} for place in group], "done": not more}
        body |= {"nextRecordsUrl": f"{path}/resultPages?pageLocator=G{number + 1}"} if more else {}
        asked = {"pageLocator": f"G{number}"} if number else {}
        wire.get(f"{JOB}/resultPages", json=body, match=[matchers.query_param_matcher(asked)])
    for place, rows in enumerate(contents):
        wire.get(
            f"{JOB}/results",
            body=HEADER + "".join(map(line, rows)),
            headers={"Sforce-Locator": "null", "Sforce-NumberOfRecords": str(len(rows))},
            match=[matchers.query_param_matcher({"locator": f"L{place}"})],
        )


def test_looks_at_the_job_after_what_it_may_take_and_ever_more_rarely(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    job(logged_in, *[{"state": "InProgress"}] * 6, done(1))
    page(logged_in, HEADER + line(1), 1)
    slept: list[float] = []
    read(connect(slept, bulk_read_rows=5))
    assert slept == [1.0, 1.0, 1.0, 1.5, 2.25, 3.375, 5.0625]
    slept.clear()
    logged_in.replace(
        responses.GET, f"{DATA}/limits/recordCount", json={"sObjects": [{"count": 1_000_000, "name": "Contact"}]}
    )
    read(connect(slept))
    assert slept[0] == 10.0


def test_pages_are_fetched_side_by_side_and_come_in_order(logged_in: responses.RequestsMock, connect: Connect) -> None:
    job(logged_in, done(9))
    result_pages(logged_in, (1, 2), (3,), (4, 5), (6,), (7,), (8,), (9,), at_once=3)
    org = connect()
    org._bulk._page_rows = 2
    pages = read(org)
    assert [int(row["Id"][14]) for found in pages for row in found.rows.to_pylist()] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [found.last for found in pages] == [False] * 6 + [True]
    assert [found.resume for found in pages] == [None] * 6 + [Stamp(READING.until, "")]
    assert len(logged_in.calls) == 1 + 3 + 3 + 7


@pytest.mark.parametrize(
    "told",
    [
        {"resultPages": [], "done": True},
        {"resultPages": [{"resultUrl": "/services/data/v68.0/sobjects/User"}], "done": True},
        {"resultPages": [{"resultUrl": f"{JOB.removeprefix(HOST)}/results"}], "nextRecordsUrl": "https://evil.example"},
    ],
)
def test_pages_of_something_else_are_not_followed(
    logged_in: responses.RequestsMock, connect: Connect, told: dict[str, Any]
) -> None:
    job(logged_in, done(9))
    logged_in.get(f"{JOB}/resultPages", json=told)
    org = connect()
    org._bulk._page_rows = 2
    with pytest.raises(TemporaryError, match="names no pages of its own"):
        read(org)


def test_a_job_that_a_dead_worker_began_is_read_and_no_other_begun(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    job(logged_in, done(1))
    page(logged_in, HEADER + line(1), 1)
    org = connect()
    dead = org.read([READING])
    next(dead)
    later = replace(READING, until=datetime(2026, 11, 23, tzinfo=UTC))
    (found,) = org.read([later])
    assert found.resume == Stamp(READING.until - OLDER, "")
    other = replace(later, fields=("Name", "Title"))
    logged_in.replace(responses.POST, f"{DATA}/jobs/query", json={"id": "750000000000002AAA"})
    logged_in.get(f"{DATA}/jobs/query/750000000000002AAA", json={"state": "Failed"})
    with pytest.raises(PermanentError):
        list(org.read([other]))
    assert sum(call.request.method == "POST" for call in logged_in.calls) == 1 + 2


@pytest.mark.parametrize("left", [{"status": 404}, {"json": {"state": "Failed"}}, {"json": {"state": "Aborted"}}])
def test_a_job_that_is_gone_or_failed_since_is_begun_anew(
    logged_in: responses.RequestsMock, connect: Connect, left: dict[str, Any]
) -> None:
    job(logged_in)
    org = connect()
    org._bulk._jobs.begun(Job(JOB.removeprefix(HOST), _about(READING), READING.until))
    logged_in.get(JOB, **left)
    logged_in.get(JOB, json=done(1))
    page(logged_in, HEADER + line(1), 1)
    assert len(list(org.read([READING]))) == 1
    assert sum(call.request.method == "POST" for call in logged_in.calls) == 2
    assert org._bulk._jobs.open() == ()


def test_a_job_that_no_stamp_bounds_is_never_used_again(logged_in: responses.RequestsMock, connect: Connect) -> None:
    """What came into the org after it would be missing, and be taken for gone."""
    everything = replace(READING, stamped=False)
    job(logged_in, done(1))
    page(logged_in, HEADER + line(1), 1)
    org = connect()
    org._bulk._jobs.begun(Job(JOB.removeprefix(HOST), _about(everything), everything.until))
    next(org._bulk.pages(0, everything))
    assert sum(call.request.method == "POST" for call in logged_in.calls) == 2
    assert len(org._bulk._jobs.open()) == 1


def test_a_job_that_does_not_add_up_again_is_not_used_a_third_time(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    job(logged_in, done(3))
    page(logged_in, HEADER + line(1), 1)
    org = connect()
    for left in (1, 0):
        with pytest.raises(TemporaryError, match="counted 3 rows"):
            list(org.read([READING]))
        assert len(org._bulk._jobs.open()) == left


@pytest.mark.parametrize("code", ["INVALIDENTITY", "FEATURENOTENABLED", "LIMIT_EXCEEDED", "API_ERROR"])
def test_what_bulk_does_not_give_is_read_by_rest_whatever_its_size(
    logged_in: responses.RequestsMock, connect: Connect, code: str
) -> None:
    logged_in.get(f"{DATA}/limits/recordCount", json={"sObjects": [{"count": 100_000, "name": "Contact"}]})
    logged_in.post(f"{DATA}/jobs/query", status=400, json=[{"errorCode": code, "message": "not by Bulk"}])
    record = {
        "Id": "003000000000001AAA",
        "Name": "A",
        "IsDeleted": False,
        "SystemModstamp": "2026-11-02T00:00:00.000+0000",
    }
    body = {"totalSize": 100_000, "done": False, "records": [record], "nextRecordsUrl": f"{NEXT}"}
    logged_in.get(f"{DATA}/queryAll", json=body)
    logged_in.get(f"{HOST}{NEXT}", json={"totalSize": 1, "done": True, "records": [record] * 99_999})
    assert [found.rows.num_rows for found in read(connect())] == [1, 99_999]


def test_a_page_that_comes_short_is_fetched_again(logged_in: responses.RequestsMock, connect: Connect) -> None:
    job(logged_in, done(2))
    page(logged_in, HEADER + line(1), 2)
    page(logged_in, (HEADER + line(1) + line(2))[:-20], 2)
    page(logged_in, HEADER + line(1) + line(2), 2)
    assert read(connect())[0].rows.num_rows == 2


def test_a_page_that_stays_short_ends_the_run(logged_in: responses.RequestsMock, connect: Connect) -> None:
    job(logged_in, done(2))
    page(logged_in, HEADER + line(1), 2)
    with pytest.raises(TemporaryError, match="came short 5 times"):
        read(connect())


def test_pages_must_add_up_to_the_job(logged_in: responses.RequestsMock, connect: Connect) -> None:
    job(logged_in, done(3))
    page(logged_in, HEADER + line(1), 1)
    with pytest.raises(TemporaryError, match="counted 3 rows and its pages hold 1"):
        read(connect())


@pytest.mark.parametrize("state", ["Failed", "Aborted"])
def test_a_job_that_failed_says_why(logged_in: responses.RequestsMock, connect: Connect, state: str) -> None:
    job(logged_in, {"state": state, "errorMessage": "too many locks"})
    with pytest.raises(PermanentError, match=rf"ended as {state} \(too many locks\)"):
        read(connect())


def test_a_job_that_never_ends_is_given_up_by_time(logged_in: responses.RequestsMock, connect: Connect) -> None:
    job(logged_in, {"state": "InProgress"})
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    org = connect()
    org._bulk._waiting = Waiting(sleep, lambda: passed[0])
    with pytest.raises(TemporaryError, match="still InProgress after 4 hours"):
        read(org)
    assert sum(call.request.url == JOB for call in logged_in.calls) < 300


def test_an_empty_result_is_a_result(logged_in: responses.RequestsMock, connect: Connect) -> None:
    job(logged_in, done(0))
    page(logged_in, "", 0)
    (found,) = read(connect())
    assert (found.rows.num_rows, found.rows.column_names) == (0, list(COLUMNS))


@pytest.mark.parametrize(
    "value",
    [
        "NA",
        "N/A",
        "null",
        "None",
        "NaN",
        "#N/A",
        "-",
        "true",
        "1e5",
        " x ",
        "=1+1",
        "a,b",
        'say ""hi""',
        "two\nlines",
        "a\r\nb",
    ],
)
def test_text_stays_text(value: str) -> None:
    found = parse_page((HEADER + line(1, value)).encode(), COLUMNS)
    assert found.column("Name").to_pylist() == [value.replace('""', '"')]


def test_an_empty_cell_is_null_and_nul_is_dropped() -> None:
    found = parse_page((HEADER + line(1, "") + line(2, "a\0b")).encode(), COLUMNS)
    assert found.column("Name").to_pylist() == [None, "ab"]
    assert {field.type for field in found.schema} == {pa.string()}


def test_columns_are_found_in_any_case_and_order() -> None:
    content = b'"name","ISDELETED","id","systemmodstamp"\n"A","false","003","x"\n'
    assert parse_page(content, COLUMNS).to_pylist() == [
        {"Id": "003", "Name": "A", "IsDeleted": "false", "SystemModstamp": "x"}
    ]
    with pytest.raises(TemporaryError, match="lacks the columns Name"):
        parse_page(b'"Id","IsDeleted","SystemModstamp"\n"a","b","c"\n', COLUMNS)


@settings(deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30),
        min_size=1,
        max_size=20,
    )
)
def test_any_values_come_back_as_they_went(values: list[str]) -> None:
    quoted = [f'"{number}","' + value.replace('"', '""') + '"\n' for number, value in enumerate(values)]
    content = ('"Id","Name"\n' + "".join(quoted)).encode()
    assert parse_page(content, ("Id", "Name")).column("Name").to_pylist() == [value or None for value in values]
