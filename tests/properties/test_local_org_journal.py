"""Whatever is written to the local org, its commit journal tells the same story as its rows."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_sync.local_org import api, records, removal
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.org import ConnectedApp, Org

OBJECTS = ("Account", "Contact", "Case")
EMAILS = st.sampled_from(["a@x.example", "b@x.example", "not an address", None])
STEP = st.tuples(
    st.sampled_from(["insert", "update", "delete", "undelete", "purge", "merge", "upsert"]),
    st.sampled_from(OBJECTS),
    st.integers(0, 5),
    st.integers(0, 5),
    st.text(max_size=5),
    EMAILS,
    st.booleans(),
)


@pytest.fixture(scope="module")
def org():
    opened = Org(None, None, ConnectedApp(), api.build())
    yield opened
    opened.close()


def body(tx, name, other, text, email):
    account = next((i for o, i in tx.known if o == "Account"), None) if other % 2 else None
    return {
        "Account": {"Name": text, "ParentId": account},
        "Contact": {"LastName": text, "Email": email, "AccountId": account},
        "Case": {"Subject": text, "SuppliedEmail": email, "AccountId": account, "Status": "Closed" if other else "New"},
    }[name]


def act(tx, step):
    do, name, first, other, text, email, _ = step
    o = tx.schema.object(name)
    ids = [i for n, i in tx.known if n == name]
    chosen = ids[first % len(ids)] if ids else "001Lo0000zzzzzzIAB"
    if do == "insert":
        tx.known.append((name, records.insert(tx, o, body(tx, name, other, text, email))))
    elif do == "update":
        records.update(tx, o, chosen, body(tx, name, other, text, email))
    elif do == "upsert" and name == "Contact":
        records.upsert(tx, o, o.field("Email"), email, {"LastName": text}, update_only=False)
    elif do == "merge":
        removal.merge(tx, o, ids[other % len(ids)] if ids else chosen, [chosen])
    elif do in ("delete", "undelete", "purge"):
        getattr(removal, do)(tx, o, chosen)


def rows(org):
    found = {}
    with org.store.reading() as connection:
        for name in OBJECTS:
            cursor = connection.execute(f'SELECT * FROM "{name}"')
            columns = [c[0] for c in cursor.description]
            for row in cursor:
                record = dict(zip(columns, row, strict=True))
                found[record["Id"]] = {k: v for k, v in record.items() if v is not None}
    return found


def told(org):
    """Replay the journal; every `before` must be what was there."""
    state = {}
    with org.store.reading() as connection:
        entries = connection.execute("SELECT object, record_id, action, before, after FROM _journal ORDER BY sequence")
        for o, record_id, action, before, after in entries:
            if o not in OBJECTS:
                continue
            was = state.get(record_id, {})
            assert all(was.get(k) == v for k, v in json.loads(before or "{}").items()), (action, record_id)
            now = {**was, **json.loads(after)} if after else {}
            state[record_id] = {k: v for k, v in now.items() if v is not None}
    return {record_id: row for record_id, row in state.items() if row}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(STEP, min_size=1, max_size=4), max_size=6))
def test_the_journal_replays_to_the_rows(org, transactions):
    known = []
    for steps in transactions:
        with org.transaction(org.system) as tx:
            tx.known = known
            for step in steps:
                before = list(known)
                with suppress(OrgError), tx.attempt() as attempt:
                    act(tx, step)
                    if step[-1]:
                        attempt.undo()
                if step[-1]:
                    known[:] = before
    assert told(org) == rows(org)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, max_size=12))
def test_stamps_never_go_back_and_references_are_live(org, steps):
    with org.transaction(org.system) as tx:
        tx.known = []
        for step in steps:
            with suppress(OrgError), tx.attempt():
                act(tx, step)
    with org.store.reading() as connection:
        assert connection.execute(
            'SELECT count(*) FROM "Contact" AS c WHERE c."IsDeleted" = 0 AND c."AccountId" IS NOT NULL AND NOT EXISTS'
            ' (SELECT 1 FROM "Account" AS a WHERE a."Id" = c."AccountId" AND a."IsDeleted" = 0)'
        ).fetchone() == (0,)
        assert connection.execute(
            'SELECT count(*) FROM "Contact" WHERE "SystemModstamp" < "LastModifiedDate" OR "LastModifiedDate" < "CreatedDate"'
        ).fetchone() == (0,)
