"""Snapshot tables as plain columns: an absent table or column reads as nulls, texts as codes.

Used by the modules here that read the snapshot. Not here: any decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crm_sync.matching.market import Ints
from crm_sync.model.snapshot import Snapshot

UNKNOWN = -1
"""The code of a value that is not known."""


def normal(text: object) -> str | None:
    """Give a text as it is compared: without outer blanks and case; None if there is nothing to compare."""
    return (str(text).strip().casefold() or None) if text is not None else None


def rows(
    snapshot: Snapshot, mapping: str, columns: Sequence[str], where: pa.Array | None = None
) -> list[dict[str, Any]]:
    """Give rows as dicts with exactly these columns, sorted by id so that the order of arrival never matters."""
    table = snapshot.tables.get(mapping)
    if table is None:
        return []
    table = table if where is None else table.filter(where)
    shown = [column for column in columns if column in table.column_names]
    blank = dict.fromkeys(columns)
    return sorted(({**blank, **row} for row in table.select(shown).to_pylist()), key=lambda row: str(row["id"]))


def one_of(snapshot: Snapshot, mapping: str, column: str, values: Iterable[str]) -> pa.Array:
    """Say for each row of a table whether this column has one of these texts."""
    table = snapshot.tables.get(mapping)
    if table is None or column not in table.column_names:
        return pa.array([False] * (0 if table is None else table.num_rows), pa.bool_())
    return pc.is_in(table[column], value_set=pa.array(sorted(values), pa.string())).combine_chunks()


@dataclass(frozen=True)
class Joined:
    """Columns of one table brought to other rows: by id, or by whichever column names those rows."""

    table: pa.Table | None
    at: pa.Array

    @classmethod
    def by(cls, snapshot: Snapshot, mapping: str, key: str, wanted: pa.Array) -> Joined:
        """Find for each wanted key the row of this table that has it; of several, the one with the smallest id."""
        table = snapshot.tables.get(mapping)
        if table is None or key not in table.column_names:
            return cls(None, pa.nulls(len(wanted), pa.int32()))
        table = table if key == "id" else table.sort_by("id")
        return cls(table, pc.index_in(wanted, value_set=table[key].combine_chunks()))

    def __getitem__(self, column: str) -> pa.Array:
        if self.table is None or column not in self.table.column_names:
            return pa.nulls(len(self.at))
        return self.table[column].combine_chunks().take(self.at)

    @property
    def is_there(self) -> NDArray[np.bool_]:
        """Which wanted keys have a row."""
        found: NDArray[np.bool_] = np.asarray(self.at.is_valid())
        return found


@dataclass(frozen=True)
class Codes:
    """Texts as whole numbers, equal for texts that compare equal; UNKNOWN for null."""

    of_row: Ints
    index: Mapping[str, int]

    @classmethod
    def of(cls, texts: pa.Array) -> Codes:
        """Number the distinct texts in the order of the alphabet."""
        return cls._numbered(texts, normal)

    @classmethod
    def exactly(cls, names: pa.Array) -> Codes:
        """Number texts that are names as they stand, where case matters."""
        return cls._numbered(names, lambda name: None if name is None else str(name))

    @classmethod
    def _numbered(cls, texts: pa.Array, compared: Callable[[object], str | None]) -> Codes:
        found = pc.cast(texts, pa.string()).dictionary_encode()
        words = [compared(text) for text in found.dictionary.to_pylist()]
        index = {text: code for code, text in enumerate(sorted({text for text in words if text is not None}))}
        of_word = np.array([UNKNOWN if text is None else index[text] for text in words] + [UNKNOWN], dtype=np.int64)
        return cls(of_word[np.asarray(pc.fill_null(found.indices, len(words)), dtype=np.int64)], index)

    def code(self, value: object) -> int:
        """Give the code of a value; UNKNOWN for null and for what no row has."""
        text = normal(value)
        return UNKNOWN if text is None else self.index.get(text, UNKNOWN)

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True)
class Words:
    """Several texts per row, as flags per text: which rows have any of some words. A row of null has none."""

    codes: Codes
    row_of: Ints
    size: int

    @classmethod
    def of(cls, lists: pa.Array) -> Words:
        """Read a column of lists; the words compare without case and outer blanks."""
        if pa.types.is_null(lists.type):
            lists = pc.cast(lists, pa.list_(pa.string()))
        parents = np.asarray(pc.list_parent_indices(lists), dtype=np.int64)
        return cls(Codes.of(pc.list_flatten(lists)), parents, len(lists))

    def any_of(self, words: Iterable[str | None]) -> NDArray[np.bool_]:
        """Flag the rows that have at least one of these words."""
        wanted = sorted({self.codes.code(word) for word in words} - {UNKNOWN})
        flags = np.zeros(self.size, dtype=bool)
        flags[self.row_of[np.isin(self.codes.of_row, wanted)]] = True
        return flags
