"""`crm-sync mapping`: where things live in this org: try a mapping on real records, compare it, have lines proposed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crm_sync.program import Draft, ObjectMapping
    from crm_sync.program.mapping_changes import Changed
    from crm_sync.pull.fit import Finding
    from crm_sync.pull.preview import Column
    from crm_sync.settings import Settings

app = typer.Typer(help="Field mappings: preview on real records, compare, have lines proposed.", no_args_is_help=True)

MOST_EXAMPLES = 3
EXAMPLE_LENGTH = 48

ObjectName = Annotated[str, typer.Argument(metavar="OBJECT", help="A mapping (account) or its object in the org.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def preview(
    name: ObjectName,
    limit: Annotated[int, typer.Option(min=1, max=2000, help="How many records to read.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show real records before and after the mapping. Writes nothing; personal values are masked."""
    from crm_sync.bootstrap import reach_org
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.embedded import reachable
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.pull import preview as reading

    settings = here()
    mapping = find(whole_draft(settings), name)
    run, earlier = _of_last_run(settings, mapping.name)
    with reachable(settings) as connected:
        ids, columns = reading.preview(reach_org(connected), mapping, limit, earlier)
    if as_json:
        shown = [_column_json(column) for column in columns]
        output.emit_json({"object": mapping.object, "ids": ids, "before": run, "fields": shown})
        return
    _show_preview(mapping, len(ids), columns)
    if run is not None:
        _show_changed(run, columns)


def _of_last_run(settings: Settings, name: str) -> tuple[str | None, ObjectMapping | None]:
    """Give the last run and what it used for this mapping; nothing when there was none, or its texts are not kept."""
    from crm_sync.audit import recall, runs
    from crm_sync.bootstrap import JOURNAL, open_books
    from crm_sync.entrypoints.cli.replay import program_of
    from crm_sync.keeping import NotKeptError

    if not (settings.state_dir / JOURNAL).exists():
        return None, None
    with open_books(settings) as (journal, archive):
        if not runs(journal.decisions):
            return None, None
        try:
            recalled = recall("last", journal.decisions, archive)
            return recalled.entry["run_id"], program_of(recalled).mappings.get(name)
        except NotKeptError:
            return None, None


def _show_preview(mapping: ObjectMapping, records: int, columns: Sequence[Column]) -> None:
    from crm_sync.entrypoints.cli import output

    output.heading(f"{records} records of {mapping.object} as mappings/{mapping.name}.yaml reads them")
    rows = [
        (
            c.field.name,
            c.field.field if c.object == mapping.object else f"{c.object}.{c.field.field}",
            c.filled if c.readable else "",
            c.not_known or "",
            _examples(c),
        )
        for c in columns
    ]
    output.table(
        ("name", "field in the org", "filled", "not known", "org -> program"), rows, right=("filled", "not known")
    )


def _show_changed(run: str, columns: Sequence[Column]) -> None:
    """Tell what these records are read as now and were under the mappings of the last run."""
    from crm_sync.entrypoints.cli import output

    rows = [
        (
            column.field.name,
            len(column.changed),
            _some([f"{_after(column, before)} -> {_after(column, after)}" for before, after in column.changed]),
        )
        for column in columns
        if column.changed
    ]
    if not rows:
        output.heading(f"The mappings of run {run} read the same of these records")
        return
    output.heading(f"Read differently than with the mappings of run {run}")
    output.table(("name", "records", "before -> after"), rows, right=("records",))


def _examples(column: Column) -> str:
    """Show some different values as they come and as they are read."""
    if not column.readable:
        return "the org does not show this field; every rule that needs it answers not known"
    known = [(raw, value) for raw, value in zip(column.org, column.after, strict=True) if raw is not None]
    return _some([_reading(column, raw, value) for raw, value in known])


def _reading(column: Column, raw: str, value: Any) -> str:
    """Say what a value of the org is read as, where that is anything else: 2.0 is 2."""
    shown = _after(column, value)
    same = shown == raw or (isinstance(value, float) and not column.field.values and float(raw) == value)
    return shown if same else f"{raw} -> {shown}"


def _some(texts: Sequence[str]) -> str:
    """Show the first different ones, and how many there are."""
    different = list(dict.fromkeys(texts))
    more = f"; ... {len(different)} different" if len(different) > MOST_EXAMPLES else ""
    return "; ".join(different[:MOST_EXAMPLES]) + more


def _after(column: Column, value: Any) -> str:
    if column.field.personal:
        return "kept out of the mirror"
    if column.field.transform:
        return "a one-way key"
    if value is None:
        return "NOT KNOWN"
    text = _text(value)
    return text if len(text) <= EXAMPLE_LENGTH else f"{text[:EXAMPLE_LENGTH]}..."


def _text(value: Any) -> str:
    """Write a value as people do in the files: true, 82.5, a list with commas."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case list():
            return ", ".join(value)
        case _:
            return str(value)


def _column_json(column: Column) -> dict[str, Any]:
    def shown(values: Sequence[Any]) -> list[Any]:
        return [_after(column, value) if column.field.transform and value else value for value in values]

    return {
        "name": column.field.name,
        "object": column.object,
        "field": column.field.field,
        "readable": column.readable,
        "org": column.org,
        "before": None if column.before is None else shown(column.before),
        "after": shown(column.after),
    }


@app.command()
def suggest(
    name: ObjectName,
    every: Annotated[bool, typer.Option("--unused", help="Also propose lines for fields no mapping uses yet.")] = False,
    home: Annotated[
        str | None,
        typer.Option("--in", metavar="OBJECT", help="Look in an object of the org that looks up to this one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Propose lines for what the mapping asks for and this org keeps elsewhere, with reasons. Changes no file."""
    from crm_sync.bootstrap import reach_org
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.embedded import reachable
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.pull.fit.suggest import suggest as propose
    from crm_sync.pull.fit.suggest import unused

    settings = here()
    draft = whole_draft(settings)
    mapping = find(draft, name)
    if home is not None:
        _suggest_in(settings, mapping, home, as_json)
        return
    with reachable(settings) as connected:
        facts = reach_org(connected).describe_all((mapping.object,)).get(mapping.object)
    if facts is None:
        where = draft.mapping_source(mapping.name).where(("object",))
        raise ConfigurationError((Mistake(where, mapping.object, "an object that the integration user may read"),))
    proposals = propose(mapping, facts)
    new = unused(mapping, facts) if every else ()
    if as_json:
        output.emit_json(
            {
                "missing": {n: [vars(one) for one in found] for n, found in proposals.items()},
                "unused": [vars(one) for one in new],
            }
        )
        return
    if not proposals:
        output.line(f"The org shows every field of mappings/{mapping.name}.yaml.")
    for missing, found in proposals.items():
        output.line(
            f"# {missing}: {mapping.fields[missing].field} is not in the org, or not shown"
            + ("" if found else "; nothing there is like it")
        )
        for one in found:
            output.line(f"  {one.line}  # {'; '.join(one.reasons)}")
    for one in new:
        output.line(f"  {one.line}  # {'; '.join(one.reasons)}")


def _suggest_in(settings: Settings, mapping: ObjectMapping, home: str, as_json: bool) -> None:
    """Propose an overlay that reads what the mapping asks for from another object."""
    from crm_sync.bootstrap import reach_org
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.embedded import reachable
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.pull.fit.suggest_joined import overlay, suggest_joined

    with reachable(settings) as connected:
        facts = reach_org(connected).describe_all((home,)).get(home)
    if facts is None:
        raise ConfigurationError((Mistake("--in", home, "an object that the integration user may read"),))
    proposal = suggest_joined(mapping, facts)
    if not proposal.lookups:
        found, expected = (
            f"{home}, which has no lookup to {mapping.object}",
            f"an object that looks up to {mapping.object}",
        )
        raise ConfigurationError((Mistake("--in", found, expected),))
    lines = list(overlay(mapping, proposal))
    if as_json:
        fields = {name: {"field": known.name, "alike": alike} for name, (known, alike) in proposal.fields.items()}
        output.emit_json({"lookups": proposal.lookups, "fields": fields, "overlay": lines})
        return
    output.line(
        f"# For a file in {settings.mappings_dir}/presets/; look at each line. `preset.yaml` beside them chooses it."
    )
    for text in lines:
        output.line(text)


@app.command()
def diff(
    run: Annotated[str, typer.Option(help="The run to compare with: of `crm-sync audit runs`, or `last`.")] = "last",
    as_json: AsJson = False,
) -> None:
    """Compare the mappings with those of the last run, and with the org: what changed, who asks for it, does it fit."""
    from crm_sync.audit import recall
    from crm_sync.bootstrap import open_books
    from crm_sync.entrypoints.cli.check import against_org
    from crm_sync.entrypoints.cli.replay import program_of
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.program.mapping_changes import differences

    settings = here()
    draft = whole_draft(settings)
    with open_books(settings) as (journal, archive):
        recalled = recall(run, journal.decisions, archive)
        before = program_of(recalled)
    changed = tuple(differences(before.mappings, draft.mappings))
    findings = against_org(settings, draft)
    _show_diff(recalled.entry["run_id"], draft, changed, findings, as_json)


def _show_diff(run: str, draft: Draft, changed: Sequence[Changed], findings: Sequence[Finding], as_json: bool) -> None:
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.check import show_findings

    told = [_change_json(draft, one) for one in changed]
    if as_json:
        found = [{"level": finding.level, **vars(finding.mistake)} for finding in findings]
        output.emit_json({"run": run, "changed": told, "org": found})
        return
    output.heading(f"Mappings against run {run}: {len(told) or 'nothing'} changed")
    for one in told:
        name = f"{one['mapping']}.{one['field']}" if one["field"] else one["mapping"]
        output.line(f"{one['where'] or 'mappings/' + one['mapping'] + '.yaml'}: {name} is {one['what']}", style="bold")
        for attribute in dict.fromkeys((*one["before"], *one["after"])):
            for text in _attribute(attribute, one["before"].get(attribute), one["after"].get(attribute)):
                output.line(f"    {text}")
        if one["asked_by"]:
            output.line(f"    asked for by: {', '.join(one['asked_by'])}")
    output.heading(f"Mappings against the org: {len(findings) or 'no'} findings")
    show_findings(findings)


def _attribute(name: str, before: Any, after: Any) -> Iterator[str]:
    """Say how an attribute changed; of `values` and of what is joined, each entry by itself."""
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = before or {}, after or {}
        for entry in dict.fromkeys((*old, *new)):
            yield from _attribute(f"{name}.{entry}", old.get(entry), new.get(entry))
    elif (before or None) != (after or None):
        yield f"{name}: {_text(before or '-')} -> {_text(after or '-')}"


def _change_json(draft: Draft, changed: Changed) -> dict[str, Any]:
    from crm_sync.program import Qualification
    from crm_sync.program.facts import catalogue
    from crm_sync.program.mapping_changes import asked_by

    rule = draft.rule(Qualification)
    path = ("fields", changed.field) if changed.field else ("joined" if "joined" in changed.after else "object",)
    here = changed.mapping in draft.mappings and changed.what != "gone"
    return {
        "mapping": changed.mapping,
        "field": changed.field,
        "what": changed.what,
        "where": draft.mapping_source(changed.mapping).where(path) if here else None,
        "before": dict(changed.before),
        "after": dict(changed.after),
        "asked_by": asked_by(changed, catalogue(draft.mappings), rule[0]) if rule else (),
    }


def whole_draft(settings: Settings) -> Draft:
    """Load the program as far as it is whole; a mistake elsewhere must not keep an admin from looking at a mapping."""
    from crm_sync.program import load_draft

    return load_draft(settings.rules_dir, settings.mappings_dir)[0]


def find(draft: Draft, name: str) -> ObjectMapping:
    """Find a mapping by its name or by its object's; raises ConfigurationError naming the nearest."""
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.program.sources import nearest, one_of

    by_name = {mapping.name: mapping for mapping in draft.mappings.values()}
    by_object = {mapping.object.casefold(): mapping for mapping in draft.mappings.values()}
    found = by_name.get(name.casefold()) or by_object.get(name.casefold())
    if found is None:
        alike = nearest(name, by_name) or nearest(name, [mapping.object for mapping in draft.mappings.values()])
        raise ConfigurationError((Mistake("mapping", repr(name), one_of(by_name), alike),))
    return found
