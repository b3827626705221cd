"""`crm-sync check`: everything wrong with rules/ and mappings/ at once, and the admins' cases; with --org, against the org."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crm_sync.errors import Mistake
    from crm_sync.evaluate.cases import CaseReport
    from crm_sync.program import Draft, Program
    from crm_sync.pull.fit import Finding
    from crm_sync.settings import Settings


def check(
    org: Annotated[bool, typer.Option("--org", help="Hold everything against the live org, too. Reads only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check rules/ and mappings/ and run rules/cases/: every mistake with its file and line."""
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.errors import ConfigurationError
    from crm_sync.program import load_draft, load_program

    settings = here()
    draft, mistakes = load_draft(settings.rules_dir, settings.mappings_dir)
    program = load_program(settings.rules_dir, settings.mappings_dir) if not mistakes else None
    version, (cases, wrong) = (program.version, _cases(settings, program)) if program else ("", (None, ()))
    findings = against_org(settings, draft) if org else ()
    wrong = (*mistakes, *wrong)
    if as_json:
        body = {**_as_json(version, wrong, findings if org else None), "approval": _facts(settings, version)}
        counted = {"cases": vars(cases) if cases else None}
        output.emit_json({**body, **counted, **(texts_facts(program) if program else {})})
    else:
        _show(settings, program, cases, findings if org else None)
    if wrong and not as_json:
        raise ConfigurationError(wrong)
    if wrong or any(finding.level == "stops" for finding in findings):
        raise typer.Exit(ConfigurationError.exit_code)


def _cases(settings: Settings, program: Program) -> tuple[CaseReport | None, tuple[Mistake, ...]]:
    """Run the admins' cases: what they showed, or what does not hold."""
    from crm_sync.errors import ConfigurationError
    from crm_sync.evaluate.cases import run_cases
    from crm_sync.program import load_cases

    try:
        report = run_cases(load_cases(settings.rules_dir / "cases", program), program)
    except ConfigurationError as error:
        return None, error.mistakes
    return report, ()


def texts_facts(program: Program) -> Mapping[str, Any]:
    """Say how far every version of every text has come today, and what there is no text for."""
    from datetime import UTC, datetime

    from crm_sync.program.templates import occasions

    today, texts = datetime.now(UTC).date(), program.templates
    lacking = [" ".join(filter(None, one)) for one in texts.lacking(occasions(program.types), today)]
    return {"texts": {text.name: texts.stage(text, today) for text in texts.versions}, "no_text_for": lacking}


def _texts(program: Program) -> str:
    """Say how many texts are in force, name those that are not, and what there is none for."""
    facts = texts_facts(program)
    others = [f"{name} ({stage})" for name, stage in facts["texts"].items() if stage != "in force"]
    rest = f"; not in force: {', '.join(others)}" if others else ""
    none = f" No text is in force for {', '.join(facts['no_text_for'])}." if facts["no_text_for"] else ""
    return f"{len(facts['texts']) - len(others)} texts for customers are in force today{rest}.{none}"


def against_org(settings: Settings, draft: Draft) -> tuple[Finding, ...]:
    """Describe every mapped object and hold the program against it; needs no state and takes no lock."""
    from crm_sync.bootstrap import reach_org
    from crm_sync.entrypoints.cli.embedded import reachable
    from crm_sync.pull.fit import hold_against, objects_of

    with reachable(settings) as connected:
        return hold_against(draft, reach_org(connected).describe_all(objects_of(draft)))


def _facts(settings: Settings, version: str) -> Mapping[str, str]:
    from crm_sync.entrypoints.cli.approve import approval_facts

    return approval_facts(settings, version) if version else {}


def _approval(settings: Settings, version: str) -> str:
    from crm_sync.entrypoints.cli.approve import HOW

    facts = _facts(settings, version)
    if not facts:
        return f"Nobody has approved this version; run and serve will refuse it. To agree to it: {HOW}"
    untried = f" Without a simulation: {facts['without_simulation']}" if "without_simulation" in facts else ""
    return f"Approved by {facts['approved_by']} on {facts['approved_on']}.{untried}"


def _as_json(version: str, wrong: Sequence[Mistake], findings: Sequence[Finding] | None) -> dict[str, Any]:
    body: dict[str, Any] = {"mistakes": [vars(mistake) for mistake in wrong], "version": version or None}
    if findings is not None:
        body["org"] = [{"level": finding.level, **vars(finding.mistake)} for finding in findings]
    return body


def _show(
    settings: Settings, program: Program | None, cases: CaseReport | None, findings: Sequence[Finding] | None
) -> None:
    from crm_sync.entrypoints.cli import output

    if program:
        where = f"in {settings.rules_dir}/ and {settings.mappings_dir}/"
        found = f"nothing wrong {where}." if cases else f"nothing wrong {where} themselves, but not every case holds."
        output.line(f"rules {program.version}: {found}")
        output.line(_approval(settings, program.version))
        output.line(_texts(program))
    if cases:
        output.line(str(cases))
    if findings is not None:
        show_findings(findings)


def show_findings(findings: Sequence[Finding]) -> None:
    """Print what does not fit the org, the gravest first."""
    from crm_sync.entrypoints.cli import output
    from crm_sync.pull.fit.finding import MEANINGS

    if not findings:
        output.line("The org has everything that rules and mappings ask for.")
    for level, meaning in MEANINGS.items():
        told = [finding for finding in findings if finding.level == level]
        if told:
            output.heading(f"{meaning}: {len(told)}")
        for finding in told:
            output.line(f"  {finding.mistake}")
