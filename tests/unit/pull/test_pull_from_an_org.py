"""Pulling from an org over HTTP: what changed, what went, what cannot be read, and what must never arrive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from crm_sync.errors import ConfigurationError, WrongOrgError
from crm_sync.evaluate import assess
from crm_sync.local_org.org import ConnectedApp
from crm_sync.local_org.server import running
from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.org_days import DAYS, org_calendar
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program
from crm_sync.program.mappings import FieldMapping
from crm_sync.pull import pull
from crm_sync.state.mirror import DuckMirror
from tests.local_place import PACKAGE, Place
from tests.worker_here import only

AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
SIX_MINUTES = 360


@pytest.fixture(autouse=True)
def lift_faults(here: Place) -> Iterator[None]:
    yield
    here.no_faults()


@pytest.fixture
def small(program: Program) -> Program:
    """The shipped program with the mappings that most of these tests are about."""
    return only(program, "account", "contact", "case", "opportunity", "holiday", "consent")


def row(snapshot: Snapshot, name: str, record_id: str) -> Mapping[str, Any] | None:
    found = [item for item in snapshot.tables[name].to_pylist() if item["id"] == record_id]
    return found[0] if found else None


def changed(program: Program, name: str, **fields: FieldMapping) -> Program:
    """Give one mapping other fields."""
    mapping = program.mappings[name]
    wider = replace(mapping, fields={**mapping.fields, **fields})
    return replace(program, mappings={**program.mappings, name: wider})


def test_every_mapping_becomes_a_table_with_its_columns(here: Place, mirror: DuckMirror, program: Program) -> None:
    (account,) = here.human("Account", {"Name": "Acme", "Industry": "Energy", "NumberOfEmployees": 12})
    found = pull(here.worker(), mirror, program, AS_OF)
    assert set(program.mappings) <= set(found.tables)
    assert found.unreadable == frozenset()
    seen = row(found, "account", account)
    assert seen is not None
    assert (seen["name"], seen["industry"], seen["employees"]) == ("Acme", "Energy", 12.0)
    for name, mapping in program.mappings.items():
        assert found.tables[name].column_names[0] == "id"
        assert {field.name for field in mapping.pulled} <= set(found.tables[name].column_names)


def test_hours_and_holidays_arrive_as_they_are_kept(here: Place, mirror: DuckMirror, program: Program) -> None:
    """Times of day as text; a new org is open round the clock, which says nothing about its weekdays."""
    thanksgiving = {"RecurrenceType": "RecursYearlyNth", "RecurrenceStartDate": "2024-11-28"}
    thanksgiving |= {"RecurrenceInstance": "Fourth", "RecurrenceMonthOfYear": "November"}
    here.human("Holiday", {"Name": "Thanks", "IsRecurrence": True, "RecurrenceDayOfWeekMask": 16, **thanksgiving})
    days = only(program, "business_hours", "holiday")
    found = pull(here.worker(), mirror, days, AS_OF)
    (default,) = [hours for hours in found.tables["business_hours"].to_pylist() if hours["default"]]
    assert {default[f"{day}_{end}"] for day in DAYS for end in ("start", "end")} == {"00:00:00.000Z"}
    assert org_calendar(found) == BusinessCalendar(
        frozenset({date(2024, 11, 28), date(2025, 11, 27), date(2026, 11, 26), date(2027, 11, 25), date(2028, 11, 23)})
    )
    open_on = {f"{day.title()}{end}Time": at for day in DAYS[1:6] for end, at in (("Start", "09:00"), ("End", "17:30"))}
    closed = {f"{day.title()}{end}Time": None for day in ("sunday", "monday") for end in ("Start", "End")}
    here.update("BusinessHours", default["id"], **open_on, **closed)
    found = pull(here.worker(), mirror, days, AS_OF)
    assert row(found, "business_hours", default["id"])["tuesday_end"] == "17:30:00.000Z"  # type: ignore[index]
    assert org_calendar(found).weekdays == {1, 2, 3, 4, 5}


def test_personal_data_never_enters_the_mirror(here: Place, tmp_path: Path, small: Program) -> None:
    here.human(
        "Contact",
        {
            "LastName": "Canarysurname",
            "FirstName": "Canaryfirst",
            "Email": "canary@address.example",
            "Phone": "+4912345678",
        },
    )
    mirror = DuckMirror.open(tmp_path / "state" / "mirror.duckdb", b"s" * 32)
    found = pull(here.worker(), mirror, small, AS_OF)
    mirror.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir())
    for secret in (b"Canarysurname", b"Canaryfirst", b"canary@address", b"4912345678"):
        assert secret not in held
    assert "last_name" not in found.tables["contact"].column_names
    assert any(found.tables["contact"].column("email_key").to_pylist())


def test_changes_deletes_and_undeletes_are_seen(here: Place, mirror: DuckMirror, small: Program) -> None:
    kept, gone = here.human("Account", {"Name": "Kept"}, {"Name": "Gone"})
    pull(here.worker(), mirror, small, AS_OF)
    here.update("Account", kept, Name="Renamed")
    here.delete("Account", gone)
    found = pull(here.worker(), mirror, small, AS_OF)
    assert (row(found, "account", kept) or {})["name"] == "Renamed"
    assert row(found, "account", gone) is None
    here.control("POST", "records/change", {"id": gone, "do": "undelete"})
    assert row(pull(here.worker(), mirror, small, AS_OF), "account", gone) is not None


def test_a_merged_contact_lives_on_with_what_it_said_last(here: Place, mirror: DuckMirror, small: Program) -> None:
    winner, loser = here.human("Contact", {"LastName": "W"}, {"LastName": "L", "HasOptedOutOfEmail": True})
    pull(here.worker(), mirror, small, AS_OF)
    here.control("POST", "records/change", {"id": loser, "do": "merge", "into": winner})
    for _ in range(2):
        found = pull(here.worker(), mirror, small, AS_OF)
        assert row(found, "contact", loser) is None
        lost = row(found, "merged_contact", loser)
        assert lost is not None
        assert (lost["master_record"], lost["email_opt_out"]) == (winner, True)


def test_an_opt_out_outlives_the_merge_that_took_it_away(here: Place, mirror: DuckMirror, program: Program) -> None:
    winner, loser = here.human("Contact", {"LastName": "W"}, {"LastName": "L", "HasOptedOutOfEmail": True})
    pull(here.worker(), mirror, program, AS_OF)
    here.control("POST", "records/change", {"id": loser, "do": "merge", "into": winner})
    found = pull(here.worker(), mirror, program, AS_OF)
    assert (row(found, "contact", winner) or {})["email_opt_out"] is False
    reasons = assess(found, program).explain_all([winner])[winner]["call"].reasons
    assert next(reason.truth for reason in reasons if reason.rule_id == "not_opted_out") == "false"


def test_a_quiet_org_costs_five_calls(here: Place, mirror: DuckMirror, program: Program) -> None:
    here.human("Account", *({"Name": f"A{i}"} for i in range(30)))
    org = here.worker()
    first = pull(org, mirror, program, AS_OF)
    here.control("POST", "clock", {"advance": SIX_MINUTES})
    pull(org, mirror, program, AS_OF)
    before = org.calls
    again = pull(org, mirror, program, AS_OF)
    assert org.calls - before == 5
    assert all(again.tables[name].equals(table) for name, table in first.tables.items())


def test_a_row_that_becomes_visible_late_is_not_missed(here: Place, mirror: DuckMirror, small: Program) -> None:
    pull(here.worker(), mirror, small, AS_OF)
    here.control("POST", "clock", {"advance": 10})
    here.fault("stamp_lag", seconds=120)
    (late,) = here.human("Account", {"Name": "Late"})
    assert row(pull(here.worker(), mirror, small, AS_OF), "account", late) is not None


def test_a_row_written_this_very_moment_is_not_taken_for_missing(
    here: Place, mirror: DuckMirror, small: Program
) -> None:
    """Servers tell their time in whole seconds, so what was heard last may be a second behind."""
    org = here.worker()
    pull(org, mirror, small, AS_OF)
    here.control("POST", "clock", {"advance": 2})
    (new,) = here.human("Account", {"Name": "New"})
    assert row(pull(org, mirror, small, AS_OF), "account", new) is not None


def test_a_value_that_nothing_translates_is_null_and_named(here: Place, mirror: DuckMirror, small: Program) -> None:
    (odd,) = here.human("Case", {"Subject": "Odd", "Priority": "P0"})
    found = pull(here.worker(), mirror, small, AS_OF)
    assert (row(found, "case", odd) or {"priority": "no row"})["priority"] is None
    named = {"object": "case", "id": odd, "field": "priority", "value": "P0"}
    assert named in found.unmapped.to_pylist()
    here.update("Case", odd, Priority="P1")
    again = pull(here.worker(), mirror, small, AS_OF)
    assert (row(again, "case", odd) or {})["priority"] == "p1"
    assert named not in again.unmapped.to_pylist()


def test_a_field_that_the_org_does_not_show_is_unknown_everywhere(
    here: Place, mirror: DuckMirror, small: Program
) -> None:
    here.human("Account", {"Name": "Somebody"})
    odd = changed(small, "account", region=FieldMapping("region", "No_Such_Field__c", "text"))
    found = pull(here.worker(), mirror, odd, AS_OF)
    assert ("account", "region") in found.unreadable
    assert set(found.tables["account"].column("region").to_pylist()) == {None}


def test_a_safety_field_that_is_missing_refuses_the_run_and_all_are_named(
    here: Place, mirror: DuckMirror, small: Program
) -> None:
    odd = changed(
        small,
        "contact",
        opted_out=FieldMapping("opted_out", "Reference_Opt_Outt__c", "checkbox", safety=True),
        do_not_call=FieldMapping("do_not_call", "Title", "checkbox", safety=True),
    )
    with pytest.raises(ConfigurationError) as refused:
        pull(here.worker(), mirror, odd, AS_OF)
    assert [mistake.where for mistake in refused.value.mistakes] == ["Contact.Reference_Opt_Outt__c", "Contact.Title"]
    assert refused.value.mistakes[0].nearest == "Reference_Opt_Out__c"


def test_an_object_that_is_not_there_is_empty_and_unknown_or_refused(
    here: Place, mirror: DuckMirror, small: Program
) -> None:
    def elsewhere(name: str) -> Program:
        moved = replace(small.mappings[name], object="No_Such_Object__c")
        return replace(small, mappings={**small.mappings, name: moved})

    found = pull(here.worker(), mirror, elsewhere("holiday"), AS_OF)
    assert found.tables["holiday"].num_rows == 0
    assert ("holiday", "name") in found.unreadable
    with pytest.raises(ConfigurationError, match="no such object that it may read"):
        pull(here.worker(), mirror, elsewhere("consent"), AS_OF)


def test_a_changed_mapping_reads_that_object_again_and_no_other(
    here: Place, mirror: DuckMirror, small: Program
) -> None:
    (account,) = here.human("Account", {"Name": "Acme", "BillingCity": "Ulm"})
    here.human("Opportunity", {"Name": "O", "StageName": "Prospecting", "CloseDate": "2026-12-01"})
    pull(here.worker(), mirror, small, AS_OF)
    mark = mirror.watermark("opportunity")
    here.control("POST", "clock", {"advance": SIX_MINUTES})
    wider = changed(small, "account", city=FieldMapping("city", "BillingCity", "text"))
    found = pull(here.worker(), mirror, wider, AS_OF)
    assert (row(found, "account", account) or {})["city"] == "Ulm"
    assert mark is not None
    assert (mirror.watermark("opportunity") or mark) > mark


def test_rows_of_two_orgs_never_meet(here: Place, mirror: DuckMirror, small: Program) -> None:
    mirror.claim("00D000000000001EAA")
    with pytest.raises(WrongOrgError, match="this is 00D000000000000EAA"):
        pull(here.worker(), mirror, small, AS_OF)


@pytest.mark.parametrize("kind", ["locator", "expire", "truncate", "cut", "error", "html"])
def test_lost_locators_new_sessions_and_cut_answers_lose_nothing(
    here: Place, mirror: DuckMirror, small: Program, kind: str
) -> None:
    if not here.rows("SELECT Id FROM Account WHERE Name = 'B2100'"):
        here.human("Account", *({"Name": f"B{i}"} for i in range(2101)))
    here.fault(kind, "query/01g|composite$", skip=2, times=1)
    found = pull(here.worker(), mirror, small, AS_OF)
    here.no_faults()
    there = [row["Id"] for row in here.rows("SELECT Id FROM Account ORDER BY Id DESC LIMIT 2000")]
    assert found.tables["account"].column("id").to_pylist()[: -len(there) - 1 : -1] == there
    assert found.tables["account"].num_rows == here.call("GET", "query?q=SELECT+COUNT()+FROM+Account")["totalSize"]


def test_a_field_taken_away_since_it_was_described_is_noticed_by_its_query(
    here: Place, mirror: DuckMirror, small: Program
) -> None:
    org = here.worker()
    pull(org, mirror, small, AS_OF)
    before = org.calls
    here.fault("error", "composite$", times=1, status=400, code="INVALID_FIELD", message="No such column")
    found = pull(org, mirror, small, AS_OF)
    assert found.unreadable == frozenset()
    assert org.calls - before == 4


def test_a_field_that_was_hidden_and_is_shown_again_is_read_by_the_next_run(mirror: DuckMirror, small: Program) -> None:
    """An admin who grants what the run asked for has not to wait until the worker forgets what it was told before."""
    app = ConnectedApp(permission_sets=("Reference_Integration", "Reference_Integration_Individual"))
    with running(None, PACKAGE, app=app) as org:
        here = Place(org)
        worker, admin = here.worker(), here.control("POST", "sessions", {})["access_token"]
        rest, signed_in = f"{org.base_url}/services/data/v68.0/", {"Authorization": f"Bearer {admin}"}
        soql = "SELECT Id, ParentId FROM FieldPermissions WHERE Field = '{}' AND Parent.Name = 'Reference_Integration'"
        field = "Reference_Consent__c.Withdrawn_On__c"
        asked = requests.get(rest + "query", params={"q": soql.format(field)}, headers=signed_in, timeout=10)
        (row,) = asked.json()["records"]
        requests.delete(
            f"{rest}sobjects/FieldPermissions/{row['Id']}", headers=signed_in, timeout=10
        ).raise_for_status()
        with pytest.raises(ConfigurationError, match="Withdrawn_On__c"):
            pull(worker, mirror, small, AS_OF)
        shown = {
            "ParentId": row["ParentId"],
            "SobjectType": "Reference_Consent__c",
            "Field": field,
            "PermissionsRead": True,
        }
        requests.post(rest + "sobjects/FieldPermissions", json=shown, headers=signed_in, timeout=10).raise_for_status()
        assert pull(worker, mirror, small, AS_OF).unreadable == frozenset()


def test_bulk_and_rest_bring_the_same_rows(here: Place, mirror: DuckMirror, program: Program) -> None:
    strange = ["NA", "null", "#N/A", 'say "hi"', "a,b", "two\nlines", "=1+1", "Ä€😀", "spaces  in  between"]
    here.human("Account", *({"Name": text, "Industry": "Energy", "Renewal_Date__c": "2026-12-01"} for text in strange))
    here.human("Contact", *({"LastName": text, "Email": f"p{i}@x.example"} for i, text in enumerate(strange)))
    by_rest = pull(here.worker(), mirror, program, AS_OF)
    other = DuckMirror.in_memory(b"s" * 32)
    by_bulk = pull(here.worker(bulk_read_rows=1), other, program, AS_OF)
    other.close()
    for name, table in by_rest.tables.items():
        assert by_bulk.tables[name].equals(table), name
    assert set(strange) <= set(by_bulk.tables["account"].column("name").to_pylist())
