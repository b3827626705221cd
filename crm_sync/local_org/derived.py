"""Fields the platform works out from others when a record is saved.

Names of persons, what a stage or status means, whom an activity is about. Called by records with the whole row as it will
be and the names that were given. Not here: formula fields, defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from datetime import timedelta
from typing import Any

from crm_sync.local_org.clock import parse_stamp, stamp
from crm_sync.local_org.errors import RecordError
from crm_sync.local_org.schema import ObjectType
from crm_sync.local_org.standard_objects import stages
from crm_sync.local_org.transactions import Row, Transaction


def complete(tx: Transaction, o: ObjectType, row: Row, given: Set[str]) -> None:
    """Set the derived fields of a row in place."""
    last = o.fields.get("lastname")
    if last is not None and last.compound == "Name":
        row["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part) or None
    derive = _BY_OBJECT.get(o.name)
    if derive:
        derive(tx, row, given)


def _meaning(o: str, status: str | None) -> Mapping[str, Any]:
    return stages().get(o, {}).get(status or "", {})


def _opportunity(tx: Transaction, row: Row, given: Set[str]) -> None:
    if "StageName" in given:
        stage = _meaning("Opportunity", row.get("StageName"))
        row["IsClosed"], row["IsWon"] = int(stage.get("closed", False)), int(stage.get("won", False))
        row["LastStageChangeDate"] = tx.stamp
        if "Probability" not in given:
            row["Probability"] = float(stage.get("probability", 0))
        row["ForecastCategory"] = row["ForecastCategoryName"] = stage.get("forecast", "Pipeline")
    amount, chance = row.get("Amount"), row.get("Probability")
    row["ExpectedRevenue"] = None if amount is None or chance is None else round(amount * chance / 100, 2)
    closes = row.get("CloseDate")
    if closes:
        year, quarter = int(closes[:4]), (int(closes[5:7]) + 2) // 3
        row["FiscalYear"], row["FiscalQuarter"], row["Fiscal"] = year, quarter, f"{year} {quarter}"


def _case(tx: Transaction, row: Row, given: Set[str]) -> None:
    closed = bool(_meaning("Case", row.get("Status")).get("closed", False))
    if closed != bool(row.get("IsClosed")):
        row["ClosedDate"] = tx.stamp if closed else None
    row["IsClosed"] = int(closed)
    if row.get("ContactId") and not row.get("AccountId") and "AccountId" not in given:
        row["AccountId"] = _account_of(tx, row["ContactId"])


def _task(tx: Transaction, row: Row, given: Set[str]) -> None:
    closed = bool(_meaning("Task", row.get("Status")).get("closed", False))
    if closed != bool(row.get("IsClosed")):
        row["CompletedDateTime"] = tx.stamp if closed else None
    row["IsClosed"] = int(closed)
    row["IsHighPriority"] = int(row.get("Priority") == "High")
    _activity_account(tx, row)


def _event(tx: Transaction, row: Row, given: Set[str]) -> None:
    starts = row.get("StartDateTime") or row.get("ActivityDateTime")
    if not row.get("IsAllDayEvent"):
        if starts is None or (row.get("DurationInMinutes") is None and row.get("EndDateTime") is None):
            raise RecordError(
                "REQUIRED_FIELD_MISSING", "Required fields are missing: [DurationInMinutes]", ["DurationInMinutes"]
            )
        _event_times(row, starts, given)
    _activity_account(tx, row)


def _event_times(row: Row, starts: str, given: Set[str]) -> None:
    begin = parse_stamp(starts)
    if "EndDateTime" in given and row.get("EndDateTime"):
        row["DurationInMinutes"] = int((parse_stamp(row["EndDateTime"]) - begin).total_seconds() // 60)
    row["EndDateTime"] = stamp(begin + timedelta(minutes=row["DurationInMinutes"]))
    row["StartDateTime"] = row["ActivityDateTime"] = starts
    row["ActivityDate"], row["EndDate"] = starts[:10], row["EndDateTime"][:10]


def _activity_account(tx: Transaction, row: Row) -> None:
    """An activity belongs to the account it is related to, or else to that of the record or the person."""
    row["AccountId"] = _account_of(tx, row.get("WhatId")) or _account_of(tx, row.get("WhoId"))


def _account_of(tx: Transaction, record_id: str | None) -> str | None:
    o = tx.schema.by_prefix(record_id) if record_id else None
    if o is None or record_id is None:
        return None
    if o.name == "Account":
        return record_id
    if o.custom or o.field("AccountId") is None:
        return None
    found = tx.connection.execute(f'SELECT "AccountId" FROM "{o.name}" WHERE "Id" = ?', (record_id,)).fetchone()
    return str(found[0]) if found and found[0] else None


def _user(tx: Transaction, row: Row, given: Set[str]) -> None:
    row["CommunityNickname"] = (
        row.get("CommunityNickname") or (row.get("Username") or "").partition("@")[0][:40] or None
    )


def _organization(tx: Transaction, row: Row, given: Set[str]) -> None:
    row["IsSandbox"] = 1


_BY_OBJECT: dict[str, Callable[[Transaction, Row, Set[str]], None]] = {
    "Opportunity": _opportunity,
    "Case": _case,
    "Task": _task,
    "Event": _event,
    "User": _user,
    "Organization": _organization,
}
