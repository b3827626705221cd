"""Somebody who was forgotten, taken out of the kept inputs and decisions of every past run.

Called by `erasure`. A piece that names them is kept again without them, under its old name, so that everybody else can still
be looked at and decided again. Which pieces were, and what they hold now, is listed in the archive and sealed in the
disposition log before any of them is touched, so that nobody can change a piece and call it that. Not here: what of a table
goes (lifecycle), and the decision log, whose people are locked up one by one (state).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import pyarrow as pa

from crm_sync.audit.books import RUN
from crm_sync.audit.decided import BY
from crm_sync.audit.tables import piece_of, table_of
from crm_sync.errors import PermanentError
from crm_sync.keeping import Archive, Decisions, Dispositions, NotKeptError, Shelf, name_of
from crm_sync.lifecycle.forgetting import BELONGS, Forgotten, Looked, belonging, without

Place = tuple[int, tuple[str, ...]]
"""The how-manieth piece it is of which tables: versions of one piece have one place."""
REDACTION = "kept inputs and decisions without somebody"
DAMAGED = "damaged pieces, as nobody can tell whom they name"
UNKNOWN: Place = (0, ("people",))
"""What a piece is taken for that no run names any more: one of a table whose rows go with a person."""


def take_out(forgotten: Forgotten, basis: str, log: Decisions, dispositions: Dispositions, archive: Shelf) -> int:
    """Take whoever these are out of the archive; returns how many pieces were kept anew or deleted."""
    tables = _tables(log, archive)
    last: Looked = {}
    listed: dict[str, str] = {}
    damaged = []
    for name in sorted(archive.names(), key=lambda name: tables.get(name, UNKNOWN)):
        try:
            content = _without(name, tables, forgotten, archive, last)
        except PermanentError:
            damaged.append(name)
        else:
            listed |= {name: name_of(content)} if content is not None else {}
    _note(listed, len(damaged), basis, dispositions, archive)
    for name in damaged:
        archive.discard(name)
    for name in listed:
        archive.redact(name, _without(name, tables, forgotten, archive, last) or b"")
    return len(listed) + len(damaged)


def _note(listed: Mapping[str, str], damaged: int, basis: str, dispositions: Dispositions, archive: Archive) -> None:
    if damaged:
        dispositions.note(DAMAGED, basis, damaged)
    if listed:
        listing = archive.put(json.dumps(listed, sort_keys=True).encode())
        dispositions.note(REDACTION, basis, len(listed), list=listing)


def known_as(contacts: Iterable[str], log: Decisions, archive: Archive) -> frozenset[str]:
    """Give every id and key by which what past runs kept tells of these contacts."""
    found = set(contacts)
    tables = _tables(log, archive)
    for name in BELONGS:
        for piece in sorted(piece for piece, (_, names) in tables.items() if name in names):
            with suppress(NotKeptError):
                found |= belonging(name, table_of(archive.get(piece)), found)
    return frozenset(found)


def redactions(dispositions: Dispositions, archive: Archive) -> Mapping[str, str]:
    """Give what every redacted piece has to hold now, by its name; lists that are no longer kept are left out."""
    found: dict[str, str] = {}
    for noted in dispositions.entries():
        if noted["what"] != REDACTION:
            continue
        try:
            found |= json.loads(archive.get(noted["list"]))
        except NotKeptError:
            continue
    return found


def _tables(log: Decisions, archive: Archive) -> Mapping[str, Place]:
    """Give the place of each piece, as far as the log's runs tell."""
    found: dict[str, Place] = {}
    bodies = {run[part]: part for run in log.entries(what=RUN) for part in ("inputs", "decisions")}
    for name, part in bodies.items():
        try:
            body: Mapping[str, Any] = json.loads(archive.get(name))
        except PermanentError:
            continue
        held = {table: body[table] for table in BY} if part == "decisions" else _inputs(body)
        for table, pieces in held.items():
            for position, piece in enumerate(pieces):
                known = found.get(piece, (position, ()))[1]
                if table not in known:
                    found[piece] = (position, (*known, table))
    return found


def _inputs(body: Mapping[str, Any]) -> Mapping[str, list[str]]:
    return {"unmapped": body["unmapped"], **{table: stored["pieces"] for table, stored in body["tables"].items()}}


def _without(
    name: str, tables: Mapping[str, Place], forgotten: Forgotten, archive: Archive, last: Looked
) -> bytes | None:
    """Give what a piece holds without them; None when it names none of them, or is no table but a list of pieces."""
    content = archive.get(name)
    try:
        before = table_of(content)
    except pa.ArrowInvalid:
        return None
    after = before
    for table in tables.get(name, UNKNOWN)[1]:
        after = without(table, after, forgotten, last)
    return None if after is before else piece_of(after)
