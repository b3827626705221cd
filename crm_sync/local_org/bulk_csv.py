"""CSV of ingest jobs: read what a client uploaded, write what became of it.

Called by bulk_ingest. Follows the Bulk API 2.0 rules: RFC 4180 quotes, one declared delimiter and line ending, an empty cell
says nothing, `#N/A` says null.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from crm_sync.local_org.errors import RecordError
from crm_sync.local_org.schema import Field, ObjectType, soap_type
from crm_sync.local_org.values import WrongKindError

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_POLYMORPHIC = re.compile(r"(?:(\w+):)?(\w+)\.(\w+)")


class BadBatchError(Exception):
    """The whole upload is refused; the text is the job's errorMessage."""


def read(content: bytes, delimiter: str, ending: str) -> tuple[list[str], list[list[str]]]:
    """Read header and rows. Raises BadBatchError."""
    text = content.decode("utf-8-sig", "replace")
    if ending == "\n" and "\r\n" in text.partition("\n")[0] + "\n":
        raise BadBatchError("InvalidBatch : LineEnding is invalid on user data. Current LineEnding setting is LF")
    if ending == "\r\n" and "\r\n" not in text:
        raise BadBatchError("InvalidBatch : LineEnding is invalid on user data. Current LineEnding setting is CRLF")
    try:
        rows = [r for r in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if r]
    except csv.Error as error:
        raise BadBatchError(f"InvalidBatch : Failed to parse CSV: {error}") from None
    if not rows:
        raise BadBatchError("InvalidBatch : Failed to parse CSV header: the file is empty")
    header, *data = rows
    wrong = next((n for n, row in enumerate(data, 2) if len(row) != len(header)), None)
    if wrong:
        raise BadBatchError(f"InvalidBatch : Failed to parse CSV: line {wrong} has not as many columns as the header")
    return header, data


def check_header(o: ObjectType, header: Sequence[str]) -> None:
    """Refuse a column that names no field and no relationship."""
    for name in header:
        path = _POLYMORPHIC.fullmatch(name)
        known = o.relationship(path.group(2)) if path else o.field(name)
        if known is None:
            raise BadBatchError(f"InvalidBatch : Field name not found : {name}")


def record(o: ObjectType, header: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """Make the JSON body that a row stands for."""
    body: dict[str, Any] = {}
    for name, cell in zip(header, row, strict=True):
        if cell == "":
            continue
        path = _POLYMORPHIC.fullmatch(name)
        value = None if cell == "#N/A" else cell
        if path:
            target, relationship, key = path.groups()
            named = {"attributes": {"type": target}} if target else {}
            body[relationship] = None if value is None else {**named, key: value}
        else:
            f = o.field(name)
            body[name] = value if f is None else cell_value(f, value)
    return body


def cell_value(f: Field, cell: str | None) -> Any:
    """Give the JSON value that a text stands for in a field."""
    if cell is None:
        return None
    if f.type == "boolean":
        return _BOOLEANS.get(cell.strip().lower(), cell)
    return cell.strip().removesuffix("Z") if f.type == "date" else cell


def unfit(error: WrongKindError, header: Sequence[str]) -> RecordError:
    """Say which cell could not be read, in Bulk's words."""
    names = [h.lower() for h in header]
    column = names.index(error.field.name.lower()) if error.field.name.lower() in names else 0
    kind = soap_type(error.field)
    told = (
        f"Failed to deserialize field at col {column}. Due to, '{error.value}' is not a valid value for the type {kind}"
    )
    return RecordError("INVALID_FIELD", told, [error.field.name])


def lines(rows: Iterable[Sequence[str]], delimiter: str, ending: str) -> Iterator[str]:
    """Write rows with every value quoted."""
    for row in rows:
        yield delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) + ending
