"""Take a person out of an archive of kept inputs: ours beside reading it all, and beside searching its bytes for their ids.

    python -m bench.erasure                  2,000 pieces
    python -m bench.erasure --pieces 20000   more of them

The archive holds versions of a table of contacts, 2,048 rows a piece, as runs of some months leave them. Ours does not know whom it
looks for: it holds every id against keyed hashes, which is what makes an erasure repeatable after a crash and a backup safe. The
others do: reading is what any search has to pay, the byte search adds what knowing the ids would cost, and takes nothing out.
Seconds are of the processor. The goal: no slower than the byte search.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from crm_sync.audit.redact import take_out
from crm_sync.audit.tables import piece_of
from crm_sync.state.archive import FileArchive
from crm_sync.state.journal import SqliteJournal

PLACES = 100
"""Pieces a version of the table has."""
ROWS = 2_048
KNOWN_AS = 20
"""Ids and keys of one person."""


def made(folder: Path, pieces: int) -> tuple[SqliteJournal, FileArchive, list[str]]:
    """Make an archive of so many pieces and the log of the runs that name them; returns them and a person's ids."""
    draw = random.Random(7)
    journal = SqliteJournal.open(folder / "journal.sqlite")
    archive = FileArchive.open(folder / "archive")
    table = [_rows(place, draw) for place in range(PLACES)]
    runs = []
    for version in range(pieces // PLACES):
        named = []
        for rows in table:
            nps = [float((version + row) % 11) + version for row in range(ROWS)]
            named.append(archive.put(piece_of(pa.table({**rows, "nps": nps}))))
        body = {"tables": {"contact": {"pieces": named, "left_out": []}}, "unmapped": []}
        decisions: dict[str, list[str]] = {"people": [], "held": [], "requests": []}
        inputs = archive.put(json.dumps(body).encode())
        runs.append({"what": "run", "inputs": inputs, "decisions": archive.put(json.dumps(decisions).encode())})
    journal.decisions.append("bench", runs)
    person = [table[3]["id"][5], table[3]["email_key"][5]]
    return journal, archive, person + [f"a0{n:02d}Lo000000{n:05d}AAA" for n in range(KNOWN_AS - len(person))]


def _rows(place: int, draw: random.Random) -> dict[str, list[str]]:
    return {
        "id": [f"003Lo{place:04d}{row:06d}AAA" for row in range(ROWS)],
        "account": [f"001Lo{draw.randrange(50_000):010d}AAA" for _ in range(ROWS)],
        "owner": [f"005Lo{draw.randrange(200):010d}AAA" for _ in range(ROWS)],
        "email_key": [f"{draw.getrandbits(128):032x}" for _ in range(ROWS)],
        "country": ["Germany"] * ROWS,
    }


def _holds(content: bytes, traces: Sequence[bytes]) -> bool:
    return any(trace in content for trace in traces)


def seconds(work: Callable[[], int]) -> tuple[float, int]:
    """Do it, and give the processor's seconds and how many pieces were found."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def main() -> None:
    """Print a line per method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pieces", type=int, default=2_000)
    pieces = max(parser.parse_args().pieces, PLACES)
    with tempfile.TemporaryDirectory() as place:
        journal, archive, person = made(Path(place) / "state", pieces)
        traces = [one[:15].encode() if len(one) == 18 else one.encode() for one in person]
        names = list(archive.names())
        journal.suppression.add(person)
        methods: dict[str, Callable[[], int]] = {
            "reading alone": lambda: sum(bool(archive.get(name)) for name in names) and 0,
            "byte search": lambda: sum(_holds(archive.get(name), traces) for name in names),
            "ours": lambda: take_out(
                journal.suppression.names, "bench", journal.decisions, journal.dispositions, archive
            ),
        }
        print(f"{len(names)} pieces of {ROWS} rows")
        print(f"{'method':<15} {'CPU s':>8} {'ms a piece':>11} {'beside bytes':>13} {'pieces found':>13}")
        times = {name: seconds(work) for name, work in methods.items()}
        for name, (spent, found) in times.items():
            ratio = spent / times["byte search"][0]
            print(f"{name:<15} {spent:>8.2f} {1000 * spent / len(names):>11.2f} {ratio:>13.2f} {found:>13}")
        journal.close()


if __name__ == "__main__":
    main()
