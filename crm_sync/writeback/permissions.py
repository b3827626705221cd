"""What the worker is about to write against what describe lets it write: everything missing, before the first row.

Called by write_back. Objects the plan does not touch are not asked about, so a plan can be read without write access.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.model.records import Change
from crm_sync.ports import FieldFacts, ObjectFacts
from crm_sync.program.mappings import ObjectMapping


def check_permissions(
    changes: Sequence[Change], mappings: Mapping[str, ObjectMapping], facts: Mapping[str, ObjectFacts]
) -> None:
    """Raise ConfigurationError with every field and object that this plan needs and may not write."""
    mistakes: dict[str, Mistake] = {}
    for change in changes:
        mapping, known = mappings[change.object], facts.get(change.object)
        for mistake in _object_mistakes(change, mapping, known):
            mistakes.setdefault(mistake.where, mistake)
        for name in change.fields if known else ():
            mistake_of_field = _field_mistake(change, mapping, known, name) if known else None
            if mistake_of_field is not None:
                mistakes.setdefault(mistake_of_field.where, mistake_of_field)
    if mistakes:
        raise ConfigurationError(tuple(mistakes.values()))


def _object_mistakes(change: Change, mapping: ObjectMapping, known: ObjectFacts | None) -> list[Mistake]:
    if known is None:
        return [Mistake(mapping.object, "an object that the integration user may not see", "access to it")]
    able = known.createable if change.action == "create" else known.updateable
    mistakes = [] if able else [Mistake(mapping.object, f"no permission to {change.action}", "that permission")]
    if change.id is None and mapping.key is not None:
        mistakes += _key_mistakes(mapping.object, known.fields.get(mapping.key), mapping.key)
    return mistakes


def _key_mistakes(object_name: str, key: FieldFacts | None, name: str) -> list[Mistake]:
    """A key that is not unique and case-sensitive lets the org hold one record twice, or two as one."""
    if key is not None and key.external_id and key.unique and key.case_sensitive:
        return []
    found = "no field that the user may see" if key is None else "a field that is not all of these"
    return [Mistake(f"{object_name}.{name}", found, "an external id that is unique and case-sensitive")]


def _field_mistake(change: Change, mapping: ObjectMapping, known: ObjectFacts, name: str) -> Mistake | None:
    field = mapping.fields.get(name)
    if field is None:
        return None
    facts = known.fields.get(field.field)
    able = facts is not None and (facts.createable if change.action == "create" else facts.updateable)
    if able:
        return None
    found = "a field that the integration user may not see" if facts is None else f"no permission to {change.action} it"
    return Mistake(f"{mapping.object}.{field.field}", found, "edit access to the field")
