"""SQL text made safe by construction: identifiers come from the schema and are quoted, values go as named parameters.

Called by every module that writes SQL. Not here: any knowledge of SOQL.
"""

from __future__ import annotations

SqlValue = str | int | float | None


def quote(identifier: str) -> str:
    """Quote a table or column name of the schema."""
    escaped = identifier.replace('"', '""')
    return f'"{escaped}"'


class Parameters:
    """The values of one statement, in the order they were met; `add` returns what to write in their place."""

    def __init__(self) -> None:
        self.values: dict[str, SqlValue] = {}
        self._names: dict[tuple[type, SqlValue], str] = {}

    def add(self, value: SqlValue) -> str:
        """Keep a value and return its placeholder; the same value has one placeholder, so equal SQL stays equal."""
        key = (type(value), value)
        if key not in self._names:
            self._names[key] = f"p{len(self.values)}"
            self.values[self._names[key]] = value
        return f":{self._names[key]}"


class Aliases:
    """Table aliases that no part of one statement shares."""

    def __init__(self) -> None:
        self._used = 0

    def new(self) -> str:
        """Return the next alias: t0, t1, ..."""
        self._used += 1
        return f"t{self._used - 1}"
