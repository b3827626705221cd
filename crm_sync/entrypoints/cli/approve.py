"""`crm-sync approve`: agree to run under these rules and mappings; and the check that run and serve make of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from crm_sync.errors import Mistake
    from crm_sync.evaluate.cases import CaseReport
    from crm_sync.pipeline import World
    from crm_sync.program.approval import Approval
    from crm_sync.settings import Settings

HOW = "crm-sync approve --by NAME"


def approve(
    by: Annotated[str, typer.Option(help="Who agrees: a name that the auditor can ask.")],
    simulation: Annotated[str | None, typer.Option(help="The digest of the simulation that it is based on.")] = None,
    without_simulation: Annotated[
        str | None, typer.Option(help="Why changed rules go live untried; the approval and the decision log say so.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Agree to run under these rules and mappings: checks them, runs their cases, and writes rules/approval.yaml.

    Rules that take the place of approved ones need the simulation in which they were tried.
    """
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.entrypoints.cli.simulations import simulated
    from crm_sync.errors import ConfigurationError
    from crm_sync.evaluate.cases import run_cases
    from crm_sync.program import load_cases, load_program
    from crm_sync.program.approval import Approval, agreed, write_approval

    settings = here()
    program = load_program(settings.rules_dir, settings.mappings_dir)
    cases = run_cases(load_cases(settings.rules_dir / "cases", program), program)
    name = _sentence("--by", by, "a name")
    if simulation is not None:
        simulated(settings, simulation, program.version)
    reason = without_simulation and _sentence("--without-simulation", without_simulation, "a reason")
    approval = Approval(
        version=program.version,
        by=name,
        on=_today(),
        rules=program.rules_version,
        simulation=simulation,
        without_simulation=reason,
    )
    if earlier := _earlier(settings):
        after = agreed(earlier, approval)
        if after is None:
            raise ConfigurationError((_untried(settings, earlier, name),))
        approval = after
    path = write_approval(settings.rules_dir, approval)
    if as_json:
        output.emit_json({"path": str(path), **approval.model_dump()})
    else:
        _show(approval, path, cases)


def _show(approval: Approval, path: Path, cases: CaseReport) -> None:
    from crm_sync.entrypoints.cli import output

    based = f", based on simulation {approval.simulation}" if approval.simulation else "; no simulation is named"
    output.line(f"{path}: rules {approval.version} approved by {approval.by} on {approval.on}{based}.")
    if approval.without_simulation:
        output.err.print(f"UNTRIED RULES: no simulation; {approval.without_simulation}", style="bold red", markup=False)
    output.line(str(cases))
    output.line("Commit this file with the rules.")


def _sentence(option: str, text: str, wanted: str) -> str:
    """Read what somebody answers for: one line that says something."""
    from crm_sync.errors import ConfigurationError, Mistake

    told = " ".join(text.split())
    if not 1 <= len(told) <= 200:
        raise ConfigurationError((Mistake(option, repr(text), f"{wanted} of 1 to 200 characters"),))
    return told


def _earlier(settings: Settings) -> Approval | None:
    """Give the approval beside the rules, else that of the last run here: a copied folder comes without one."""
    from crm_sync.audit import runs
    from crm_sync.bootstrap import JOURNAL, open_books
    from crm_sync.program.approval import Approval, read_approval

    beside = read_approval(settings.rules_dir)
    if beside is not None or not (settings.state_dir / JOURNAL).exists():
        return beside
    with open_books(settings) as (journal, _):
        approved = [run for run in runs(journal.decisions) if "approved_by" in run]
    if not approved:
        return None
    last = approved[-1]
    return Approval(
        version=last["rules"], by=last["approved_by"], on=last["approved_on"], rules=last.get("approved_rules")
    )


def _untried(settings: Settings, earlier: Approval, name: str) -> Mistake:
    """Say that changed rules were not tried, and how to."""
    import shlex

    from crm_sync.errors import Mistake

    rules, by = shlex.quote(str(settings.rules_dir)), shlex.quote(name)
    found = (
        f"rules that are not those approved by {earlier.by} on {earlier.on}, and no simulation in which they were tried"
    )
    expected = (
        f"its digest: CRM_SYNC_RULES_DIR=FOLDER_OF_THE_APPROVED_RULES crm-sync simulate --rules {rules}, then "
        f"CRM_SYNC_RULES_DIR={rules} crm-sync approve --by {by} --simulation DIGEST; or, to let them go live untried, "
        f'crm-sync approve --by {by} --without-simulation "REASON"'
    )
    return Mistake(str(settings.rules_dir / "approval.yaml"), found, expected)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def approval_facts(settings: Settings, version: str) -> Mapping[str, str]:
    """Give what a run says about the approval of its rules; `approved_by` is absent when they are not approved."""
    from crm_sync.program.approval import read_approval

    approval = read_approval(settings.rules_dir)
    if approval is None or approval.version != version:
        return {}
    told = {
        "approved_rules": approval.rules,
        "simulation": approval.simulation,
        "without_simulation": approval.without_simulation,
    }
    return {"approved_by": approval.by, "approved_on": approval.on} | {name: one for name, one in told.items() if one}


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
        raise UnsafePlanError(
            (problem,),
            agree=f"{HOW} (changed rules: --simulation DIGEST, of crm-sync simulate), or once: --accept-unapproved",
        )
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
