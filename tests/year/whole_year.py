"""A whole year of the sample org, audited: `make year`, or `python -m tests.year --days 90 --seed 3`.

Lives the year twice with the same people: once as the engine assigns, every run looked after by a second worker on another
processor and every effect audited from the org's journal; once with requests served one by one (`greedy`). Prints the
numbers, and ends with 1 if anything was found, left to write, or fell short.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program, load_program
from tests.year.auditor import Auditor, Finding
from tests.year.calendar_year import Lived, Settled, left_to_write, never, open_year
from tests.year.greedy import greedily
from tests.year.numbers import Numbers, Spread, numbers
from tests.year.place import ROOT, SAMPLE, cut_sample, load_sample, open_place

START = date(2026, 11, 18)
DEMAND = 5.0
"""Requests for each active reference a year. Of those that count as active about half may be asked on a day, so this is more
than they may give: the case in which it matters who is asked."""
MOST_UNEVEN = 0.20
Result = tuple[Lived, list[Finding], Counter[str], Numbers]


def live(folder: Path, days: int, seed: int, settled: Settled, *, greedy: bool, quiet: bool) -> Result:
    """Live one year in a copy of the sample org, and audit it."""
    program = load_program(ROOT / "rules", ROOT / "mappings")
    folder.mkdir()
    with open_place(folder.with_name("sample.sqlite"), folder) as place, greedily() if greedy else nullcontext():
        year = open_year(place, folder, program, seed, START, DEMAND, settled)
        lived = year.live(START, days, lambda line: None if quiet else print(line, file=sys.stderr, flush=True))
        lines = list(place.journal())
    (folder / "lived.json").write_text(json.dumps(vars(lived)))
    auditor = Auditor().read(lines)
    found = auditor.finish()
    return lived, found, auditor.audited, numbers(auditor, lived, START, START + timedelta(days=days))


def on_another_processor(pool: ProcessPoolExecutor) -> Settled:
    """Take second looks in another process, while people act."""

    def begin(snapshot: Snapshot, program: Program) -> Callable[[], list[str]]:
        return pool.submit(left_to_write, snapshot, program).result

    return begin


def told(name: str, came_to: Numbers) -> str:
    """One year's numbers on a line."""
    return f"{name:<12}{came_to.requests:>9}{came_to.fulfilment:>11.1%}{came_to.completed:>11}{came_to.fit:>7.1f}{came_to.effort:>8.0f}"


def spread_told(name: str, pool: str, spread: Spread) -> str:
    """How evenly the load lies on a pool, on a line."""
    return (
        f"{name:<12}{pool:<22}{spread.references:>10}{spread.gini:>7.3f}{spread.floor:>7.3f}"
        f"{spread.top_fifth:>10.1%}{spread.never:>13.1%}"
    )


def main() -> int:
    """Live both years and print what they came to."""
    parser = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--accounts", type=int, default=0, help="a smaller sample: so many accounts of references")
    parser.add_argument("--keep", type=Path, help="live in this new folder and leave both orgs there, to look into")
    parser.add_argument("--quiet", action="store_true", help="print no line a day")
    given = parser.parse_args()
    began = time.perf_counter()
    with nullcontext(given.keep) if given.keep else tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.mkdir(exist_ok=True)
        data = cut_sample(folder / "cut", given.accounts) if given.accounts else SAMPLE
        load_sample(folder / "sample.sqlite", START, data)
        with (
            ProcessPoolExecutor(1, get_context("spawn")) as looks,
            ProcessPoolExecutor(1, get_context("spawn")) as peer,
        ):
            shared = (given.days, given.seed)
            other = peer.submit(live, folder / "greedy", *shared, never, greedy=True, quiet=True)
            mine = live(folder / "ours", *shared, on_another_processor(looks), greedy=False, quiet=given.quiet)
            return report(mine, other.result(), given.days, time.perf_counter() - began)


def report(mine: Result, peer: Result, days: int, seconds: float) -> int:
    """Print everything, and say whether it is as it must be."""
    lived, found, audited, ours = mine
    _, peer_found, _, theirs = peer
    print(
        f"{days} days, {lived.runs} runs and {lived.looks} second looks, {sum(lived.acts.values())} human acts, {seconds:.0f} s"
    )
    print("people: " + ", ".join(f"{act} {count}" for act, count in lived.acts.most_common()))
    print("mishaps: " + (", ".join(f"{what} {count}" for what, count in lived.befell.most_common()) or "none"))
    print(
        f"effects audited: {sum(audited.values())} ({', '.join(f'{name} {count}' for name, count in audited.most_common())})"
    )
    print(f"violations: {len(found)} {dict(Counter(one.check for one in found)) or ''}")
    print(f"left to write after a run: {len(lived.not_settled)}")
    for line in (*map(str, found[:20]), *lived.not_settled[:20]):
        print(f"  {line}")
    print(f"{'':<12}{'requests':>9}{'fulfilled':>11}{'completed':>11}{'fit':>7}{'effort':>8}")
    both = {"ours": ours, "one by one": theirs}
    for name, came_to in both.items():
        print(told(name, came_to))
    print(f"{'':<12}{'could be asked':<22}{'references':>10}{'Gini':>7}{'least':>7}{'top 20 %':>10}{'never asked':>13}")
    for name, came_to in both.items():
        print(spread_told(name, "for a call, all year", came_to.callable))
        print(spread_told(name, "all year", came_to.all_year))
        print(spread_told(name, "on some day", came_to.some_day))
        print(f"{name:<12}{'by days':<22}{'':>10}{came_to.by_days:>7.3f}")
    print(f"least: no division of that work among that many people has a smaller Gini; the goal is below {MOST_UNEVEN}")
    print("by days: of all days on which somebody could be asked, each with its share of their load")
    whole = days >= 365
    wrong = [
        *(["an invariant was broken"] if found or peer_found else []),
        *(["a second run had something to write"] if lived.not_settled else []),
        *(
            [f"Gini is {ours.callable.gini:.3f}, at most {MOST_UNEVEN}"]
            if whole and ours.callable.gini >= MOST_UNEVEN
            else []
        ),
        *(["fewer requests were fulfilled than one by one"] if whole and ours.filled < theirs.filled else []),
    ]
    print("wrong: " + "; ".join(wrong) if wrong else "nothing wrong")
    return 1 if wrong else 0
