"""What every Org must do, asked of the local org over HTTP, and of a real sandbox when its settings are given.

A sandbox is used when CONTRACT_INSTANCE_URL, _CLIENT_ID, _CLIENT_SECRET and _ORG_ID are set; it must hold the
package, and the tests leave a few accounts and run records in it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest

from crm_sync.ports import Org, Reading, RowWrite, Stamp
from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.settings import read_settings
from crm_sync.state.jobs import PassingJobs
from tests.local_place import place

REAL = {
    name: os.environ.get(f"CONTRACT_{name.upper()}", "")
    for name in ("instance_url", "client_id", "client_secret", "org_id")
}
ORGS = ["local", "real"] if all(REAL.values()) else ["local"]
RUN, KEY = "Sync_Run__c", "External_Key__c"


@pytest.fixture(scope="module", params=ORGS)
def org(request: pytest.FixtureRequest) -> Iterator[Org]:
    with ExitStack() as stack:
        if request.param == "real":
            settings = read_settings({}, auth="client_credentials", expect_sandbox=True, **REAL)
            yield SalesforceOrg.connect(settings.connection(), PassingJobs(), api_share_percent=10)
        else:
            yield stack.enter_context(place()).worker()


@pytest.fixture
def key() -> str:
    return secrets.token_hex(16)


def run(key: str, **values: object) -> RowWrite:
    return RowWrite(RUN, KEY, key, values)


def test_it_says_which_org_it_is_and_what_time_it_is(org: Org) -> None:
    found = org.identity()
    assert (len(found.org_id), found.is_sandbox) == (18, True)
    assert org.server_time().utcoffset() == timedelta(0)
    assert org.server_time().microsecond == 0


def test_it_describes_what_may_be_seen_and_nothing_else(org: Org) -> None:
    found = org.describe_all((RUN, "No_Such_Thing__c"))
    assert set(found) == {RUN}
    key = found[RUN].fields[KEY]
    assert (key.external_id, key.unique, key.case_sensitive, key.createable) == (True, True, True, True)
    assert org.describe("No_Such_Thing__c") is None


def test_a_key_makes_one_record_however_often_it_is_written(org: Org, key: str) -> None:
    (first,) = org.upsert([run(key, Message__c="one")])
    (second,) = org.upsert([run(key, Message__c="two")])
    assert (first.ok, first.created, second.ok, second.created) == (True, True, True, False)
    assert first.record_id == second.record_id
    rows = org.find(RUN, KEY, [key, "0" * 32], ["Message__c"]).to_pylist()
    assert rows == [{"Id": first.record_id, KEY: key, "Message__c": "two"}]


def test_an_insert_of_a_key_that_is_taken_is_refused(org: Org, key: str) -> None:
    insert = RowWrite(RUN, KEY, key, {"Message__c": "mine"}, create_only=True)
    assert org.upsert([insert])[0].ok
    (again,) = org.upsert([insert])
    assert (again.ok, again.code) == (False, "DUPLICATE_VALUE")


def test_rows_travel_in_one_unit_with_the_row_that_opens_it(org: Org, key: str) -> None:
    opening = RowWrite(RUN, KEY, key, {"Message__c": "opens"}, create_only=True)
    own, *rest = org.upsert([run(f"{key}{i}", Message__c="follows") for i in range(2)], opening=opening)
    assert (own.ok, [answer.ok for answer in rest]) == (True, [True, True])
    assert org.find(RUN, KEY, [key, f"{key}0", f"{key}1"], []).num_rows == 3


def test_nothing_of_a_unit_is_written_when_its_opening_is_taken_or_a_row_is_bad(org: Org, key: str) -> None:
    opening = RowWrite(RUN, KEY, key, {}, create_only=True)
    answers = org.upsert([run(f"{key}0"), run(f"{key}1", Holder__c="x" * 81)], opening=opening)
    assert [answer.ok for answer in answers] == [False] * 3
    assert org.find(RUN, KEY, [key, f"{key}0", f"{key}1"], []).num_rows == 0
    assert org.upsert([opening])[0].ok
    taken, follower = org.upsert([run(f"{key}0")], opening=opening)
    assert (taken.ok, taken.code, follower.ok) == (False, "DUPLICATE_VALUE", False)
    assert org.find(RUN, KEY, [f"{key}0"], []).num_rows == 0


def test_keys_that_differ_in_case_are_two_records(org: Org, key: str) -> None:
    lower, upper = f"a{key[1:]}", f"A{key[1:]}"
    one, two = org.upsert([run(lower), run(upper)])
    assert one.record_id != two.record_id
    assert org.find(RUN, KEY, [lower], []).num_rows == 1


def test_one_bad_row_spoils_no_other(org: Org, key: str) -> None:
    good, bad = org.upsert([run(key), run(key[::-1], Holder__c="x" * 81)])
    assert good.ok
    assert (bad.ok, bad.code, bad.whole_batch) == (False, "STRING_TOO_LONG", False)


def test_a_null_clears_a_field_and_other_fields_stay(org: Org, key: str) -> None:
    org.upsert([run(key, Message__c="x", Holder__c="h")])
    org.upsert([run(key, Message__c=None)])
    (row,) = org.find(RUN, KEY, [key], ["Message__c", "Holder__c"]).to_pylist()
    assert (row["Message__c"], row["Holder__c"]) == (None, "h")


def test_what_was_written_is_read_in_change_order_and_from_any_place(org: Org) -> None:
    keys = [secrets.token_hex(16) for _ in range(3)]
    org.upsert([run(key) for key in keys])
    since = Stamp(org.server_time() - timedelta(minutes=10), "")
    reading = Reading(RUN, (KEY,), since, org.server_time() + timedelta(seconds=5))
    pages = list(org.read([reading]))
    rows = [row for page in pages for row in page.rows.to_pylist()]
    assert set(keys) <= {row[KEY] for row in rows}
    assert [(row["SystemModstamp"], row["Id"]) for row in rows] == sorted(
        (row["SystemModstamp"], row["Id"]) for row in rows
    )
    assert pages[-1].last
    assert pages[-1].resume is not None
    rest = list(org.read([Reading(RUN, (KEY,), pages[-1].resume, reading.until)]))
    assert sum(page.rows.num_rows for page in rest) == 0


def test_records_by_id_and_all_ids(org: Org, key: str) -> None:
    (answer,) = org.upsert([run(key)])
    assert answer.record_id is not None
    assert org.read_rows(RUN, [KEY], [answer.record_id, "a00000000000000AAA"]).to_pylist() == [
        {"Id": answer.record_id, KEY: key}
    ]
    assert answer.record_id in [record_id for page in org.read_ids(RUN) for record_id in page]
    assert org.count(RUN) >= 1


def test_a_job_answers_row_by_row_as_a_call_does(org: Org) -> None:
    keys = [secrets.token_hex(16) for _ in range(4)]
    rows = [run(key, Message__c='a "b",\nc' if i else None) for i, key in enumerate(keys)]
    answers = org.upsert_many([*rows, run("f" * 32, Holder__c="x" * 81)], lambda: None)
    assert [answer.ok for answer in answers] == [True] * 4 + [False]
    assert answers[-1].code == "STRING_TOO_LONG"
    found = {row[KEY]: row for row in org.find(RUN, KEY, keys, ["Message__c"]).to_pylist()}
    assert [found[key]["Message__c"] for key in keys] == [None, *['a "b",\nc'] * 3]


def test_calls_are_counted_in_all_and_by_run(org: Org) -> None:
    before = org.calls
    org.count(RUN)
    assert org.calls == before + 1
    org.begin()
    list(org.read([Reading(RUN, (KEY,), Stamp(org.server_time(), ""), org.server_time())]))
    assert (org.spent.calls, set(org.spent.rows_read)) == (1, {RUN})
