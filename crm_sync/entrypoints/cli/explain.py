"""`crm-sync explain`: why this person, request or profile stands where it stands. Reads only."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crm_sync.model.snapshot import Snapshot
    from crm_sync.pipeline import Decision, World


FORGOTTEN = "somebody who was not forgotten: nothing of this person is kept or taken in any more"


class Subject(StrEnum):
    """What can be explained."""

    CONTACT = "contact"
    REQUEST = "request"
    PROFILE = "profile"


def explain(
    subject: Annotated[Subject, typer.Argument(help="What kind of record.")],
    record: Annotated[str, typer.Argument(help="Its id (15 or 18 characters), or its number such as RR-00012.")],
    reference_type: Annotated[str | None, typer.Option("--type", help="Only this kind of reference.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show the criteria that are met, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Answer like a colleague: the verdict, each criterion with its value and source, and what would change it."""
    from crm_sync.entrypoints.cli.session import session
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.pipeline import decide
    from crm_sync.pull import pull

    with session() as (world, as_of):
        snapshot = pull(world.org, world.mirror, world.program, as_of)
        if world.journal.suppression.names(record):
            raise ConfigurationError((Mistake(f"explain {subject.value}", repr(record), FORGOTTEN),))
        row = find(snapshot, subject, record)
        if subject is Subject.REQUEST:
            explain_request(decide(snapshot, world.program), row, as_json)
        else:
            contact_id = row["contact"] if subject is Subject.PROFILE else row["id"]
            explain_contact(world, snapshot, contact_id, reference_type, every, as_json)


def find(snapshot: Snapshot, subject: Subject, record: str) -> dict[str, Any]:
    """Find the record by 15- or 18-character id, or by number.

    Raises:
        ConfigurationError: there is no such record; names the nearest number.
    """
    import difflib

    from crm_sync.errors import ConfigurationError, Mistake

    rows: list[dict[str, Any]] = snapshot.tables[subject.value].to_pylist()
    for row in rows:
        named = {row["id"], row["id"][:15], str(row.get("name") or "")} - {""}
        if record in named or (subject is Subject.REQUEST and record.upper() in named):
            return row
    names = [str(row.get("name") or row["id"]) for row in rows] if subject is not Subject.CONTACT else []
    near = difflib.get_close_matches(record, names, n=1)
    mistake = Mistake(
        f"explain {subject.value}", repr(record), f"a {subject.value} in the org", near[0] if near else None
    )
    raise ConfigurationError((mistake,))


def explain_contact(
    world: World, snapshot: Snapshot, contact_id: str, reference_type: str | None, every: bool, as_json: bool
) -> None:
    """Explain one person for one or all types."""
    from crm_sync.entrypoints.cli import output, show
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.evaluate import explain_all
    from crm_sync.model.names import Names

    types = world.program.types
    if reference_type is not None and reference_type not in types:
        raise ConfigurationError((Mistake("--type", repr(reference_type), f"one of {', '.join(types)}"),))
    verdicts = explain_all(snapshot, world.program, (contact_id,))[contact_id]
    wanted = [verdicts[t] for t in types if reference_type in (None, t)]
    if as_json:
        output.emit_json([show.verdict_json(verdict) for verdict in wanted])
        return
    output.line(Names(snapshot).person(contact_id), style="bold")
    for verdict in wanted:
        show.show_verdict(verdict, every=every)


def explain_request(decision: Decision, row: dict[str, Any], as_json: bool) -> None:
    """Explain one request: its slate with reasons, or why there is none and what instead."""
    from crm_sync.entrypoints.cli import output
    from crm_sync.model.names import Names, words

    slate = next((s for s in decision.matches.slates if s.request_id == row["id"]), None)
    names = Names(decision.snapshot)
    if as_json:
        output.emit_json(slate_json(slate, row, names))
        return
    output.line(names.request(row["id"]), style="bold")
    if slate is None:
        output.line(f"Stage {words(row.get('stage'))}: this request is not being matched.")
        return
    output.line(
        f"Verdict: {slate.verdict}."
        + (f" Earliest honest date: {slate.earliest_on:%d %b %Y}." if slate.earliest_on else "")
    )
    for sentence in slate.why:
        output.line(f"  {sentence}")
    if slate.substitute:
        output.line(f"  Instead: {slate.substitute}")
    for candidate in slate.candidates:
        chosen = " (recommended)" if candidate.recommended else ""
        output.heading(f"{candidate.rank}. {names.person(candidate.contact_id)}: {candidate.score:.0f} points{chosen}")
        parts = ", ".join(f"{words(n)} {p:g}" for n, p in sorted(candidate.parts.items(), key=lambda part: -part[1]))
        output.line(f"   {parts}")
        for sentence in (*candidate.reasons, *candidate.cautions):
            output.line(f"   {sentence}")


def slate_json(slate: Any, row: dict[str, Any], names: Any) -> dict[str, Any]:
    """One slate as JSON."""
    if slate is None:
        return {"request_id": row["id"], "verdict": None, "stage": row.get("stage")}
    return {
        "request_id": slate.request_id,
        "verdict": slate.verdict,
        "why": slate.why,
        "earliest_on": slate.earliest_on,
        "substitute": slate.substitute,
        "candidates": [
            vars(c) | {"person": names.person(c.contact_id), "parts": dict(c.parts)} for c in slate.candidates
        ],
    }
