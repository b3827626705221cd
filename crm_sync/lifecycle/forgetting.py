"""Snapshot, verdicts and tables -> whom to forget, by which ids and keys they are known, and tables without them.

Called by `erasure`, by the mirror for every page, and for kept inputs. Forgetting one record of a person forgets all of them:
whoever shares an individual, an address or a merge with somebody forgotten is the same person. Not here: deleting anything,
and remembering who is to stay out (state).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

Forgotten = Callable[[str], bool]
"""Whether a text is, or holds, an id or key of somebody who was forgotten."""
Hits = tuple[list[str], list[str]]
Looked = dict[str, tuple[pa.ChunkedArray, Hits]]
"""Columns that were looked at, and what was found in them."""
SHORT, LONG = 15, 18
"""A record's id without and with the three letters that guard against lost case."""
_TRACE = re.compile(r"[A-Za-z0-9]{15,}")
_ESCAPED = re.compile(r"\\[nrt]")

BELONGS: Mapping[str, tuple[str, ...]] = {
    "profile": ("contact", "key"),
    "consent": ("contact",),
    "match": ("profile",),
    "activity": ("contact", "match"),
    "task": ("who",),
    "event": ("who",),
}
"""Tables whose rows belong to one person, by the columns that lead there; profiles come before the matches that lead to them."""
ABOUT = frozenset({*BELONGS, "contact", "individual", "unmapped", "people", "held"})
"""Tables whose rows go with a person; the last two are those of kept decisions. In all others a person is only mentioned."""
KEYED: Mapping[str, tuple[str, ...]] = {"escalation": ("contact", "activity"), "case": ("contact",)}
"""Records that concern an account as well, so that they stay without the person; their keys are digests of the person's id."""
BESIDE: Mapping[str, tuple[str, ...]] = {
    "escalation": ("evidence", "summary", "resolution", "cause", "corrective_action", "effectiveness")
}
"""What people and the worker wrote beside such a mention; it goes with it."""
CANDIDATES = "candidates"
"""The column of kept decisions in which a request's candidates stand as JSON."""


def traces(text: str) -> Iterator[str]:
    """Give every id and key that a text holds, ids in their short form, in which all forms of an id agree."""
    for found in _TRACE.findall(_ESCAPED.sub(" ", text)):
        yield found[:SHORT] if len(found) == LONG else found


def asked_to_be_forgotten(snapshot: Snapshot) -> frozenset[str]:
    """The living contacts whose individual says that they are to be forgotten, or that of a contact merged into them."""
    individuals, contacts = snapshot.tables.get("individual"), snapshot.tables.get("contact")
    if individuals is None or contacts is None:
        return frozenset()
    asking = _values(individuals.filter(pc.fill_null(individuals["forget"], False)), "id")
    if not asking:
        return frozenset()
    found = _values(_rows(snapshot, "contact", ("individual",), asking), "id")
    found |= _survivors(snapshot, "contact", _rows(snapshot, "merged_contact", ("individual",), asking))
    return frozenset(found & _values(contacts, "id"))


def _survivors(snapshot: Snapshot, name: str, merged: pa.Table) -> set[str]:
    """The ids of whatever these merged records were merged into, and what that was merged into, to the end."""
    found: set[str] = set()
    while merged.num_rows:
        masters = _values(merged, "master_record") - found
        found |= masters
        merged = _rows(snapshot, f"merged_{name}", ("id",), masters)
    return found


def living(snapshot: Snapshot) -> frozenset[str]:
    """The contacts that the org has, and those that live on in one of them."""
    found = _values(snapshot.tables["contact"], "id")
    return frozenset(found | _values(_merged_into(snapshot, frozenset(found)), "id"))


def same_people(verdicts: Verdicts, contacts: Iterable[str]) -> frozenset[str]:
    """Every living contact record of the people these contacts are."""
    table, known = verdicts.table, frozenset(contacts)
    mine = table.filter(pc.is_in(table["contact_id"], value_set=_texts(known)))["person_key"]
    people = table.filter(pc.is_in(table["person_key"], value_set=mine.combine_chunks()))
    return known | frozenset(people["contact_id"].to_pylist())


@dataclass(frozen=True)
class LegalHolds:
    """The accounts under legal hold, and those of which nobody can say; each takes over what was merged into it."""

    held: frozenset[str]
    unknown: frozenset[str]
    free: frozenset[str]

    def on(self, account: str) -> bool | None:
        """Whether this account is under legal hold; None if that cannot be ruled out, as of one that is not there."""
        return True if account in self.held else False if account in self.free else None


def legal_holds(snapshot: Snapshot) -> LegalHolds:
    """Read which of the org's accounts are, may be and are not under legal hold."""
    accounts, merged = snapshot.tables.get("account"), snapshot.tables.get("merged_account")
    mine, theirs = _by_hold(accounts), _by_hold(merged)
    living = _values(accounts, "id") if accounts is not None else set()
    held = living & (_values(mine[True], "id") | _survivors(snapshot, "account", theirs[True]))
    maybe = living & (_values(mine[None], "id") | _survivors(snapshot, "account", theirs[None]))
    return LegalHolds(frozenset(held), frozenset(maybe - held), frozenset(living - held - maybe))


def _by_hold(accounts: pa.Table | None) -> Mapping[bool | None, pa.Table]:
    """The accounts with a hold, without one, and with none that can be read."""
    if accounts is None:
        return dict.fromkeys((True, False, None), pa.table({}))
    if "legal_hold" not in accounts.column_names:
        return {True: accounts.slice(0, 0), False: accounts.slice(0, 0), None: accounts}
    hold = accounts["legal_hold"]
    chosen = {True: pc.fill_null(hold, False), False: pc.invert(pc.fill_null(hold, True)), None: pc.is_null(hold)}
    return {said: accounts.filter(rows) for said, rows in chosen.items()}


def on_legal_hold(snapshot: Snapshot, program: Program, contacts: Iterable[str]) -> frozenset[str]:
    """Those of these contacts whose account is, or may be, under legal hold, where rules/retention.yaml lets it stop disposal."""
    if not program.retention.legal_hold_stops_disposal:
        return frozenset()
    mine = _rows(snapshot, "contact", ("id",), contacts)
    named = mine.filter(pc.is_valid(mine["account"]))
    free = _texts(legal_holds(snapshot).free)
    return frozenset(_values(named.filter(pc.invert(pc.is_in(named["account"], value_set=free))), "id"))


def identifiers(snapshot: Snapshot, contacts: frozenset[str]) -> frozenset[str]:
    """Every id and key by which records about these contacts are known: theirs, their profiles', consents' and so on."""
    found = {*contacts}
    for rows in (_rows(snapshot, "contact", ("id",), contacts), _merged_into(snapshot, contacts)):
        found |= _values(rows, "id", "individual", "email_key")
    for name in BELONGS:
        if name in snapshot.tables:
            found |= belonging(name, snapshot.tables[name], found)
    for name, columns in KEYED.items():
        found |= _values(_rows(snapshot, name, columns, found), "key")
    return frozenset(found)


def belonging(name: str, table: pa.Table, known: Iterable[str]) -> set[str]:
    """The ids and keys of the rows of a table of `BELONGS` that lead to somebody known by these ids."""
    shown = [column for column in BELONGS[name] if column in table.column_names]
    return _values(table.filter(_any(table, {column: sorted(known) for column in shown})), "id", "key")


def records_about(snapshot: Snapshot, known: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Every record that the org still holds about these people, known by these ids, as (mapping, id)."""
    wanted = sorted(known)
    links = {"contact": ("id",), "individual": ("id",), **BELONGS, **KEYED, "asset": ("contact",)}
    found = (
        (name, one) for name, columns in links.items() for one in _values(_rows(snapshot, name, columns, wanted), "id")
    )
    return tuple(sorted(found))


def _merged_into(snapshot: Snapshot, contacts: frozenset[str]) -> pa.Table:
    """The last known rows of contacts that were merged into these, through however many merges."""
    found = frozenset(contacts)
    while True:
        rows = _rows(snapshot, "merged_contact", ("master_record",), found)
        more = found | _values(rows, "id")
        if more == found:
            return rows
        found = more


def without(name: str, rows: pa.Table, forgotten: Forgotten, last: Looked | None = None) -> pa.Table:
    """Give a table without the rows about the forgotten, and without their mention in all others; the same if there is none.

    `name` is the mapping's, or that of a table of kept decisions. `last` is what was found in the table looked at before: a
    column that is the same as then, as most are in another version of a table, is not looked at again.
    """
    kind = name.removeprefix("merged_")
    texts = [field.name for field in rows.schema if pa.types.is_string(field.type)]
    hits = {column: _hits(column, rows[column], forgotten, {} if last is None else last) for column in texts}
    if not any(named or mentioned for named, mentioned in hits.values()):
        return rows
    whose = texts if kind in ABOUT else [column for column in texts if column == "id"]
    about = _any(rows, {column: hits[column][0] for column in whose})
    mentioned = _any(rows, {column: [*named, *said] for column, (named, said) in hits.items()})
    for column in BESIDE.get(kind, ()):
        if column in rows.column_names:
            rows = _put(rows, column, pc.if_else(mentioned, pa.scalar(None, pa.string()), rows[column]))
    for column, (named, said) in hits.items():
        rows = _put(rows, column, _blanked(rows[column], [*named, *said], column, forgotten))
    return rows.filter(pc.invert(about)).combine_chunks()


def _hits(name: str, column: pa.ChunkedArray, forgotten: Forgotten, last: Looked) -> Hits:
    """Give the values that are an id or key of somebody forgotten, and the texts that hold one."""
    if name in last and last[name][0].equals(column):
        return last[name][1]
    named: list[str] = []
    mentioned: list[str] = []
    for value in pc.unique(column).to_pylist():
        if value and forgotten(value):
            (named if _TRACE.fullmatch(value) else mentioned).append(value)
    last[name] = column, (named, mentioned)
    return named, mentioned


def _any(rows: pa.Table, hits: Mapping[str, list[str]]) -> pa.ChunkedArray:
    found: pa.ChunkedArray = pa.chunked_array([pa.repeat(pa.scalar(False), rows.num_rows)])
    for column, values in hits.items():
        if values:
            found = pc.or_(found, pc.is_in(rows[column], value_set=_texts(values)))
    return found


def _blanked(column: pa.ChunkedArray, values: list[str], name: str, forgotten: Forgotten) -> pa.ChunkedArray:
    if not values:
        return column
    if name == CANDIDATES:
        return pa.chunked_array([[_fewer(text, forgotten) for text in column.to_pylist()]], pa.string())
    return pc.if_else(pc.is_in(column, value_set=_texts(values)), pa.scalar(None, pa.string()), column)


def _fewer(candidates: str | None, forgotten: Forgotten) -> str | None:
    """Give a request's candidates without those who were forgotten."""
    if not candidates:
        return candidates
    return json.dumps([one for one in json.loads(candidates) if not forgotten(one[0])])


def _put(rows: pa.Table, column: str, values: pa.ChunkedArray) -> pa.Table:
    place = rows.column_names.index(column)
    return rows.set_column(place, rows.schema.field(place), values)


def _rows(snapshot: Snapshot, name: str, columns: Iterable[str], values: Iterable[str]) -> pa.Table:
    """The rows of a table whose columns hold one of these values."""
    table = snapshot.tables.get(name)
    if table is None:
        return pa.table({})
    shown = [column for column in columns if column in table.column_names]
    return table.filter(_any(table, {column: sorted(values) for column in shown}))


def _values(rows: pa.Table, *columns: str) -> set[str]:
    return {value for name in columns if name in rows.column_names for value in rows[name].to_pylist() if value}


def _texts(values: Iterable[str]) -> pa.Array:
    return pa.array(sorted(values), pa.string())
