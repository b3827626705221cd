"""May the worker write what it owns, and is every key fit to write by?

Called by `hold_against`. What people or the org own is only read, so no right to write it is asked for. A record that
the worker never makes by itself needs no right to create it. Not here: what a run really writes (writeback checks that again).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.ports import FieldFacts, ObjectFacts
from crm_sync.program import FieldMapping, ObjectMapping
from crm_sync.program.mappings import Owner
from crm_sync.pull.fit.finding import Finding, Level
from crm_sync.pull.fit.seen import Seen, api_name

MADE_BY_WORKER = frozenset({"profile", "match", "escalation", "task", "sync_run", "sync_issue"})
"""The mappings of which the worker creates records; of the others it fills fields of records that people made."""
_RIGHTS: dict[Owner, tuple[str, ...]] = {
    "worker": ("createable", "updateable"),
    "stamp": ("createable", "updateable"),
    "key": ("createable",),
    "human_after_create": ("createable",),
}


def check_writing(seen: Seen) -> Iterator[Finding]:
    """Tell every right that is missing for what the worker owns, and every key it could not rely on."""
    for mapping, facts in seen.tables():
        if facts is None or mapping.home:
            continue
        yield from _object(seen, mapping, facts)
        if mapping.name in MADE_BY_WORKER:
            yield from _key(seen, mapping)
        for field in mapping.fields.values():
            known = seen.field(mapping.name, field.name)
            if known is not None:
                yield from _field(seen, mapping, field, known)


def _object(seen: Seen, mapping: ObjectMapping, facts: ObjectFacts) -> Iterator[Finding]:
    needed = {"create": mapping.name in MADE_BY_WORKER, "update": bool(mapping.worker_owned)}
    able = {"create": facts.createable, "update": facts.updateable}
    for right in [right for right, wanted in needed.items() if wanted and not able[right]]:
        found = f"{mapping.object}, of which the integration user may not {right} records"
        yield seen.finding(Level.STOPS, mapping, ("object",), found, f"the right to {right} them")


def _key(seen: Seen, mapping: ObjectMapping) -> Iterator[Finding]:
    """A key that is not unique and case-sensitive lets the org hold one record twice, or two as one."""
    field = mapping.key_field
    known = seen.field(mapping.name, field.name) if field else None
    if field is None or known is None:
        return
    lacking = [
        name
        for name, fits in (
            ("an external id", known.external_id),
            ("unique", known.unique),
            ("case-sensitive", known.case_sensitive),
        )
        if not fits
    ]
    if lacking:
        found = f"{api_name(mapping, field)}, which is not {' and not '.join(lacking)}"
        expected = "an external id that is unique and case-sensitive, so that nothing is written twice"
        yield seen.finding(Level.STOPS, mapping, ("key",), found, expected)


def _field(seen: Seen, mapping: ObjectMapping, field: FieldMapping, known: FieldFacts) -> Iterator[Finding]:
    created = mapping.name in MADE_BY_WORKER
    wanted = [right for right in _RIGHTS.get(field.owner, ()) if created or right == "updateable"]
    lacking = [right for right in wanted if not getattr(known, right)]
    if not lacking:
        return
    verbs = " or ".join({"createable": "set on new records", "updateable": "edit"}[right] for right in lacking)
    why = "a formula, which nobody can write" if known.calculated else f"which the integration user may not {verbs}"
    found = f"owner {field.owner} for {api_name(mapping, field)}, {why}"
    path = ("fields", field.name, "owner")
    yield seen.finding(Level.STOPS, mapping, path, found, "edit access to the field, as the worker writes it")
