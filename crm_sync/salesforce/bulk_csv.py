"""RowWrites -> CSV files as Bulk API 2.0 takes them, each of a size that one job may have.

Called by bulk_writes. An empty cell leaves a field as it is and `#N/A` clears it, so rows that change different fields
travel in one file. Not here: sending it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import csv

from crm_sync.ports import RowWrite
from crm_sync.salesforce.ids import to_18

ID = "Id"
CLEARED = "#N/A"
MOST_BYTES = 95_000_000
"""A job may hold 150 MB after base64, which adds a half (Bulk API guide, Upload Job Data)."""
ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Part:
    """Rows that travel in one job, and their file."""

    rows: Sequence[RowWrite]
    content: bytes


def can_be_csv(row: RowWrite) -> bool:
    """Whether Bulk's CSV can carry this row: it has no way to write the text `#N/A`, and inserts are not for it."""
    return not row.create_only and CLEARED not in row.values.values()


def parts(rows: Sequence[RowWrite], most_bytes: int = MOST_BYTES, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[Part]:
    """Cut rows of one object and key field into files of the same columns, none larger than a job may be."""
    columns = list(dict.fromkeys(name for row in rows for name in cells(row)))
    header = ",".join(f'"{name}"' for name in columns).encode() + b"\n"
    first, blocks = 0, [header]
    for start in range(0, len(rows), rows_at_once):
        block = _lines(rows[start : start + rows_at_once], columns)
        if start > first and sum(map(len, blocks)) + len(block) > most_bytes:
            yield Part(rows[first:start], b"".join(blocks))
            first, blocks = start, [header]
        blocks.append(block)
    if first < len(rows):
        yield Part(rows[first:], b"".join(blocks))


def cells(row: RowWrite) -> dict[str, str]:
    """Write one row's key and values as text by column; a link by key is a column of its own."""
    found = {row.key_field: own_key(row)}
    for name, value in row.values.items():
        if isinstance(value, dict):
            kind = value.get("attributes", {}).get("type")
            ((key_field, key),) = ((n, v) for n, v in value.items() if n != "attributes")
            found[f"{f'{kind}:' if kind else ''}{name}.{key_field}"] = str(key)
        else:
            found[name] = _cell(value)
    return found


def own_key(row: RowWrite) -> str:
    """Give a row's key as result files repeat it."""
    return to_18(row.key) if row.key_field == ID else row.key


def _lines(rows: Sequence[RowWrite], columns: Sequence[str]) -> bytes:
    found = [cells(row) for row in rows]
    table = pa.table({name: pa.array([values.get(name) for values in found], pa.string()) for name in columns})
    sink = pa.BufferOutputStream()
    csv.write_csv(table, sink, csv.WriteOptions(include_header=False, quoting_style="all_valid"))
    return bytes(sink.getvalue())


def _cell(value: Any) -> str:
    if value is None or value == "":
        return CLEARED
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
