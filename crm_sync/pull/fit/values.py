"""Picklist values both ways: values the mapping knows and the org lacks, values the org offers and nothing translates.

Called by `hold_against`. Records may still hold values that were taken out of the picklist; `crm-sync run` reports those
as issues. Not here: what a criterion makes of it (`truths`).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.ports import FieldFacts
from crm_sync.program import FieldMapping, ObjectMapping
from crm_sync.program.sources import nearest
from crm_sync.pull.fit.finding import Finding, Level
from crm_sync.pull.fit.seen import Seen, api_name

OFFERING = frozenset({"picklist", "multipicklist", "combobox"})


def check_values(seen: Seen) -> Iterator[Finding]:
    """Tell every value that only one side knows, as far as something follows from it."""
    for mapping, _ in seen.tables():
        for field in mapping.fields.values():
            known = seen.field(mapping.known_as, field.name)
            if field.values and known and known.type in OFFERING:
                yield from _lacking(seen, mapping, field, known)
                yield from _untranslated(seen, mapping, field, known)


def possible(field: FieldMapping, known: FieldFacts) -> frozenset[str] | None:
    """Give the program values that the org's picklist can lead to; None when it is no picklist."""
    if not field.values or known.type not in OFFERING:
        return None
    return frozenset(field.values[value] for value in known.picklist_values if value in field.values)


def _lacking(seen: Seen, mapping: ObjectMapping, field: FieldMapping, known: FieldFacts) -> Iterator[Finding]:
    """Say which program values nothing in the org leads to, and which values were probably renamed.

    A mapping may know more words for one thing than an org uses; that alone is not worth a line.
    """
    free = [value for value in known.picklist_values if value not in field.values]
    reached = {field.values[value] for value in known.picklist_values if value in field.values}
    for program in field.program_values:
        lacking = [api for api, value in field.values.items() if value == program and api not in known.picklist_values]
        near = next((alike for api in lacking for alike in (nearest(api, free),) if alike), None)
        if not lacking or (program in reached and near is None):
            continue
        refused = field.worker_writes and known.restricted_picklist
        nothing = "" if program in reached else f", so nothing there is {program!r}"
        found = f"{' and '.join(map(repr, lacking))}, which {api_name(mapping, field)} does not offer{nothing}"
        expected = "one of its active values" + (": the worker writes this one, and the org refuses it" * refused)
        path = ("fields", field.name, "values", lacking[0])
        yield seen.finding(Level.STOPS if refused else Level.DIFFERS, mapping, path, found, expected, near)


def _untranslated(seen: Seen, mapping: ObjectMapping, field: FieldMapping, known: FieldFacts) -> Iterator[Finding]:
    """Say which values of the org are read as not known; a field that only the worker writes has none."""
    strange = [value for value in known.picklist_values if value not in field.values]
    if not strange:
        return
    listed = ", ".join(repr(value) for value in strange)
    found = f"no translation for {listed}, which {api_name(mapping, field)} offers"
    level = Level.DIFFERS if field.worker_writes else Level.BLINDS
    yield seen.finding(level, mapping, ("fields", field.name, "values"), found, "a program value for each")
