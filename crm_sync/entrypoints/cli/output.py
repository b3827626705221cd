"""What commands print: a page for a person at a terminal, plain lines without one, JSON for machines.

Used by every command. Results go to standard output, progress and errors to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

PLAIN_WIDTH = 160

out = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)
err = Console(stderr=True, width=None if sys.stderr.isatty() else PLAIN_WIDTH, highlight=False)


def emit_json(value: Any) -> None:
    """Print one JSON document: the machine's form of a command's result."""
    sys.stdout.write(json.dumps(value, indent=2, sort_keys=True, default=str, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def heading(text: str) -> None:
    """Print a section's heading."""
    out.print()
    out.print(text, style="bold", markup=False)


def line(text: str, style: str | None = None) -> None:
    """Print one line as it is: data never counts as markup."""
    out.print(text, style=style, markup=False, soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()) -> None:
    """Print rows under column headings, nothing without rows; numbers' columns named in `right` are right-aligned."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        return
    grid = Table(box=None, pad_edge=False, header_style="dim", show_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        grid.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in cells:
        grid.add_row(*row)
    out.print(grid)


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return text.replace("[", r"\[")


@contextmanager
def progress(quiet: bool = False) -> Iterator[Progress]:
    """Show progress bars on standard error while long work runs; nothing without a terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as bar:
        yield bar
