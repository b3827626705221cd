"""Solve random assignments: our solver beside first-come greedy, best-edge greedy and HiGHS (`make bench` installs it).

    python -m bench.assign                 every case, every method
    python -m bench.assign --case 1kx20k   one case

Each method runs in a process of its own on the same random market, so seconds and peak memory are its own. Seconds
count scoring and choosing, not imports or the making of the data. What is measured is the solver (`matching.assign`): its
candidates, its choice and the certificate that it is the best. The data are random and fall into blocks of product and
region between which nobody meets. Neither `evaluate` nor the rest of `matching.match` (filters, rests, caps over several
kinds, slates) runs here; `bench.decide` measures those. `regret` is the fit lost against the proven optimum,
`Gini` that of past and new uses together. Demand is skewed: a few industries and topics are wanted most. Ends
with exit code 1 and a sentence for each promise that ours did not keep: gap 0 in every case, and for 10kx100k at most
10 s of processor time and 1 GB.
"""

from __future__ import annotations

import argparse
import heapq
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from crm_sync.matching.assign import assign
from crm_sync.matching.market import Market, Tile
from crm_sync.matching.scan import scan
from crm_sync.matching.spread import gini

CASES = {
    "100x2k": (100, 2_000),
    "1kx20k": (1_000, 20_000),
    "10kx100k": (10_000, 100_000),
    "1kx2k contended": (1_000, 2_000),
    "10kx20k contended": (10_000, 20_000),
}
FULL_SIZE = "10kx100k"
MOST_SECONDS = 10.0
MOST_MB = 1_000.0
PER_ACCOUNT = 5
BLOCKS = 16
TOPICS = 50
TILE_ROWS = 256
PRICE = (0, 200, 600)
FILLED = 1_000


@dataclass(frozen=True)
class Bench:
    """A market and what the greedy peers need to walk it row by row."""

    market: Market
    wants: np.ndarray
    offers: np.ndarray
    past: np.ndarray
    request_block: np.ndarray
    reference_block: np.ndarray


def one_hot(values: np.ndarray, count: int) -> np.ndarray:
    return (values[:, None] == np.arange(count)).astype(np.float32)


def skewed(random: np.random.Generator, values: int, size: int) -> np.ndarray:
    """Draw values of which the first is wanted most, as 1, 1/2, 1/3 and so on."""
    share = 1 / np.arange(1, values + 1)
    return random.choice(values, size, p=share / share.sum())


def make(requests: int, references: int, seed: int = 7) -> Bench:
    """Draw a market: pairs meet within a block (product x region); what they have in common and strength give points."""
    random = np.random.default_rng(seed)
    accounts = max(references // PER_ACCOUNT, 1)
    account = np.arange(references) % accounts
    account_block = random.integers(0, BLOCKS, accounts)
    industry, use_case, size = (random.integers(0, n, accounts)[account] for n in (10, 5, 4))
    half = np.float32(0.5) * (np.abs(size[:, None] - np.arange(4)) == 1)
    strength = random.integers(0, 101, (references, 1))
    everybody = np.ones((references, 1))
    topics = random.random((references, TOPICS)) < 0.2
    offers = np.hstack(
        [one_hot(industry, 10), one_hot(use_case, 5), one_hot(size, 4) + half, topics, strength, everybody]
    )
    wants = np.hstack(
        [
            250 * one_hot(skewed(random, 10, requests), 10),
            150 * one_hot(skewed(random, 5, requests), 5),
            150 * one_hot(skewed(random, 4, requests), 4),
            50 * one_hot(skewed(random, TOPICS, requests), TOPICS),
            np.ones((requests, 1)),
            np.full((requests, 1), 300),
        ]
    )
    wants, offers = wants.astype(np.float32), offers.astype(np.float32)
    request_block, reference_block = random.integers(0, BLOCKS, requests), account_block[account]
    past = random.choice([0, 1, 2], references, p=[0.7, 0.2, 0.1])
    market = Market(
        tiles=lambda: tiles(wants, offers, request_block, reference_block),
        filled=FILLED,
        request_tie=random.integers(0, 2**32, requests, dtype=np.uint32),
        reference_tie=random.integers(0, 2**32, references, dtype=np.uint32),
        cap=np.full(references, 2),
        price=np.minimum(past[:, None] + np.arange(3), 2).choose(PRICE),
        group=account,
        group_cap=np.full(accounts, 2),
    )
    return Bench(market, wants, offers, past, request_block, reference_block)


def tiles(
    wants: np.ndarray, offers: np.ndarray, request_block: np.ndarray, reference_block: np.ndarray
) -> Iterator[Tile]:
    for block in range(BLOCKS):
        rows, columns = np.flatnonzero(request_block == block), np.flatnonzero(reference_block == block)
        if not columns.size:
            continue
        offered = np.ascontiguousarray(offers[columns].T)
        for start in range(0, len(rows), TILE_ROWS):
            part = rows[start : start + TILE_ROWS]
            yield Tile(part, columns, wants[part] @ offered)


@dataclass
class Taken:
    """Greedy's books: loads and the current price of each reference, unpayable when a cap is reached."""

    market: Market

    def __post_init__(self) -> None:
        self.load = np.zeros(self.market.references, dtype=np.int64)
        self.group_load = np.zeros(len(self.market.group_cap), dtype=np.int64)
        self.price = self.market.price[:, 0].astype(np.float32)
        self.members = np.argsort(self.market.group, kind="stable")
        self.starts = np.searchsorted(self.market.group[self.members], np.arange(len(self.group_load) + 1))
        self.objective = 0

    def take(self, reference: int, points: float) -> None:
        group = self.market.group[reference]
        self.objective += int(points) + self.market.filled - int(self.price[reference])
        self.load[reference] += 1
        self.group_load[group] += 1
        self.price[reference] = self.market.price[reference, self.load[reference]]
        if self.load[reference] >= self.market.cap[reference]:
            self.price[reference] = np.inf
        if self.group_load[group] >= self.market.group_cap[group]:
            self.price[self.members[self.starts[group] : self.starts[group + 1]]] = np.inf


def first_come(bench: Bench) -> Taken:
    """Serve requests in order of arrival, each with its best reference that is left."""
    taken = Taken(bench.market)
    columns = [np.flatnonzero(bench.reference_block == block) for block in range(BLOCKS)]
    offered = [np.ascontiguousarray(bench.offers[part].T) for part in columns]
    for request, block in enumerate(bench.request_block):
        if columns[block].size:
            points = bench.wants[request] @ offered[block]
            value = points - taken.price[columns[block]]
            at = int(value.argmax())
            if value[at] + bench.market.filled > 0:
                taken.take(int(columns[block][at]), points[at])
    return taken


def best_edge(bench: Bench) -> Taken:
    """Take the best pair that is left, over all requests, again and again."""
    taken = Taken(bench.market)
    columns = [np.flatnonzero(bench.reference_block == block) for block in range(BLOCKS)]
    offered = [np.ascontiguousarray(bench.offers[part].T) for part in columns]

    def best(request: int) -> tuple[float, int, float]:
        block = bench.request_block[request]
        if not columns[block].size:
            return -np.inf, -1, 0.0
        points = bench.wants[request] @ offered[block]
        value = points - taken.price[columns[block]]
        at = int(value.argmax())
        return float(value[at]), int(columns[block][at]), float(points[at])

    heap = [
        (-value, request, reference, points)
        for request in range(bench.market.requests)
        for value, reference, points in [best(request)]
    ]
    heapq.heapify(heap)
    while heap:
        value, request, reference, points = heapq.heappop(heap)
        if -value + bench.market.filled <= 0:
            break
        if points - taken.price[reference] == -value:
            taken.take(reference, points)
        else:
            again = best(request)
            heapq.heappush(heap, (-again[0], request, again[1], again[2]))
    return taken


def highs(bench: Bench) -> Taken:
    """Solve the linear program over the best 200 pairs of each request with HiGHS."""
    import highspy  # noqa: PLC0415 - the peer of one method, installed by make bench

    market, edges = bench.market, None
    worth = np.full(market.requests, -market.filled, dtype=np.int64)
    edges = scan(market, market.price[:, 0], worth, 200).edges
    count, steps = len(edges), market.price.shape[1] - 1
    used = np.unique(edges.reference)
    unit_reference = np.repeat(used, steps)
    unit_price = market.price[used][:, :steps].ravel()
    groups, unit_group = np.unique(market.group[unit_reference], return_inverse=True)
    rows = np.concatenate(
        [
            edges.request,
            market.requests + np.searchsorted(used, edges.reference),
            market.requests + np.repeat(np.arange(len(used)), steps),
            market.requests + len(used) + unit_group,
        ]
    )
    cols = np.concatenate([np.arange(count)] * 2 + [count + np.arange(len(unit_reference))] * 2)
    values = np.concatenate([np.ones(2 * count), -np.ones(len(unit_reference)), np.ones(len(unit_reference))])
    order = np.argsort(cols, kind="stable")
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = count + len(unit_reference), market.requests + len(used) + len(groups)
    model.col_cost_ = np.concatenate([-(edges.points + market.filled), unit_price]).astype(float)
    model.col_lower_, model.col_upper_ = np.zeros(model.num_col_), np.ones(model.num_col_)
    model.row_lower_ = np.full(model.num_row_, -highspy.kHighsInf)
    model.row_upper_ = np.concatenate([np.ones(market.requests), np.zeros(len(used)), market.group_cap[groups]])
    model.a_matrix_.start_ = np.searchsorted(cols[order], np.arange(model.num_col_ + 1))
    model.a_matrix_.index_, model.a_matrix_.value_ = rows[order], values[order]
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.passModel(model)
    solver.run()
    taken = Taken(market)
    taken.objective = round(-solver.getInfo().objective_function_value)
    on = np.asarray(solver.getSolution().col_value)[:count] > 0.5
    np.add.at(taken.load, edges.reference[on], 1)
    return taken


def ours(bench: Bench) -> tuple[Taken, int]:
    found = assign(bench.market)
    taken = Taken(bench.market)
    taken.objective = found.objective
    np.add.at(taken.load, found.reference_of[found.reference_of >= 0], 1)
    return taken, found.gap


METHODS: dict[str, Callable[[Bench], Taken]] = {"first-come": first_come, "best-edge": best_edge, "HiGHS": highs}


def measure(case: str, method: str) -> dict[str, float | None]:
    bench = make(*CASES[case])
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, processor = time.perf_counter(), time.process_time()
    taken, gap = ours(bench) if method == "ours" else (METHODS[method](bench), None)
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - processor,
        "objective": taken.objective,
        "gap": gap,
        "gini": gini(bench.past + taken.load),
        "filled": int(taken.load.sum()),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "base_mb": base / 1024,
    }


def in_own_process(case: str, method: str) -> dict[str, float | None]:
    command = [sys.executable, "-m", "bench.assign", "--case", case, "--method", method]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])  # HiGHS greets first


def fit(row: dict[str, float | None]) -> float:
    """Points reached besides what filling a request is worth."""
    return float(row["objective"] or 0) - FILLED * float(row["filled"] or 0)


def broken(case: str, row: Mapping[str, float | None]) -> Iterator[str]:
    """Say which promises a measurement of ours did not keep."""
    if row["gap"] != 0:
        yield f"{case}: the gap to the proven optimum is {row['gap']}; 0 is promised."
    if case != FULL_SIZE:
        return
    if float(row["cpu"] or 0) > MOST_SECONDS:
        yield f"{case}: it took {row['cpu']:.1f} s of processor time; at most {MOST_SECONDS:g} s are promised."
    if float(row["peak_mb"] or 0) > MOST_MB:
        yield f"{case}: memory peaked at {row['peak_mb']:.0f} MB; at most {MOST_MB:g} MB are promised."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=list(CASES))
    parser.add_argument("--method", choices=["ours", *METHODS], help="run one method here and print JSON")
    arguments = parser.parse_args()
    if arguments.method:
        print(json.dumps(measure(arguments.case, arguments.method)))
        return
    print(
        f"{'case':<20}{'method':<12}{'seconds':>8}{'CPU s':>7}{'filled':>8}{'objective':>11}"
        f"{'regret':>8}{'gap':>5}{'Gini':>7}{'peak MB':>9}"
    )
    unkept: list[str] = []
    for case in [arguments.case] if arguments.case else CASES:
        optimum = 0.0
        for method in ["ours", *METHODS]:
            row = in_own_process(case, method)
            optimum = optimum or fit(row)
            unkept += broken(case, row) if method == "ours" else ()
            regret = 100 * (optimum - fit(row)) / optimum
            gap = "" if row["gap"] is None else f"{row['gap']:.0f}"
            print(
                f"{case:<20}{method:<12}{row['seconds']:>8.2f}{row['cpu']:>7.2f}{row['filled']:>8.0f}"
                f"{row['objective']:>11.0f}"
                f"{regret:>7.2f}%{gap:>5}{row['gini']:>7.3f}{row['peak_mb']:>9.0f}"
            )
    if unkept:
        sys.exit("\n".join(unkept))


if __name__ == "__main__":
    main()
