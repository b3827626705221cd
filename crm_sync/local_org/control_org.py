"""Controls of the org as a whole: clock, faults, sessions, limits, outbound messages.

Called by control. Not here: single records (control_records).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.clock import instant
from crm_sync.local_org.faults import Fault
from crm_sync.local_org.org import Org
from crm_sync.local_org.schema_edits import Edit
from crm_sync.local_org.setup_records import ADMINISTRATOR
from crm_sync.local_org.work_queue import Pace

_FAULT_KEYS = ("kind", "method", "path", "text", "skip", "times", "every", "chance", "seed", "lasts")


def _get_clock(org: Org, call: Call) -> Reply:
    """Tell the org's time: {"now"}."""
    return Reply(200, {"now": org.clock.now().isoformat()})


def _set_clock(org: Org, call: Call) -> Reply:
    """Set the clock: {"freeze": "2026-11-22T10:00:00Z"}, {"advance": seconds} or {"release": true}."""
    body = call.json_object()
    if "freeze" in body:
        org.clock.freeze(instant(body["freeze"]))
    if "advance" in body:
        org.clock.advance(float(body["advance"]))
    if body.get("release"):
        org.clock.release()
    return _get_clock(org, call)


def _add_fault(org: Org, call: Call) -> Reply:
    """Put a fault in force: {"kind", "with": {}} and for which calls; see the table of faults."""
    body = call.json_object()
    unknown = body.keys() - {*_FAULT_KEYS, "with"}
    if unknown:
        raise ValueError(f"{sorted(unknown)} is not known; expected {_FAULT_KEYS} and with")
    org.faults.add(Fault(**{k: body[k] for k in _FAULT_KEYS if k in body}, with_=body.get("with", {})))
    return Reply(204)


def _read_faults(org: Org, call: Call) -> Reply:
    """List the faults still in force: {"faults"}."""
    told = [{k: getattr(f, k) for k in _FAULT_KEYS} | {"with": f.with_} for f in org.faults.listed()]
    return Reply(200, {"faults": told})


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


def _set_logins(org: Org, call: Call) -> Reply:
    """Open or close the ways in with a password: {"soap": bool, "password": bool (the OAuth flow)}."""
    org.sessions.logins = dataclasses.replace(org.sessions.logins, **call.json_object())
    return Reply(204)


def _set_limits(org: Org, call: Call) -> Reply:
    """Set daily allowances: {"DailyApiRequests", "DailyBulkApiBatches", "DailyBulkV2QueryJobs", ...: n}."""
    wanted = {name: int(most) for name, most in call.json_object().items()}
    unknown = wanted.keys() - org.usage.limits.keys()
    if unknown:
        raise ValueError(f"{sorted(unknown)} cannot be set; expected some of {sorted(org.usage.limits)}")
    org.usage.limits |= wanted
    return Reply(204)


def _set_versions(org: Org, call: Call) -> Reply:
    """Serve other API versions: {"oldest", "newest"}; below is retired (410), above unknown (404)."""
    body = call.json_object()
    org.versions.oldest = int(body.get("oldest", org.versions.oldest))
    org.versions.newest = int(body.get("newest", org.versions.newest))
    return Reply(204)


def _set_pace(org: Org, call: Call) -> Reply:
    """Set when bulk work is done from now on: {} at once, {"looks": n} after n looks, {"seconds": n} of the org's clock."""
    org.work.pace = Pace(**call.json_object())
    return Reply(204)


def _edit_schema(org: Org, call: Call) -> Reply:
    """Change the schema: {"object", "field", "set": {attributes of a field}}, or "remove": true in place of "set"."""
    body = call.json_object()
    changes = None if body.get("remove") else dict(body["set"])
    org.edit((*org.edits, Edit(str(body["object"]), body.get("field"), changes)))
    return Reply(204)


def _restore_schema(org: Org, call: Call) -> Reply:
    """Take back all changes of the schema."""
    org.edit(())
    return Reply(204)


def _change_metadata(org: Org, call: Call) -> Reply:
    """Put metadata files in force, {"files": {path: XML}}, and take others away, {"remove": [path]}."""
    body = call.json_object()
    files = {path: content.encode() for path, content in body.get("files", {}).items()}
    org.deploy(files, frozenset(body.get("remove", ())))
    return Reply(204)


def _list_metadata(org: Org, call: Call) -> Reply:
    """List the paths of the metadata files in force: {"paths"}."""
    return Reply(200, {"paths": sorted(org.files)})


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


def _set_sharing(org: Org, call: Call) -> Reply:
    """Turn row-level sharing {"on": true} or off: users then see and write of private objects what they own."""
    org.share(bool(call.json_object()["on"]))
    return Reply(204)


def _set_certificate(org: Org, call: Call) -> Reply:
    """Register the certificate or public key of the JWT flow: {"certificate": PEM}."""
    org.app = dataclasses.replace(org.app, certificate=str(call.json_object()["certificate"]))
    return Reply(204)


ENDPOINTS: dict[str, Callable[[Org, Call], Reply]] = {
    "GET clock": _get_clock,
    "POST clock": _set_clock,
    "POST faults": _add_fault,
    "GET faults": _read_faults,
    "DELETE faults": _clear_faults,
    "POST sessions": _open_session,
    "DELETE sessions": _end_sessions,
    "POST logins": _set_logins,
    "POST limits": _set_limits,
    "POST versions": _set_versions,
    "POST jobs": _set_pace,
    "POST schema": _edit_schema,
    "DELETE schema": _restore_schema,
    "GET metadata": _list_metadata,
    "POST metadata": _change_metadata,
    "POST outbound": _set_outbound,
    "GET outbound": _read_outbound,
    "POST sharing": _set_sharing,
    "POST certificate": _set_certificate,
}
