"""The tables in rules/README.md and mappings/README.md, rendered from what the program really knows.

Each stands between `<!-- name -->` and `<!-- end of name -->`; a test holds the committed pages to what is rendered
here, and `write_pages` renews them. Not here: the prose around the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.program.conditions import MEANINGS
from crm_sync.program.facts import DERIVED, OPERATORS_OF
from crm_sync.program.mappings import OWNER_MEANINGS, TYPE_MEANINGS
from crm_sync.program.merge_fields import KINDS, MERGE_FIELDS, REQUIRED, Kind

_EXAMPLES: Mapping[str, str] = {
    "is": "{fact: account.implementation_stage, is: production}",
    "is_not": "{fact: account.health_trend, is_not: falling}",
    "at_least": "{fact: contact.nps, at_least: {default: 9, call: 8}}",
    "at_most": "{fact: nps_age_days, at_most: 180}",
    "above": "{fact: days_to_renewal, above: 30}",
    "below": "{fact: days_to_renewal, below: 0}",
    "one_of": "{fact: account.churn_risk, one_of: [none, watch]}",
    "none_of": "{fact: status, none_of: [declined, retired]}",
    "has_any": "{fact: profile.languages, has_any: [English, German]}",
    "has_all": "{fact: profile.approved_types, has_all: [call, quote]}",
    "before": "{fact: account.customer_since, before: 2025-01-01}",
    "after": "{fact: account.renewal_on, after: 2027-01-01}",
    "known": "{fact: account.outcome, known: true}",
}


def operators() -> str:
    """Render the operator table."""
    rows = [
        (f"`{name}`", meaning, ", ".join(kind for kind, allowed in OPERATORS_OF.items() if name in allowed), code(name))
        for name, meaning in MEANINGS.items()
    ]
    return table(("operator", "true when the fact", "for facts of type", "example"), rows)


def code(operator: str) -> str:
    """Show an operator's example."""
    return f"`{_EXAMPLES[operator]}`"


def derived_facts() -> str:
    """Render the table of facts that are computed."""
    rows = [
        (f"`{fact.name}`", fact.unit or fact.type, fact.about, ", ".join(f"`{name}`" for name in fact.derived_from))
        for fact in DERIVED
    ]
    return table(("fact", "unit or type", "what it is", "computed from"), rows)


def types() -> str:
    """Render the table of field types."""
    return table(("type", "what it holds"), [(f"`{name}`", about) for name, about in TYPE_MEANINGS.items()])


def owners() -> str:
    """Render the table of owners."""
    return table(("owner", "who writes the field"), [(f"`{name}`", about) for name, about in OWNER_MEANINGS.items()])


def merge_fields() -> str:
    """Render the table of merge fields; a kind of text in bold has to use the field."""
    rows = [
        (
            f"`{{{{{field.name}}}}}`",
            field.about,
            ", ".join(_kind(kind, field.name) for kind in KINDS if kind in field.kinds),
        )
        for field in MERGE_FIELDS.values()
    ]
    return table(("field", "what stands there", "in texts of kind (bold: has to be there)"), rows)


def _kind(kind: Kind, field: str) -> str:
    return f"**{kind}**" if field in REQUIRED[kind] else kind


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Render a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


TABLES: Mapping[str, Callable[[], str]] = {
    "operators": operators,
    "derived facts": derived_facts,
    "types": types,
    "owners": owners,
    "merge fields": merge_fields,
}


def renewed(page: str, name: str) -> str:
    """Replace the tables between their markers; raises ConfigurationError where the end of a table is missing."""
    for title, render in TABLES.items():
        start, end = f"<!-- {title} -->", f"<!-- end of {title} -->"
        before, found, rest = page.partition(start)
        if not found:
            continue
        _, closed, after = rest.partition(end)
        if not closed:
            line = before.count("\n") + 1
            raise ConfigurationError((Mistake(f"{name}:{line}", f"{start} without an end", f"{end} below it"),))
        page = f"{before}{start}\n{render()}\n{end}{after}"
    return page


def write_pages(rules_dir: Path, mappings_dir: Path) -> None:
    """Renew the tables of both pages."""
    for folder in (rules_dir, mappings_dir):
        path = folder / "README.md"
        path.write_text(renewed(path.read_text(encoding="utf-8"), f"{folder.name}/README.md"), encoding="utf-8")
