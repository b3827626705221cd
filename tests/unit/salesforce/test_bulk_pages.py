"""Reading by Bulk 2.0: waiting, pages that come short, columns, and text that looks like something else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.ports import Page, Reading
from crm_sync.salesforce.bulk import parse_page
from crm_sync.salesforce.bulk_jobs import Waiting
from crm_sync.salesforce.org import SalesforceOrg
from tests.unit.salesforce.imagined_org import DATA

JOB = f"{DATA}/jobs/query/750000000000001AAA"
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
    wire.delete(JOB, status=204)


def done(rows: int) -> dict[str, Any]:
    return {"state": "JobComplete", "numberRecordsProcessed": rows}


def read(org: SalesforceOrg) -> list[Page]:
    return list(org.read([READING]))


def test_waits_with_growing_pauses_and_reads_every_page(logged_in: responses.RequestsMock, connect: Connect) -> None:
    job(logged_in, {"state": "UploadComplete"}, {"state": "InProgress"}, {"state": "InProgress"}, done(3))
    page(logged_in, HEADER + line(1) + line(2), 2, "MTAw")
    page(logged_in, HEADER + line(3), 1)
    slept: list[float] = []
    pages = read(connect(slept))
    assert slept == [1.0, 2.0, 4.0]
    assert [found.rows.num_rows for found in pages] == [2, 1]
    assert [found.resume is None for found in pages] == [True, False]
    assert [found.last for found in pages] == [False, True]
    assert logged_in.calls[-1].request.method == "DELETE"
    assert "locator=MTAw" in (logged_in.calls[-2].request.url or "")


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


def test_failing_to_discard_the_job_is_no_failure(logged_in: responses.RequestsMock, connect: Connect) -> None:
    job(logged_in, done(1))
    logged_in.replace(responses.DELETE, JOB, status=400, json=[{"errorCode": "INVALIDJOBSTATE", "message": "no"}])
    page(logged_in, HEADER + line(1), 1)
    assert len(read(connect())) == 1


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
