"""What was read and written -> the fewest API calls that could have done it, to be printed beside the calls that were made.

Used for every Outcome and by `bench/calls.py`. The floor:

- a query page holds 2,000 rows, and an object without changes still takes a page to say so;
- five pages of different objects travel in one composite call, so pages cost max(longest object, all pages / 5);
- a Bulk query costs 1 call to begin, one look, and one per 100,000 rows; for each object the cheaper way counts;
- 200 rows travel in a collection and five collections in a call, or half a million (100 MB) in a job of 3 calls and a look.

Logins, descriptions and the run's own record are not in it. Not here: counting calls (`salesforce`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

ROWS_A_PAGE = 2_000
ROWS_A_BULK_PAGE = 100_000
PARTS_A_CALL = 5
ROWS_A_COLLECTION = 200
ROWS_A_JOB = 500_000
LOOKS = 1


@dataclass(frozen=True)
class Spent:
    """What one run has used so far: API calls, and the rows it read by object (0 for one that had no changes)."""

    calls: int
    rows_read: Mapping[str, int]


def floor_of_reading(rows: Mapping[str, int]) -> int:
    """Give the fewest calls that read these many rows of each object."""
    return _cheapest(
        (max(1, ceil(count / ROWS_A_PAGE)), 1 + LOOKS + ceil(count / ROWS_A_BULK_PAGE)) for count in rows.values()
    )


def floor_of_writing(rows: Mapping[str, int]) -> int:
    """Give the fewest calls that write these many rows of each object."""
    ways = ((ceil(count / ROWS_A_COLLECTION), ceil(count / ROWS_A_JOB) * (3 + LOOKS)) for count in rows.values())
    return _cheapest(ways, lockstep=False)


def _cheapest(ways: Iterable[tuple[int, int]], *, lockstep: bool = True) -> int:
    """Choose for each object between packed parts and Bulk jobs: whichever are largest go by Bulk.

    `lockstep`: an object's pages come one after the other, so its longest row of them sets the number of calls.
    """
    largest_first = sorted(ways, reverse=True)
    totals = []
    for bulk in range(len(largest_first) + 1):
        packed = [parts for parts, _ in largest_first[bulk:]]
        calls = max(ceil(sum(packed) / PARTS_A_CALL), max(packed, default=0) if lockstep else 0)
        totals.append(calls + sum(jobs for _, jobs in largest_first[:bulk]))
    return min(totals)
