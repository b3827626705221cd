"""`crm-sync forget`: erase a person from everything the worker keeps on this machine, once the org says that it may not ask them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crm_sync.model.records import Erased
    from crm_sync.pipeline import Decision

OPTED_OUT = "by hand: the contact is opted out in the org"


def forget(
    contact: Annotated[str, typer.Argument(help="The id of a contact of theirs (15 or 18 characters).")],
    carry_out: Annotated[
        bool, typer.Option("--carry-out", help="Do it, for good. Without this nothing is changed.")
    ] = False,
    accept_unapproved: Annotated[
        bool, typer.Option("--accept-unapproved", help="Run under rules nobody approved; the decision log says so.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show whom this would forget; with --carry-out make one run, which frees them of every ask, and erase them."""
    from crm_sync.entrypoints.cli import output, show
    from crm_sync.entrypoints.cli.approve import only_approved
    from crm_sync.entrypoints.cli.session import here, session
    from crm_sync.lifecycle.forgetting import identifiers, on_legal_hold, records_about
    from crm_sync.pipeline import look

    settings = here()
    with session(settings) as (opened, as_of):
        if opened.journal.suppression.names(contact):
            _say_forgotten(as_json)
            return
        decision = look(opened, as_of)
        people = _people(decision, contact)
        if carry_out:
            world = only_approved(opened, settings, accept=accept_unapproved)
            erased = _carry_out(world, decision, people)
        else:
            left = records_about(decision.snapshot, identifiers(decision.snapshot, people))
            held = on_legal_hold(decision.snapshot, opened.program, people)
    if as_json:
        told = asdict(erased) if carry_out else {"records": left, "on_legal_hold": sorted(held)}
        output.emit_json({"people": sorted(people), **told})
    elif carry_out:
        show.show_erased(erased)
    else:
        output.line(
            f"This would forget one person, known by {len(people)} contact records: {', '.join(sorted(people))}."
        )
        show.show_records(left)
        if held:
            output.line("Their account is on legal hold: nothing is erased before that is lifted.", style="bold red")
        output.line("One run comes first and takes back every ask to them. What is erased here cannot be brought back.")
        output.line(f"To do it: crm-sync forget {contact} --carry-out")


def _people(decision: Decision, contact: str) -> frozenset[str]:
    """Find everybody who is this person.

    Raises:
        ConfigurationError: there is no such contact, or the org does not say that the person may not be asked: what is
            forgotten here is not seen any more, so the org has to hold it.
    """
    from crm_sync.entrypoints.cli.explain import Subject, find
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.lifecycle.forgetting import asked_to_be_forgotten, same_people

    row = find(decision.snapshot, Subject.CONTACT, contact)
    people = same_people(decision.verdicts, [row["id"]])
    contacts = decision.snapshot.tables["contact"].select(["id", "opted_out"]).to_pylist()
    opted_out = {one["id"] for one in contacts if one["opted_out"]}
    if people.isdisjoint(opted_out | asked_to_be_forgotten(decision.snapshot)):
        found = f"{row['id']}, of whom the org says nothing"
        expected = "a person whose individual says that they are to be forgotten, or a contact that is opted out: tick it in the org"
        raise ConfigurationError((Mistake("forget", found, expected),))
    return people


def _carry_out(world: Any, decision: Decision, people: frozenset[str]) -> Erased:
    """Make the run, and forget these people if it did not: it forgets whoever asked for it in the org by itself."""
    from crm_sync.erasure import forget_after
    from crm_sync.lifecycle.forgetting import asked_to_be_forgotten
    from crm_sync.pipeline import carry_out

    outcome = carry_out(world, decision, kind="full")
    if not people.isdisjoint(asked_to_be_forgotten(decision.snapshot)):
        return outcome.erased
    made = (world.org, world.stores, world.program, decision.snapshot, decision.verdicts, outcome)
    return forget_after(*made, people, OPTED_OUT)


def _say_forgotten(as_json: bool) -> None:
    from crm_sync.entrypoints.cli import output

    if as_json:
        output.emit_json({"people": [], "forgotten_before": True})
    else:
        output.line("This person was forgotten already: nothing of them is kept here, and nothing is taken in again.")
