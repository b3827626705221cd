"""What changed, what was deleted, and the journal an auditor reads."""

import pytest


def span(start, end):
    return {"start": f"2026-11-20T{start}:00+00:00", "end": f"2026-11-20T{end}:00+00:00"}


def test_updated_and_deleted_within_a_span(api):
    early = api.create("Lead", LastName="early", Company="c")
    api.control("POST", "clock", {"advance": 600})
    late = api.create("Lead", LastName="late", Company="c")
    api.delete(f"sobjects/Lead/{early}")
    api.control("POST", "clock", {"advance": 600})
    updated = api.get("sobjects/Lead/updated/", params=span("12:05", "12:20")).json()
    assert (updated["ids"], updated["latestDateCovered"]) == ([late], "2026-11-20T12:20:00.000+0000")
    deleted = api.get("sobjects/Lead/deleted", params=span("12:05", "12:20")).json()
    assert deleted["deletedRecords"] == [{"id": early, "deletedDate": "2026-11-20T12:10:00.000+0000"}]
    assert deleted["latestDateCovered"] == "2026-11-20T12:20:00.000+0000"


def test_purged_and_merged_records_are_deleted_ones(api):
    kept, merged, purged = (api.create("Contact", LastName=n) for n in ("kept", "merged", "purged"))
    case = api.create("Case", Subject="s", ContactId=merged)
    api.control("POST", "records/change", {"id": merged, "do": "merge", "into": kept})
    api.control("POST", "records/change", {"id": purged, "do": "purge"})
    api.control("POST", "clock", {"advance": 60})
    found = api.get("sobjects/Contact/deleted", params=span("12:00", "12:01")).json()["deletedRecords"]
    assert {merged, purged} <= {d["id"] for d in found}
    rows = api.query(
        f"SELECT Id, IsDeleted, MasterRecordId FROM Contact WHERE Id IN ('{merged}', '{purged}')", "queryAll"
    )
    assert [(r["Id"], r["MasterRecordId"]) for r in rows["records"]] == [(merged, kept)]
    assert api.row("Case", case)["ContactId"] == kept


def test_undeleted_records_are_back(api):
    lead = api.create("Lead", LastName="back", Company="c")
    api.delete(f"sobjects/Lead/{lead}")
    api.control("POST", "records/change", {"id": lead, "do": "undelete"})
    assert api.row("Lead", lead)["IsDeleted"] is False
    api.control("POST", "clock", {"advance": 60})
    found = api.get("sobjects/Lead/deleted", params=span("12:00", "12:01")).json()["deletedRecords"]
    assert lead not in {d["id"] for d in found}


@pytest.mark.parametrize("params", [span("12:00", "12:00"), {"start": "x", "end": "y"}, span("13:00", "12:00")])
def test_spans_that_are_refused(api, params):
    reply = api.get("sobjects/Lead/updated", params=params)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")


def test_rows_can_surface_with_older_stamps(api):
    api.fault("stamp_lag", seconds=300)
    lead = api.create("Lead", LastName="lagging", Company="c")
    assert api.row("Lead", lead)["SystemModstamp"] == "2026-11-20T11:55:00.000+0000"
    written = api.control(
        "POST",
        "records/write",
        {"object": "Lead", "fields": {"LastName": "old", "Company": "c"}, "stamp": "2026-11-19T08:00:00Z"},
    ).json()["id"]
    assert api.row("Lead", written)["CreatedDate"] == "2026-11-19T08:00:00.000+0000"


def test_the_journal_tells_who_did_what_when(api):
    last = api.control("GET", "journal?since=0").json()["last"]
    lead = api.create("Lead", LastName="journal", Company="c")
    api.control("POST", "clock", {"advance": 5})
    api.patch(f"sobjects/Lead/{lead}", {"LastName": "entry"})
    api.patch(f"sobjects/Lead/{lead}", {"Email": "refused"})
    api.delete(f"sobjects/Lead/{lead}")
    entries = api.control("GET", f"journal?since={last}").json()["entries"]
    assert [(e["object"], e["record_id"], e["action"]) for e in entries] == [
        ("Lead", lead, "insert"),
        ("Lead", lead, "update"),
        ("Lead", lead, "delete"),
    ]
    assert all(e["actor"].startswith("005") for e in entries)
    assert '"LastName":"journal"' in entries[1]["before"]
    assert '"LastName":"entry"' in entries[1]["after"]
    assert entries[1]["time"] == entries[1]["visible_at"] == "2026-11-20T12:00:05.000+0000"


def changed(api, record_id, do, **more):
    api.control("POST", "records/change", {"id": record_id, "do": do, **more})


def test_undeleting_brings_children_and_lookups_back(api):
    account = api.create("Account", Name="Family")
    contact = api.create("Contact", LastName="Child", AccountId=account)
    earlier = api.create("Contact", LastName="Gone before", AccountId=account)
    profile = api.create("Reference_Profile__c", Account__c=account, Contact__c=contact)
    api.delete(f"sobjects/Contact/{earlier}")
    api.control("POST", "clock", {"advance": 60})
    api.delete(f"sobjects/Account/{account}")
    assert api.row("Reference_Profile__c", profile)["Account__c"] is None
    api.control("POST", "clock", {"advance": 60})
    changed(api, account, "undelete")
    assert api.row("Contact", contact)["AccountId"] == account
    row = api.row("Reference_Profile__c", profile)
    assert (row["Account__c"], row["Contact__c"]) == (account, contact)
    assert api.get(f"sobjects/Contact/{earlier}").status_code == 404


def test_the_loser_of_a_merge_comes_back_alone(api):
    winner, loser = (api.create("Account", Name=n) for n in ("Winner", "Loser"))
    contact = api.create("Contact", LastName="Moved", AccountId=loser)
    api.control("POST", "clock", {"advance": 60})
    changed(api, loser, "merge", into=winner)
    assert api.row("Account", winner)["SystemModstamp"] == "2026-11-20T12:01:00.000+0000"
    changed(api, loser, "undelete")
    assert api.row("Account", loser)["IsDeleted"] is False
    assert api.row("Contact", contact)["AccountId"] == winner


def test_the_recycle_bin_is_emptied_after_fifteen_days(api):
    lead = api.create("Lead", LastName="binned", Company="c")
    api.delete(f"sobjects/Lead/{lead}")
    soql = f"SELECT Id FROM Lead WHERE Id = '{lead}'"
    api.control("POST", "clock", {"advance": 15 * 86_400})
    api.http.headers["Authorization"] = f"Bearer {api.control('POST', 'sessions', {}).json()['access_token']}"
    assert api.query(soql, "queryAll")["totalSize"] == 1
    api.control("POST", "clock", {"advance": 3601})
    assert api.query(soql, "queryAll")["totalSize"] == 0


def test_records_can_be_imported_with_dates_of_old(api):
    body = {"object": "Lead", "fields": {"LastName": "old", "Company": "c"}, "audit": "2019-01-01T08:00:00Z"}
    row = api.row("Lead", api.control("POST", "records/write", body).json()["id"])
    assert (row["CreatedDate"], row["LastModifiedDate"]) == ("2019-01-01T08:00:00.000+0000",) * 2
    assert row["SystemModstamp"] == "2026-11-20T12:00:00.000+0000"
