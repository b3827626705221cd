"""A Snapshot <-> the archive: everything a decision was made from, and nothing that names or quotes a person.

Called by `books` and `recall`. What people write about people (feedback, notes) and what the worker only says is left out:
no decision reads it, and it comes back empty. Of the subjects of tasks and meetings only the words are kept by which the
rules know a use of a reference. Not here: how pieces are stored (`tables`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from crm_sync.audit.tables import keep_table, kept_table
from crm_sync.keeping import Archive
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program

UNREAD = frozenset({"sync_run", "sync_request", "sync_issue", "coverage"})
"""Tables that no decision reads; their rows are left out."""
LEFT_OUT: Mapping[str, frozenset[str]] = {
    "contact": frozenset({"title"}),
    "case": frozenset({"reply_evidence"}),
    "profile": frozenset({"pause_reason", "verdict_summary", "reasons", "title"}),
    "consent": frozenset({"restriction_note"}),
    "request": frozenset({"notes", "verdict_summary", "reasons", "substitute"}),
    "match": frozenset({"score_parts", "reasons", "gate_reasons"}),
    "activity": frozenset({"customer_feedback", "requester_feedback", "issues", "note"}),
    "escalation": frozenset({"evidence", "summary", "resolution", "cause", "corrective_action", "effectiveness"}),
}
"""Texts about people, and texts that the worker made, by mapping."""
WORDS_ALONE: Mapping[str, str] = {"task": "subject", "event": "subject"}
"""Texts of which only the words that rules look for are kept, by mapping."""
EVERYWHERE = frozenset({"system_modstamp"})
ORDER = {"unmapped": ("id", "object", "field", "value")}


def keep_inputs(snapshot: Snapshot, program: Program, archive: Archive) -> str:
    """Keep what a decision was made from and return the name it has in the archive: equal inputs, equal name."""
    words = tuple(program.escalation.off_system.words)
    tables = {name: _keep(name, _bare(name, table, words), archive) for name, table in snapshot.tables.items()}
    body = {
        "org": snapshot.org_id,
        "tables": tables,
        "unmapped": keep_table(snapshot.unmapped, ORDER["unmapped"], archive),
        "unreadable": sorted(map(list, snapshot.unreadable)),
    }
    return archive.put(json.dumps(body, sort_keys=True).encode())


def kept_inputs(name: str, as_of: datetime, archive: Archive) -> Snapshot:
    """Give the inputs of a decision again; raises PermanentError when some of them are gone or damaged."""
    body = json.loads(archive.get(name))
    return Snapshot(
        as_of=as_of,
        org_id=body["org"],
        tables={table: _kept(stored, archive) for table, stored in body["tables"].items()},
        unreadable=frozenset((mapping, field) for mapping, field in body["unreadable"]),
        unmapped=kept_table(body["unmapped"], archive),
    )


def kept_input(name: str, table: str, archive: Archive) -> pa.Table:
    """Give one table of the inputs of a decision; raises PermanentError as `kept_inputs` does."""
    return _kept(json.loads(archive.get(name))["tables"][table], archive)


def pieces_of(name: str, archive: Archive) -> list[str]:
    """Name every piece that inputs are made of."""
    body = json.loads(archive.get(name))
    return [*body["unmapped"], *(piece for table in body["tables"].values() for piece in table["pieces"])]


def _bare(name: str, table: pa.Table, words: Sequence[str]) -> pa.Table:
    """Replace the texts of a table by those of the words that they hold."""
    column = WORDS_ALONE.get(name)
    if column not in table.column_names:
        return table
    texts = [
        text and ("; ".join(word for word in words if word.casefold() in text.casefold()) or None)
        for text in table[column].to_pylist()
    ]
    return table.set_column(table.column_names.index(column), column, pa.array(texts, pa.string()))


def _keep(name: str, table: pa.Table, archive: Archive) -> dict[str, Any]:
    mapping = name.removeprefix("merged_")
    rows = table.slice(0, 0) if mapping in UNREAD else table
    unread = LEFT_OUT.get(mapping, frozenset()) | EVERYWHERE
    dropped = [field for field in table.column_names if field in unread]
    texts = [field for field in dropped if pa.types.is_string(table.schema.field(field).type)]
    return {"pieces": keep_table(rows.drop_columns(dropped), ("id",), archive), "left_out": texts}


def _kept(stored: Mapping[str, Any], archive: Archive) -> pa.Table:
    table = kept_table(stored["pieces"], archive)
    for name in stored["left_out"]:
        table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    return table
