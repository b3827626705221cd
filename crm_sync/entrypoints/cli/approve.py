"""`crm-sync approve`: agree to run under these rules and mappings; and the check that run and serve make of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crm_sync.pipeline import World
    from crm_sync.settings import Settings

HOW = "crm-sync approve --by NAME"


def approve(
    by: Annotated[str, typer.Option(help="Who agrees: a name that the auditor can ask.")],
    simulation: Annotated[str | None, typer.Option(help="The digest of the simulation that it is based on.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Agree to run under these rules and mappings: checks them, runs their cases, and writes rules/approval.yaml."""
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.entrypoints.cli.simulations import simulated
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.evaluate.cases import run_cases
    from crm_sync.program import load_cases, load_program
    from crm_sync.program.approval import Approval, write_approval

    settings = here()
    program = load_program(settings.rules_dir, settings.mappings_dir)
    cases = run_cases(load_cases(settings.rules_dir / "cases", program), program)
    name = " ".join(by.split())
    if not 1 <= len(name) <= 200:
        raise ConfigurationError((Mistake("--by", repr(by), "a name"),))
    if simulation is not None:
        simulated(settings, simulation, program.version)
    approval = Approval(version=program.version, by=name, on=_today(), simulation=simulation)
    path = write_approval(settings.rules_dir, approval)
    if as_json:
        output.emit_json({"path": str(path), **approval.model_dump()})
        return
    based = f", based on simulation {simulation}" if simulation else "; no simulation is named"
    output.line(f"{path}: rules {program.version} approved by {name} on {approval.on}{based}.")
    output.line(str(cases))
    output.line("Commit this file with the rules.")


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def approval_facts(settings: Settings, version: str) -> Mapping[str, str]:
    """Give what a run says about the approval of its rules; `approved_by` is absent when they are not approved."""
    from crm_sync.program.approval import read_approval

    approval = read_approval(settings.rules_dir)
    if approval is None or approval.version != version:
        return {}
    based = {"simulation": approval.simulation} if approval.simulation else {}
    return {"approved_by": approval.by, "approved_on": approval.on, **based}


def only_approved(world: World, settings: Settings, *, accept: bool = False) -> World:
    """Give the world with the approval noted in its books; rules that nobody approved run only if they are accepted.

    Raises:
        UnsafePlanError: the rules or mappings are not the ones that were approved, and nobody accepted that.
    """
    from dataclasses import replace

    from crm_sync.errors import UnsafePlanError

    facts = approval_facts(settings, world.program.version)
    problem = None if facts else _problem(settings, world.program.version)
    if problem and not accept:
        raise UnsafePlanError((problem,), agree=f"{HOW} (after crm-sync simulate), or once: --accept-unapproved")
    if problem:
        _warn(problem)
        facts = {"unapproved": problem}
    return replace(world, books=replace(world.books, facts={**world.books.facts, **facts}))


def _problem(settings: Settings, version: str) -> str:
    from crm_sync.program.approval import read_approval

    approval = read_approval(settings.rules_dir)
    if approval is None:
        return f"Rules {version} are not approved: there is no {settings.rules_dir / 'approval.yaml'}."
    known = f"{approval.version}, approved by {approval.by} on {approval.on}"
    return f"Rules {version} are not the ones that were approved ({known}): rules or mappings have changed since."


def _warn(problem: str) -> None:
    from crm_sync.entrypoints.cli import output

    output.err.print(f"UNAPPROVED RULES: {problem}", style="bold red", markup=False)
    output.err.print("This run goes on all the same; the decision log says so.", markup=False)
