"""Writing by Bulk 2.0: which files are read, what each row became, and a job whose end nobody saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import requests
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.ports import UNCLEAR, Handling, Job, RowAnswer, RowWrite
from crm_sync.salesforce.bulk_csv import parts
from crm_sync.salesforce.bulk_jobs import parse_csv
from crm_sync.salesforce.org import SalesforceOrg
from tests.unit.salesforce.imagined_org import DATA, HOST, ORG_ID

JOBS = f"{DATA}/jobs/ingest"
JOB = f"{JOBS}/750000000000001AAA"
PATH = JOB.removeprefix(HOST)
ROWS = [RowWrite("X", "K", key, {"F": "1"}) for key in "abc"]
Connect = Callable[..., SalesforceOrg]


def begun(wire: responses.RequestsMock, *states: dict[str, Any]) -> None:
    organization = {"Id": ORG_ID, "Name": "Example", "IsSandbox": False}
    wire.get(f"{DATA}/query", json={"totalSize": 1, "done": True, "records": [organization]})
    wire.post(JOBS, json={"id": "750000000000001AAA", "state": "Open"})
    wire.put(f"{JOB}/batches", status=201)
    wire.patch(JOB, json={"state": "UploadComplete"})
    for state in states:
        wire.get(JOB, json=state)


def ended(state: str, processed: int, failed: int = 0) -> dict[str, Any]:
    return {"state": state, "numberRecordsProcessed": processed, "numberRecordsFailed": failed, "errorMessage": "why"}


def result(wire: responses.RequestsMock, name: str, keys: str) -> None:
    own = {
        "successfulResults": ("sf__Id", "sf__Created", "001000000000001AAA", "true"),
        "failedResults": ("sf__Id", "sf__Error", "", "STRING_TOO_LONG:too long:F --"),
        "unprocessedrecords": None,
    }[name]
    head, lead = (f'"{own[0]}","{own[1]}",', f'"{own[2]}","{own[3]}",') if own else ("", "")
    wire.get(f"{JOB}/{name}", body=f'{head}"K","F"\n' + "".join(f'{lead}"{key}","1"\n' for key in keys))


def write(org: SalesforceOrg) -> list[str]:
    return [_word(answer) for answer in org.upsert_many(ROWS, lambda: None)]


def _word(answer: RowAnswer) -> str:
    return "written" if answer.ok else str(answer.code)


def asked(wire: responses.RequestsMock) -> list[str]:
    return [str(call.request.url).removeprefix(f"{JOB}/") for call in wire.calls if f"{JOB}/" in str(call.request.url)]


def test_when_all_went_well_no_result_is_read(logged_in: responses.RequestsMock, connect: Connect) -> None:
    begun(logged_in, ended("JobComplete", 3))
    org = connect()
    assert write(org) == ["written"] * 3
    assert asked(logged_in) == ["batches"]
    assert org.calls == 1 + 4
    assert org._bulk_writer._jobs.open() == ()


def test_failed_rows_are_found_by_key(logged_in: responses.RequestsMock, connect: Connect) -> None:
    begun(logged_in, ended("JobComplete", 3, 1))
    result(logged_in, "failedResults", "b")
    assert write(connect()) == ["written", "STRING_TOO_LONG", "written"]
    assert asked(logged_in) == ["batches", "failedResults"]


@pytest.mark.parametrize("state", ["Failed", "Aborted"])
def test_a_job_that_ended_on_its_way_tells_all_three_fates(
    logged_in: responses.RequestsMock, connect: Connect, state: str
) -> None:
    begun(logged_in, ended(state, 2, 1))
    result(logged_in, "failedResults", "b")
    result(logged_in, "successfulResults", "c")
    result(logged_in, "unprocessedrecords", "a")
    org = connect()
    answers = org.upsert_many(ROWS, lambda: None)
    assert [_word(answer) for answer in answers] == ["UNPROCESSED", "STRING_TOO_LONG", "written"]
    assert answers[0].handling is Handling.DEFER_RUN


def test_a_job_that_failed_before_its_first_row_ends_the_run(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    begun(logged_in, ended("Failed", 0))
    org = connect()
    with pytest.raises(PermanentError, match=r"the job ended as Failed \(why\)"):
        write(org)
    assert org._bulk_writer._jobs.open() == ()


@pytest.mark.parametrize("broken", ["a row in no file", "fewer failures than counted", "no answer"])
def test_a_job_whose_rows_cannot_be_told_apart_stays_in_the_book(
    logged_in: responses.RequestsMock, connect: Connect, broken: str
) -> None:
    begun(logged_in, ended("JobComplete", 2, 1) if broken == "a row in no file" else ended("JobComplete", 3, 2))
    if broken == "no answer":
        logged_in.get(f"{JOB}/failedResults", body=requests.ConnectionError())
    else:
        result(logged_in, "failedResults", "b")
    result(logged_in, "successfulResults", "c")
    result(logged_in, "unprocessedrecords", "")
    org = connect()
    assert write(org) == [UNCLEAR] * 3
    assert [job.path for job in org._bulk_writer._jobs.open()] == [PATH]


def test_nothing_follows_a_job_whose_end_was_not_seen(
    logged_in: responses.RequestsMock, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_sync.salesforce.bulk_csv.parts.__defaults__", (20, 1))
    begun(logged_in)
    logged_in.get(JOB, body=requests.ConnectionError())
    assert write(connect()) == [UNCLEAR, "UNPROCESSED", "UNPROCESSED"]
    assert sum(call.request.method == "PUT" for call in logged_in.calls) == 1


def test_an_upload_that_may_not_be_whole_is_given_up_and_made_again(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    begun(logged_in, ended("JobComplete", 3))
    logged_in.replace(responses.PUT, f"{JOB}/batches", body=requests.ConnectionError())
    with pytest.raises(TemporaryError, match="could not be sent in 3 tries"):
        write(connect())
    states = [call.request.body for call in logged_in.calls if call.request.method == "PATCH"]
    assert states == [b'{"state":"Aborted"}'] * 3


@pytest.mark.parametrize(
    ("found", "patched"),
    [
        ([{"json": {"state": "Open"}}], 1),
        ([{"json": {"state": "InProgress"}}, {"json": {"state": "JobComplete"}}], 0),
        ([{"json": {"state": "Failed"}}], 0),
        ([{"status": 404}], 0),
    ],
)
def test_what_an_earlier_run_left_is_seen_to_its_end(
    logged_in: responses.RequestsMock, connect: Connect, found: Sequence[dict[str, Any]], patched: int
) -> None:
    org = connect()
    org._bulk_writer._jobs.begun(Job(PATH, "write X"))
    org._bulk_writer._jobs.begun(Job(f"{PATH[:-4]}2AAA", "read 1234"))
    for answer in found:
        logged_in.get(JOB, **answer)
    logged_in.patch(JOB, json={"state": "Aborted"})
    org.begin()
    assert sum(call.request.method == "PATCH" for call in logged_in.calls) == patched
    assert [job.about for job in org._bulk_writer._jobs.open()] == ["read 1234"]


def test_what_does_not_end_lets_nobody_plan(logged_in: responses.RequestsMock, connect: Connect) -> None:
    org = connect()
    org._bulk_writer._jobs.begun(Job(PATH, "write X"))
    logged_in.get(JOB, json={"state": "InProgress"})
    with pytest.raises(TemporaryError, match=r"still InProgress after 4 hours\. The next run waits for the same job"):
        org.begin()
    assert len(org._bulk_writer._jobs.open()) == 1


def test_without_such_a_job_nothing_is_asked(logged_in: responses.RequestsMock, connect: Connect) -> None:
    connect().begin()
    assert len(logged_in.calls) == 0


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.dictionaries(st.sampled_from("FGH"), st.text('ab,"\n', max_size=5), max_size=3), max_size=20),
    st.integers(1, 400),
)
def test_rows_are_cut_into_files_of_equal_columns_that_hold_them_all(values: list[dict[str, str]], most: int) -> None:
    rows = [RowWrite("X", "K", f"k{number}", found) for number, found in enumerate(values)]
    cut = list(parts(rows, most, rows_at_once=3))
    assert all(len(part.content) <= most or len(part.rows) <= 3 for part in cut)
    assert [row for part in cut for row in part.rows] == rows
    headers = {part.content.partition(b"\n")[0] for part in cut}
    assert len(headers) <= 1
    read = [row for part in cut for row in parse_csv(part.content).to_pylist()]
    expected = [{name: value or "#N/A" for name, value in row.values.items()} for row in rows]
    assert [{k: v for k, v in row.items() if v is not None and k != "K"} for row in read] == expected
    assert [row["K"] for row in read] == [row.key for row in rows]
