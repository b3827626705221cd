"""Tables <-> pieces of the archive: equal content has equal pieces, and a changed row changes one piece alone.

A table is brought into one canonical form (sorted, whole, without metadata) and cut where a row's id says so, not at a
count: a row that comes or goes leaves all other pieces as they are, so they are kept once however many runs saw them.
Called by `inputs` and `decided`. Not here: what is worth keeping.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.keeping import Archive

ROWS_A_PIECE = 2048
LIST = pa.list_(pa.string())


def keep_table(table: pa.Table, by: Sequence[str], archive: Archive) -> list[str]:
    """Keep a table and return the names of its pieces in order; `by` are the columns that identify a row."""
    return [archive.put(piece_of(piece)) for piece in _pieces(canonical(table, by), by[0])]


def kept_table(pieces: Sequence[str], archive: Archive) -> pa.Table:
    """Give a table that was kept; raises PermanentError when a piece is gone or damaged."""
    return pa.concat_tables([table_of(archive.get(piece)) for piece in pieces])


def canonical(table: pa.Table, by: Sequence[str]) -> pa.Table:
    """Bring a table into the form in which equal content has equal bytes."""
    schema = pa.schema([(field.name, LIST if pa.types.is_list(field.type) else field.type) for field in table.schema])
    order = _order(table, by)
    return table.cast(schema).take(order).combine_chunks().replace_schema_metadata(None)


def _order(table: pa.Table, by: Sequence[str]) -> pa.Array:
    """Give the rows in order; a table that is in order already, as most are, is not sorted."""
    ids = table[by[0]]
    if table.num_rows and pc.all(pc.less(ids.slice(0, len(ids) - 1), ids.slice(1)), skip_nulls=False).as_py():
        return pa.array(range(table.num_rows))
    return pc.sort_indices(table, sort_keys=[(name, "ascending") for name in by])


def _pieces(table: pa.Table, by: str) -> Iterator[pa.Table]:
    """Cut before every row whose id's checksum says so: about one in `ROWS_A_PIECE`."""
    ids = table[by].to_pylist()
    cuts = [row for row, one in enumerate(ids) if row and zlib.crc32(str(one).encode()) % ROWS_A_PIECE == 0]
    for start, end in zip([0, *cuts], [*cuts, len(ids)], strict=True):
        yield table.slice(start, end - start).combine_chunks()


def piece_of(table: pa.Table) -> bytes:
    """Give a table as the bytes of one piece."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def table_of(content: bytes) -> pa.Table:
    """Give what `piece_of` made bytes of; raises ArrowInvalid when this is something else."""
    with pa.ipc.open_stream(content) as reader:
        return reader.read_all()
