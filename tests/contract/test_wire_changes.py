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
