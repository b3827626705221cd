"""What changed and what was deleted in a span of time.

Answers `/sobjects/X/updated` and `/sobjects/X/deleted`. Deletions come from the commit journal, so hard deletes and the
losers of merges are among them. Seconds are ignored, as the service does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.clock import instant, stamp
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.org import Org
from crm_sync.local_org.schema import ObjectType

UPDATED_REACH = timedelta(days=30)
DELETED_REACH = timedelta(days=15)
MOST_IDS = 600_000
_STILL_DELETED = """
SELECT record_id, max(visible_at) FROM _journal AS j
WHERE object = ? AND action IN ('delete', 'purge') AND visible_at >= ? AND visible_at < ?
  AND NOT EXISTS (SELECT 1 FROM _journal AS k
                  WHERE k.object = j.object AND k.record_id = j.record_id AND k.action = 'undelete' AND k.sequence > j.sequence)
GROUP BY record_id ORDER BY max(visible_at), record_id
"""


def updated(org: Org, call: Call, name: str) -> Reply:
    """List the ids of live records changed in a span of at most the last 30 days."""
    o = _replicateable(org, call, name)
    start, end = _span(call, org.clock.now(), UPDATED_REACH)
    sql = f"""SELECT "Id" FROM {org.layouts[o.name].table} WHERE "SystemModstamp" >= ? AND "SystemModstamp" < ?
              AND {org.layouts[o.name].live} AND {call.user.rows(o)} ORDER BY "Id" """
    with org.reading(call) as connection:
        found = [row[0] for row in connection.execute(sql, (stamp(start), stamp(end)))]
    _check_size(found)
    return Reply(200, {"ids": found, "latestDateCovered": stamp(end)})


def deleted(org: Org, call: Call, name: str) -> Reply:
    """List what was deleted, for good too, in a span of at most the last 15 days."""
    o = _replicateable(org, call, name)
    now = org.clock.now()
    start, end = _span(call, now, DELETED_REACH)
    with org.reading(call) as connection:
        found = connection.execute(_STILL_DELETED, (o.name, stamp(start), stamp(end))).fetchall()
        _check_size(found)
        first = connection.execute("SELECT min(visible_at) FROM _journal WHERE object = ?", (o.name,)).fetchone()[0]
    return Reply(
        200,
        {
            "deletedRecords": [{"id": record_id, "deletedDate": at} for record_id, at in found],
            "earliestDateAvailable": max(first or stamp(start), stamp(now - DELETED_REACH)),
            "latestDateCovered": stamp(end),
        },
    )


def _check_size(found: list[Any]) -> None:
    if len(found) > MOST_IDS:
        raise OrgError(
            "EXCEEDED_ID_LIMIT", f"The span holds {len(found)} ids, more than {MOST_IDS}; ask for a shorter one."
        )


def _replicateable(org: Org, call: Call, name: str) -> ObjectType:
    o = org.object(name, call.user)
    if not o.replicateable:
        raise OrgError("INVALID_TYPE_FOR_OPERATION", f"{o.name} does not support replication")
    return o


def _span(call: Call, now: datetime, reach: timedelta) -> tuple[datetime, datetime]:
    start, end = (_instant(call, key).replace(second=0, microsecond=0) for key in ("start", "end"))
    end = min(end, now.replace(second=0, microsecond=0))
    if end - start < timedelta(minutes=1):
        raise OrgError("INVALID_REPLICATION_DATE", "startDate must be at least one minute greater than endDate")
    if now - start > reach:
        raise OrgError("INVALID_REPLICATION_DATE", f"startDate cannot be more than {reach.days} days ago")
    return start, end


def _instant(call: Call, key: str) -> datetime:
    text = call.query.get(key, "").replace(" ", "+")
    try:
        return instant(text)
    except ValueError:
        raise OrgError("INVALID_REPLICATION_DATE", f"{key}: not a date and time: {text!r}") from None
