"""`crm-sync retention`: what is past its time in the org and on this machine, what holds it, and its disposal here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from crm_sync.disposal import Past
    from crm_sync.lifecycle.retention import Disposal, Kept
    from crm_sync.lifecycle.world import World as Facts
    from crm_sync.pipeline import Decision
    from crm_sync.program import Program

SHOWN = 10


def retention(
    carry_out: Annotated[
        bool,
        typer.Option(
            "--carry-out", help="Dispose of what is past its time on this machine; never of anything in the org."
        ),
    ] = False,
    log: Annotated[bool, typer.Option("--log", help="Show the disposition log instead.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every record, not the first few.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is due for disposal and what holds it. A person disposes of records in the org, this command of our own files."""
    from crm_sync.disposal import dispose, past
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import session
    from crm_sync.lifecycle.retention import disposals, kept
    from crm_sync.pipeline import look

    if log:
        _show_log(as_json)
        return
    with session() as (world, as_of):
        decision = look(world, as_of)
        facts = facts_of(decision, world.program)
        due, rest = disposals(facts), kept(facts)
        rules = world.program.retention
        own = (dispose if carry_out else past)(world.stores, rules, _now(as_of), decision.snapshot)
    if as_json:
        output.emit_json(_as_json(due, rest, own, carry_out))
        return
    _show_due("Due for disposal in the org", [one for one in due if one.held_by is None], every)
    _show_due("Due, but held", [one for one in due if one.held_by is not None], every)
    _show_rest(rest)
    _show_own(own, carry_out)


def facts_of(decision: Decision, program: Program) -> Facts:
    """Give the records of one look at the org as the rules on retention read them."""
    from crm_sync.lifecycle.world import World

    return World(decision.snapshot, decision.verdicts, decision.matches, program, decision.explanations)


def _now(as_of: datetime) -> datetime:
    """The present by the org's clock and by ours, whichever is earlier: a wrong clock disposes of nothing too soon."""
    from datetime import UTC, datetime

    return min(as_of, datetime.now(UTC))


def _as_json(due: Sequence[Disposal], rest: Sequence[Kept], own: Sequence[Past], carried_out: bool) -> dict[str, Any]:
    return {
        "due": [asdict(one) for one in due if one.held_by is None],
        "held": [asdict(one) for one in due if one.held_by is not None],
        "kept": [asdict(one) for one in rest],
        "own_files": [asdict(one) for one in own],
        "carried_out": carried_out,
    }


def _show_due(title: str, due: Sequence[Disposal], every: bool) -> None:
    from crm_sync.entrypoints.cli import output
    from crm_sync.model.names import words

    output.heading(f"{title}: {len(due)}")
    shown = due if every else due[:SHOWN]
    rows = [(words(d.kind), d.name, d.record_id, d.closed_on, d.due_on, d.held_by or "") for d in shown]
    if rows:
        output.table(("kind", "number", "record", "closed on", "due on", "held by"), rows)
    if len(shown) < len(due):
        output.line(f"{len(due) - len(shown)} more (all of them: --all).")


def _show_rest(rest: Sequence[Kept]) -> None:
    from crm_sync.entrypoints.cli import output
    from crm_sync.model.names import words

    output.heading("Not due")
    rows = [(words(one.kind), one.months, one.open, one.not_yet) for one in rest]
    output.table(
        ("kind", "months kept", "open", "closed, not due"), rows, right=("months kept", "open", "closed, not due")
    )


def _show_own(own: Sequence[Past], carried_out: bool) -> None:
    from crm_sync.entrypoints.cli import output

    output.heading("Disposed of on this machine" if carried_out else "Past their time on this machine")
    output.table(
        ("what", "days kept", "number", "held by"),
        [(o.what, o.days, o.number, o.held_by or "") for o in own],
        right=("days kept", "number"),
    )
    if carried_out:
        output.line("Noted in the disposition log: crm-sync retention --log")
    elif any(one.number for one in own):
        output.line("To dispose of it: crm-sync retention --carry-out")


def _show_log(as_json: bool) -> None:
    from crm_sync.bootstrap import open_books
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import here

    with open_books(here()) as (journal, _):
        journal.dispositions.verify()
        noted = journal.dispositions.entries()
    if as_json:
        output.emit_json(noted)
        return
    if not noted:
        output.line("Nothing was disposed of here yet.")
        return
    rows = [(one["at"][:19].replace("T", " "), one["what"], one["number"], one["basis"]) for one in noted]
    output.table(("when (UTC)", "what", "number", "on what basis"), rows, right=("number",))
