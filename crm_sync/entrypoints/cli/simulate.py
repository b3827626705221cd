"""`crm-sync simulate`: another rule set over the same records and the requests of the past months. Reads only."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

    from crm_sync.model.snapshot import Snapshot
    from crm_sync.program import Program
    from crm_sync.reporting import Side, Simulation
    from crm_sync.settings import Settings

BREACHED = 1
DAYS = {"d": 1, "w": 7}
OLDEST_DAYS = 731
KeptInputs = Sequence[tuple[date, str]]


def simulate(
    rules: Annotated[Path, typer.Option(help="A folder with the other rules; the mappings stay those in use.")],
    since: Annotated[str, typer.Option(help="From when on: 180d, 26w, 6m, or a day such as 2026-06-01.")] = "180d",
    out: Annotated[Path | None, typer.Option(help="Also write it as one page with plots.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show everybody who flips, not the first few.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Live through the past months under other rules, beside those in use: what is filled, who flips and why."""
    from crm_sync.audit import kept_days, runs
    from crm_sync.entrypoints.cli import output, show_simulation
    from crm_sync.entrypoints.cli.report import write
    from crm_sync.entrypoints.cli.session import here, session
    from crm_sync.entrypoints.cli.simulations import keep
    from crm_sync.pull import pull
    from crm_sync.reporting import simulation_page

    settings = here()
    other = other_rules(rules, settings)
    with session(settings) as (world, as_of):
        snapshot = at_noon(pull(world.org, world.mirror, world.program, as_of))
        current, kept = world.program, kept_days(runs(world.books.log), snapshot.org_id)
    found = compared(settings, snapshot, (current, other), first_day(since, snapshot.today), kept, quiet=as_json)
    result = show_simulation.as_json(found)
    digest = keep(settings, result)
    command = f"CRM_SYNC_RULES_DIR={shlex.quote(str(rules))} crm-sync approve --by NAME --simulation {digest}"
    if out is not None:
        write(out, simulation_page(found, command))
    if as_json:
        output.emit_json({**result, "digest": digest, "approve": command})
    else:
        show_simulation.show(found, command, every=every)
        output.line(f"The page: {out}" if out else "As a page with plots: --out simulation.html")
    if found.breaches:
        raise typer.Exit(BREACHED)


def other_rules(rules: Path, settings: Settings) -> Program:
    """Load the other rules beside the mappings in use; their cases have to hold when they are approved, not to try them.

    Raises:
        ConfigurationError: with everything that is wrong in them, as `crm-sync check` tells it.
    """
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.program import load_program

    if not rules.is_dir():
        raise ConfigurationError((Mistake("--rules", f"{rules}, which is no folder", "a folder with rules"),))
    return load_program(rules, settings.mappings_dir)


def first_day(since: str, today: date) -> date:
    """Read from when on to look: days, weeks or months before today, or a day.

    Raises:
        ConfigurationError: it is none of these, or not in the past two years.
    """
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.model.calendar import months_after

    number, unit = since[:-1], since[-1:]
    first: date | None = None
    if number.isdecimal() and len(number) <= 4:
        if unit in DAYS:
            first = today - timedelta(days=int(number) * DAYS[unit])
        elif unit == "m":
            first = months_after(today, -int(number))
    else:
        try:
            first = date.fromisoformat(since)
        except ValueError:
            first = None
    if first is None or not 1 <= (today - first).days <= OLDEST_DAYS:
        expected = "180d, 26w, 6m, or a day of the past two years such as " + (today - timedelta(days=180)).isoformat()
        raise ConfigurationError((Mistake("--since", repr(since), expected),))
    return first


def at_noon(snapshot: Snapshot) -> Snapshot:
    """Look at every day at noon, so that two simulations of one day are equal whenever they are made."""
    from dataclasses import replace

    noon = snapshot.as_of.replace(hour=12, minute=0, second=0, microsecond=0)
    return replace(snapshot, as_of=noon)


def compared(
    settings: Settings,
    snapshot: Snapshot,
    programs: tuple[Program, Program],
    since: date,
    kept: KeptInputs,
    *,
    quiet: bool,
) -> Simulation:
    """Live through the days under both rule sets at once, each in a process of its own, and hold them against each other."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from crm_sync.model.org_days import org_calendar
    from crm_sync.reporting import simulation_of
    from crm_sync.simulate import business_days, flips

    context = get_context("spawn")
    done = context.SimpleQueue()
    days = business_days(since, snapshot.today, org_calendar(snapshot))
    with ProcessPoolExecutor(2, mp_context=context, initializer=_HERE.tell, initargs=(done,)) as pool:
        given = (since, settings.state_dir, kept)
        sides = [pool.submit(_side, snapshot, program, *given) for program in programs]
        found = flips(snapshot, *programs)
        _wait(sides, done, 2 * len(days), quiet)
        return simulation_of(snapshot, since, (sides[0].result(), sides[1].result()), found)


@dataclass
class _Process:
    """What a process that makes one side has to know of the one that waits: where to tell of each day that is done."""

    done: SimpleQueue[date] | None = None

    def tell(self, done: SimpleQueue[date]) -> None:
        self.done = done

    def tick(self, day: date) -> None:
        if self.done is not None:
            self.done.put(day)


_HERE = _Process()


def _side(snapshot: Snapshot, program: Program, since: date, state: Path, kept: KeptInputs) -> Side:
    """Make one side; runs in a process of its own."""
    from crm_sync.audit import Earlier
    from crm_sync.bootstrap import open_archive
    from crm_sync.reporting import side_of

    return side_of(snapshot, program, since, Earlier(open_archive(state), kept), _HERE.tick)


def _wait(sides: Sequence[Future[Side]], done: SimpleQueue[date], days: int, quiet: bool) -> None:
    """Show how far both sides are until they are done."""
    from concurrent.futures import wait

    from crm_sync.entrypoints.cli import output

    with output.progress(quiet) as bar:
        task = bar.add_task("Living through the days under both rule sets", total=days)
        while wait(sides, timeout=0.2).not_done or not done.empty():
            while not done.empty():
                done.get()
                bar.advance(task)
