"""The tester's hand in the org: clock, faults, users, records REST cannot make, the commit journal.

Answers `/_control/*`, in test mode only and for JSON bodies only. No session is needed. Not part of Salesforce.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime

from crm_sync.local_org import ids, records, removal
from crm_sync.local_org.access import Access
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.clock import stamp
from crm_sync.local_org.errors import OrgError, not_found
from crm_sync.local_org.faults import KINDS, Fault
from crm_sync.local_org.org import Org
from crm_sync.local_org.schema import ObjectType
from crm_sync.local_org.setup_records import ADMINISTRATOR
from crm_sync.local_org.soql import SoqlError
from crm_sync.local_org.transactions import Row

MOST_JOURNAL_ROWS = 10_000


def answer(org: Org, call: Call) -> Reply:
    """Answer a control call; see `GET /_control` for what there is."""
    if not call.segments:
        return Reply(200, {"endpoints": {k: (v.__doc__ or "").strip() for k, v in _ENDPOINTS.items()}, "faults": KINDS})
    name = f"{call.method} {'/'.join(call.segments).lower()}"
    if name not in _ENDPOINTS:
        raise not_found()
    if call.content and not call.headers.get("content-type", "").startswith("application/json"):
        raise OrgError("UNSUPPORTED_MEDIA_TYPE", "Send application/json; a browser's form must not reach the controls.")
    try:
        return _ENDPOINTS[name](org, call)
    except (KeyError, TypeError, ValueError) as error:
        raise OrgError("INVALID_INPUT", f"{name}: {type(error).__name__}: {error}") from None
    except SoqlError as error:
        raise OrgError(error.code, error.message) from None


def _get_clock(org: Org, call: Call) -> Reply:
    """Tell the org's time: {"now"}."""
    return Reply(200, {"now": org.clock.now().isoformat()})


def _set_clock(org: Org, call: Call) -> Reply:
    """Set the clock: {"freeze": "2026-11-22T10:00:00Z"}, {"advance": seconds} or {"release": true}."""
    body = call.json_object()
    if "freeze" in body:
        org.clock.freeze(_instant(body["freeze"]))
    if "advance" in body:
        org.clock.advance(float(body["advance"]))
    if body.get("release"):
        org.clock.release()
    return _get_clock(org, call)


def _instant(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _add_fault(org: Org, call: Call) -> Reply:
    """Put a fault in force: {"kind", "method", "path" (regular expression), "skip", "times" (-1 for ever), "with": {}}."""
    body = call.json_object()
    known = {k: body[k] for k in ("kind", "method", "path", "skip", "times") if k in body}
    org.faults.add(Fault(**known, with_=body.get("with", {})))
    return Reply(204)


def _clear_faults(org: Org, call: Call) -> Reply:
    """Lift all faults."""
    org.faults.clear()
    return Reply(204)


def _end_sessions(org: Org, call: Call) -> Reply:
    """End every session: {"ended"}."""
    return Reply(200, {"ended": org.sessions.close_all()})


def _open_session(org: Org, call: Call) -> Reply:
    """Sign in as any user: {"username"} gives {"access_token", "user_id"}."""
    username = call.json_object().get("username", ADMINISTRATOR)
    with org.store.reading() as connection:
        found = connection.execute(
            'SELECT "Id" FROM "User" WHERE "Username" = ? COLLATE NOCASE', (username,)
        ).fetchone()
    if found is None:
        raise ValueError(f"user {username!r} is not in this org")
    session = org.sessions.open(found[0], org.app.client_id)
    return Reply(200, {"access_token": session.token, "user_id": session.user_id})


def _set_limits(org: Org, call: Call) -> Reply:
    """Set the daily API calls: {"DailyApiRequests": n}."""
    org.usage.limit = int(call.json_object()["DailyApiRequests"])
    return Reply(204)


def _set_outbound(org: Org, call: Call) -> Reply:
    """Send outbound messages to {"url"} from now on."""
    org.outbound.url = str(call.json_object()["url"])
    org.outbound.wake()
    return Reply(204)


def _read_outbound(org: Org, call: Call) -> Reply:
    """List outbound messages and their fate: {"messages"}."""
    names = ("id", "rule", "object", "record_id", "attempts", "state", "error")
    with org.store.reading() as connection:
        found = connection.execute(f"SELECT {', '.join(names)} FROM _messages ORDER BY id").fetchall()
    return Reply(200, {"messages": [dict(zip(names, row, strict=True)) for row in found]})


def _set_certificate(org: Org, call: Call) -> Reply:
    """Register the certificate or public key of the JWT flow: {"certificate": PEM}."""
    org.app = dataclasses.replace(org.app, certificate=str(call.json_object()["certificate"]))
    return Reply(204)


def _change_record(org: Org, call: Call) -> Reply:
    """Do as a user what REST cannot: {"as": user id, "id", "do": "undelete"|"purge"|"merge", "into": winner's id}."""
    body = call.json_object()
    o, record_id = _named(org, body["id"])
    with org.transaction(_actor(org, body)) as tx:
        if body["do"] == "merge":
            removal.merge(tx, o, _named(org, body["into"])[1], record_id)
        else:
            {"undelete": removal.undelete, "purge": removal.purge}[body["do"]](tx, o, record_id)
    return Reply(204)


def _actor(org: Org, body: Row) -> Access:
    """Give the access of the user named, or the platform's own."""
    return org.access(str(body["as"])) if "as" in body else org.system


def _named(org: Org, written: str) -> tuple[ObjectType, str]:
    record_id, o = ids.normal(written), org.schema.by_prefix(written)
    if record_id is None or o is None:
        raise ValueError(f"{written!r} is not the id of a record of this org")
    return o, record_id


def _write_record(org: Org, call: Call) -> Reply:
    """Write as a user, with stamps of old: {"as": user id, "object", "id" (to change), "fields": {}, "stamp": instant}."""
    body = call.json_object()
    o = org.schema.object(body["object"])
    if o is None:
        raise ValueError(f"object {body['object']!r} is not in this org")
    with org.transaction(_actor(org, body)) as tx:
        tx.stamp = stamp(_instant(body["stamp"])) if "stamp" in body else tx.stamp
        record_id = ids.normal(body["id"]) if body.get("id") else None
        if record_id:
            records.update(tx, o, record_id, body["fields"])
        else:
            record_id = records.insert(tx, o, body["fields"])
    return Reply(200, {"id": record_id})


def _read_journal(org: Org, call: Call) -> Reply:
    """Read the commit journal after ?since=sequence, at most 10,000 entries: {"entries", "last"}."""
    names = ("sequence", "time", "actor", "object", "record_id", "action", "before", "after", "visible_at")
    with org.store.reading() as connection:
        found = connection.execute(
            f"SELECT {', '.join(names)} FROM _journal WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (int(call.query.get("since", "0")), MOST_JOURNAL_ROWS),
        ).fetchall()
    entries: list[Row] = [dict(zip(names, row, strict=True)) for row in found]
    return Reply(200, {"entries": entries, "last": entries[-1]["sequence"] if entries else None})


_ENDPOINTS: dict[str, Callable[[Org, Call], Reply]] = {
    "GET clock": _get_clock,
    "POST clock": _set_clock,
    "POST faults": _add_fault,
    "DELETE faults": _clear_faults,
    "POST sessions": _open_session,
    "DELETE sessions": _end_sessions,
    "POST limits": _set_limits,
    "POST outbound": _set_outbound,
    "GET outbound": _read_outbound,
    "POST certificate": _set_certificate,
    "POST records/change": _change_record,
    "POST records/write": _write_record,
    "GET journal": _read_journal,
}
