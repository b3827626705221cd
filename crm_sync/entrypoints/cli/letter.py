"""`crm-sync letter`: what a customer would be told, before anybody tells them. Reads only, and shows no name."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crm_sync.lifecycle.drafts import Letter
    from crm_sync.lifecycle.world import World
    from crm_sync.program import Program, Template


class Kind(StrEnum):
    """What can be written."""

    INVITATION = "invitation"
    OUTREACH = "outreach"
    BRIEFING = "briefing"
    THANK_YOU = "thank_you"
    CHECK_IN = "check_in"


def letter(
    kind: Annotated[Kind, typer.Argument(help="What kind of letter.")],
    contact: Annotated[str, typer.Argument(help="To whom: a contact's id (15 or 18 characters).")],
    reference_type: Annotated[str | None, typer.Option("--type", help="About which kind of reference.")] = None,
    text: Annotated[str | None, typer.Option(help="From this text (briefing_talk.2), in force or not.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a letter as the account owner would get it today; names and addresses stay in the org."""
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.explain import Subject, find
    from crm_sync.entrypoints.cli.session import session
    from crm_sync.evaluate import evaluate
    from crm_sync.lifecycle.drafts import written
    from crm_sync.lifecycle.world import World
    from crm_sync.model.matches import Matches
    from crm_sync.model.names import Names
    from crm_sync.pull import pull

    with session() as (opened, as_of):
        program = opened.program
        chosen = _chosen(program, kind, text)
        about = _about(program, kind, reference_type)
        snapshot = pull(opened.org, opened.mirror, program, as_of)
        person = find(snapshot, Subject.CONTACT, contact)["id"]
        world = World(snapshot, evaluate(snapshot, program), Matches((), 0, 0, 0.0), program, {})
        made = _letter(world, kind, person, about, chosen)
        told = str(written(world, made))
    stage = program.templates.stage(made.text, world.today) if made.text else None
    name = made.text.name if made.text else None
    if as_json:
        output.emit_json({"contact": person, "kind": kind, "type": about, "text": name, "stage": stage, "letter": told})
        return
    output.line(Names(snapshot).person(person), style="bold")
    if stage not in (None, "in force"):
        output.line(f"{name} is not in force today ({stage}).", style="bold red")
    output.line(told)


def _chosen(program: Program, kind: str, name: str | None) -> Template | None:
    """Find a text of this kind by its name; raises ConfigurationError with the nearest."""
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.program.sources import nearest, one_of

    known = {text.name: text for text in program.templates.versions if text.kind == kind}
    if name is not None and name not in known:
        raise ConfigurationError((Mistake("--text", repr(name), one_of(known), nearest(name, known)),))
    return known.get(name or "")


def _about(program: Program, kind: str, reference_type: str | None) -> str | None:
    """Give the kind of reference; raises ConfigurationError where one is missing, unknown or out of place."""
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.program.merge_fields import OF_NONE
    from crm_sync.program.sources import nearest, one_of

    spoken = {str(name): said for name, said in OF_NONE.items()}
    known = () if kind in spoken else program.types
    if reference_type in (known or (None,)):
        return reference_type
    expected = one_of(known) if known else f"none: {spoken[kind]} is about no kind of reference"
    found, alike = (repr(reference_type), nearest(reference_type, known)) if reference_type else ("nothing", None)
    raise ConfigurationError((Mistake("--type", found, expected, alike),))


def _letter(world: World, kind: Kind, contact: str, about: str | None, chosen: Template | None) -> Letter:
    from crm_sync.lifecycle.drafts import Letter, text_for

    text = chosen or text_for(world, kind.value, contact, about)
    day = world.today if kind is Kind.THANK_YOU else None
    return Letter(
        kind.value, text, contact, world.owner_of(contact), "As it would stand in the task today.", about, day
    )
