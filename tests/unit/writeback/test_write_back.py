"""Writing back to an org over HTTP: one result per change, whatever the org says, and a second run that writes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm_sync.errors import ConfigurationError, PermanentError, TemporaryError, WrongOrgError
from crm_sync.model.records import Change, Desired
from crm_sync.writeback.lease import LEASE_KEY, run_key
from tests.local_place import Place
from tests.worker_here import AS_OF, Worker, contacts, match, profile


def request(place: Place) -> str:
    return place.human("Reference_Request__c", {"Type__c": "Quote"})[0]


def profiles(place: Place, ids: list[str]) -> dict[str, dict[str, object]]:
    rows = place.rows(
        "SELECT External_Key__c, Strength__c, Verdict_Summary__c, Status__c, Contact__c FROM Reference_Profile__c"
    )
    return {str(row["External_Key__c"]): row for row in rows if row["External_Key__c"] in ids}


def test_records_and_what_links_to_them_in_one_call_and_a_second_run_writes_nothing(org: Place, worker: Worker) -> None:
    worker.reach([profile(person) for person in contacts(org, 1)])
    people, asked = contacts(org, 30), request(org)
    wanted = [profile(person) for person in people] + [match(i, asked, person) for i, person in enumerate(people)]
    made = worker.plan(wanted)
    before = worker.org.calls
    outcome = worker.write(made)
    assert worker.org.calls - before == 3
    assert outcome.count("written") == 60
    assert [result.change for result in outcome.results] == list(made.changes)
    assert all(result.record_id for result in outcome.results)
    assert len(org.rows(f"SELECT Id FROM Reference_Match__c WHERE Request__c = '{asked}' AND Profile__c != null")) == 30
    assert worker.plan(wanted).changes == ()


def test_an_update_sends_the_changed_fields_alone(org: Place, worker: Worker) -> None:
    (person,) = contacts(org, 1)
    worker.reach([profile(person)])
    sequence = org.effects()[-1]["sequence"]
    outcome = worker.reach([profile(person, strength=60.0)])
    assert outcome.count("written") == 1
    (entry,) = [entry for entry in org.effects(sequence) if entry["object"] == "Reference_Profile__c"]
    assert entry["action"] == "update"
    assert '"Strength__c": 60' in str(entry["after"]) or '"Strength__c":60' in str(entry["after"])
    assert profiles(org, [person])[person]["Verdict_Summary__c"] == "fine"


def test_a_humans_field_is_set_on_create_and_never_again(org: Place, worker: Worker) -> None:
    (person,) = contacts(org, 1)
    worker.reach([profile(person)])
    record = org.rows(f"SELECT Id FROM Reference_Profile__c WHERE External_Key__c = '{person}'")[0]["Id"]
    org.update("Reference_Profile__c", record, Status__c="Declined")
    worker.reach([profile(person, strength=70.0)])
    assert profiles(org, [person])[person]["Status__c"] == "Declined"


def test_a_record_that_a_person_made_is_written_by_its_id(org: Place, worker: Worker) -> None:
    asked = request(org)
    outcome = worker.reach([Desired("request", {"status": "matched"}, id=asked)])
    assert outcome.count("written") == 1
    assert org.rows(f"SELECT Status__c FROM Reference_Request__c WHERE Id = '{asked}'") == [{"Status__c": "Matched"}]


def test_a_bad_row_costs_its_neighbours_nothing(org: Place, worker: Worker) -> None:
    people = contacts(org, 20)
    org.fault(
        "record", times=-1, object="Reference_Profile__c", contains=people[7], code="FIELD_CUSTOM_VALIDATION_EXCEPTION"
    )
    outcome = worker.reach([profile(person) for person in people])
    assert (outcome.count("written"), outcome.count("refused")) == (19, 1)
    (refused,) = [result for result in outcome.results if result.status == "refused"]
    assert (refused.change.key, refused.code) == (people[7], "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert set(profiles(org, people)) == set(people) - {people[7]}


def test_a_row_that_spoils_every_batch_it_is_in_is_found(org: Place, worker: Worker) -> None:
    """As an automation of the org does that gives up on a whole call."""
    people = contacts(org, 20)
    spoilt = {"kind": "error", "path": "composite", "text": people[7], "times": -1}
    org.control("POST", "faults", spoilt | {"with": {"status": 400, "code": "CANNOT_EXECUTE_FLOW_TRIGGER"}})
    outcome = worker.reach([profile(person) for person in people])
    assert (outcome.count("written"), outcome.count("refused")) == (19, 1)
    (refused,) = [result for result in outcome.results if result.status == "refused"]
    assert (refused.change.key, refused.code) == (people[7], "CANNOT_EXECUTE_FLOW_TRIGGER")
    assert set(profiles(org, people)) == set(people) - {people[7]}


def test_a_create_that_is_there_already_is_read_back(org: Place, worker: Worker) -> None:
    """Somebody wrote it a moment ago, be it this worker itself: it counts as written, and its values are for the next run."""
    mine, strange = contacts(org, 2)
    made = worker.plan([profile(mine), profile(strange)])
    (there,) = org.human("Reference_Profile__c", {"External_Key__c": mine, "Contact__c": mine, "Strength__c": 1.0})
    org.fault("record", times=-1, object="Reference_Profile__c", code="DUPLICATE_VALUE")
    found = {result.change.key: result for result in worker.write(made).results}
    assert (found[mine].status, found[mine].record_id) == ("written", there)
    assert (found[strange].status, found[strange].code) == ("deferred", "DUPLICATE_VALUE")
    org.no_faults()
    assert worker.reach([profile(mine), profile(strange)]).count("written") == 2


def test_an_update_that_meets_a_value_of_another_record_is_not_taken_for_written(org: Place, worker: Worker) -> None:
    (person,) = contacts(org, 1)
    worker.reach([profile(person)])
    org.fault("record", times=-1, object="Reference_Profile__c", code="DUPLICATE_VALUE")
    (result,) = worker.reach([profile(person, strength=51.0)]).results
    assert (result.status, result.code) == ("deferred", "DUPLICATE_VALUE")


def test_what_was_refused_waits_until_it_changes(org: Place, worker: Worker) -> None:
    (person,) = contacts(org, 1)
    org.fault("record", times=-1, object="Reference_Profile__c", contains=person, code="STRING_TOO_LONG")
    assert worker.reach([profile(person)]).results[0].status == "refused"
    org.no_faults()
    again = worker.reach([profile(person)]).results[0]
    assert (again.status, again.code) == ("skipped", "QUARANTINED")
    assert worker.reach([profile(person, strength=51.0)]).results[0].status == "written"
    assert worker.journal.in_quarantine() == ()


def test_locked_rows_are_tried_again_and_then_left_for_the_next_run(org: Place, worker: Worker) -> None:
    passing, lasting = contacts(org, 2)
    org.fault("record", times=3, object="Reference_Profile__c", contains=passing, code="UNABLE_TO_LOCK_ROW")
    org.fault("record", times=-1, object="Reference_Profile__c", contains=lasting, code="UNABLE_TO_LOCK_ROW")
    outcome = worker.reach([profile(passing), profile(lasting)])
    by_key = {result.change.key: result for result in outcome.results}
    assert by_key[passing].status == "written"
    assert (by_key[lasting].status, by_key[lasting].code) == ("deferred", "UNABLE_TO_LOCK_ROW")
    assert worker.paused == [1.0, 2.0, 4.0, 8.0]
    org.no_faults()
    assert worker.reach([profile(passing), profile(lasting)]).count("written") == 1


def test_what_links_to_a_record_that_was_refused_is_not_sent(org: Place, worker: Worker) -> None:
    (person,), asked = contacts(org, 1), request(org)
    org.fault("record", times=-1, object="Reference_Profile__c", contains=person, code="STRING_TOO_LONG")
    outcome = worker.reach([profile(person), match(900, asked, person)])
    assert [result.status for result in sorted(outcome.results, key=lambda r: r.change.object)] == [
        "deferred",
        "refused",
    ]


def test_what_cannot_be_translated_is_refused_and_the_rest_is_written(org: Place, worker: Worker) -> None:
    one, two = contacts(org, 2)
    outcome = worker.reach([profile(one, verdict_summary="x" * 256), profile(two)])
    by_key = {result.change.key: (result.status, result.code) for result in outcome.results}
    assert by_key == {one: ("refused", "STRING_TOO_LONG"), two: ("written", None)}


def test_a_record_that_is_gone_is_left_to_the_next_plan(org: Place, worker: Worker) -> None:
    asked = request(org)
    made = worker.plan([Desired("request", {"status": "matched"}, id=asked)])
    org.delete("Reference_Request__c", asked)
    (result,) = worker.write(made).results
    assert (result.status, result.code) == ("deferred", "ENTITY_IS_DELETED")


def test_every_attempt_is_on_record(org: Place, worker: Worker) -> None:
    people = contacts(org, 3)
    org.fault("record", times=-1, object="Reference_Profile__c", contains=people[1], code="STRING_TOO_LONG")
    worker.reach([profile(person) for person in people])
    (run,) = worker.journal.runs()
    assert run["status"] == "done"
    rows = worker.journal._connection.execute("SELECT subject, status FROM outcomes ORDER BY subject").fetchall()
    assert dict(rows) == {
        f"profile {people[0]}": "written",
        f"profile {people[1]}": "refused",
        f"profile {people[2]}": "written",
    }
    assert worker.journal._connection.execute("SELECT count(*) FROM intents").fetchone()[0] == 3


def test_the_run_has_its_record_in_the_org(org: Place, worker: Worker) -> None:
    (person,) = contacts(org, 1)
    made = worker.plan([profile(person)])
    worker.write(made)
    (run,) = worker.journal.runs()
    fields = (
        "Kind__c, Status__c, As_Of__c, Counts__c, Plan_Checksum__c, Rule_Version__c, Lease_Until__c, Finished_At__c"
    )
    (row,) = org.rows(f"SELECT {fields} FROM Sync_Run__c WHERE External_Key__c = '{run['run_id']}'")
    assert (row["Kind__c"], row["Status__c"], row["As_Of__c"]) == ("Full", "Done", AS_OF.date().isoformat())
    assert row["Counts__c"].startswith("written profile: 1\nAPI calls: ")
    assert row["Plan_Checksum__c"] == made.checksum
    assert row["Lease_Until__c"] is None
    assert row["Finished_At__c"] is not None


def test_missing_permissions_are_all_named_before_the_first_write(org: Place, worker: Worker) -> None:
    (person,) = contacts(org, 1)
    made = worker.plan([profile(person)])
    odd = Change("account", "update", {"is_deleted": True, "industry": "x"}, {}, id="001000000000001AAA")
    sequence = org.effects()[-1]["sequence"]
    mapping = worker.program.mappings["account"]
    fields = {**mapping.fields, "is_deleted": replace(mapping.fields["id"], name="is_deleted", field="IsDeleted")}
    worker.program = replace(
        worker.program, mappings={**worker.program.mappings, "account": replace(mapping, fields=fields)}
    )
    with pytest.raises(ConfigurationError, match=r"Account\.IsDeleted: found no permission to update it"):
        worker.write(replace(made, changes=(*made.changes, odd)))
    assert org.effects(sequence) == []


def test_nothing_is_written_to_an_org_that_is_not_the_pinned_one(org: Place, worker: Worker) -> None:
    (person,) = contacts(org, 1)
    made = worker.plan([profile(person)])
    sequence = org.effects()[-1]["sequence"]
    for changes, error in (
        ({"org_id": "00D000000000001EAA"}, WrongOrgError),
        ({"expect_sandbox": False}, WrongOrgError),
        ({"org_id": None}, ConfigurationError),
    ):
        worker.org = org.worker(**changes)
        with pytest.raises(error):
            worker.write(made)
    assert org.effects(sequence) == []


def test_the_daily_limit_ends_the_run_and_the_rest_is_left(org: Place, worker: Worker) -> None:
    people = contacts(org, 3)
    org.fault("record", times=-1, object="Reference_Profile__c", contains=people[1], code="STORAGE_LIMIT_EXCEEDED")
    made = worker.plan([profile(person) for person in people])
    with pytest.raises(TemporaryError, match="STORAGE_LIMIT_EXCEEDED"):
        worker.write(made)
    (run,) = worker.journal.runs()
    assert run["status"] == "failed"


def test_a_permission_lost_in_the_middle_ends_the_run_as_failed(org: Place, worker: Worker) -> None:
    (person,) = contacts(org, 1)
    org.fault("record", times=-1, object="Reference_Profile__c", contains=person, code="INVALID_TYPE")
    with pytest.raises(PermanentError, match="INVALID_TYPE"):
        worker.reach([profile(person)])
    (run,) = worker.journal.runs()
    (row,) = org.rows(f"SELECT Status__c, Message__c FROM Sync_Run__c WHERE External_Key__c = '{run['run_id']}'")
    assert row["Status__c"] == "Failed"
    assert "INVALID_TYPE" in row["Message__c"]


def test_one_fence_a_run_and_each_is_higher(org: Place, worker: Worker) -> None:
    people = contacts(org, 2)
    fences = []
    for person in people:
        worker.reach([profile(person)])
        (lease,) = org.rows(f"SELECT Fence__c FROM Sync_Run__c WHERE External_Key__c = '{LEASE_KEY}'")
        fences.append(int(lease["Fence__c"]))
    assert fences[1] == fences[0] + 1
    assert worker.journal.runs()[0]["run_id"] in {run_key(fence) for fence in fences}
