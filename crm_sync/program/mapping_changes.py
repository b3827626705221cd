"""Two states of the mappings -> what differs, field by field, and which criteria ask for it.

Called by `crm-sync mapping diff`. Not here: what the org makes of it (pull/fit).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from crm_sync.program.conditions import tests
from crm_sync.program.facts import Fact
from crm_sync.program.mappings import FieldMapping, ObjectMapping
from crm_sync.program.rules import Qualification

Mappings = Mapping[str, ObjectMapping]


@dataclass(frozen=True)
class Changed:
    """One difference: in which mapping, of which field (None: of the object itself), and each attribute's two values.

    A field that is new has no `before`, one that is gone no `after`; both are by attribute.
    """

    mapping: str
    field: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def what(self) -> str:
        """Say whether it is new, gone or different."""
        return "different" if self.before and self.after else "new" if self.after else "gone"


def differences(before: Mappings, now: Mappings) -> Iterator[Changed]:
    """Give every difference, in the order of the mappings of today."""
    for name in dict.fromkeys((*now, *before)):
        old, new = before.get(name), now.get(name)
        yield from _pair(name, None, _object(old), _object(new))
        fields = dict.fromkeys((*(new.fields if new else ()), *(old.fields if old else ())))
        for field in fields:
            yield from _pair(name, field, _field(old, field), _field(new, field))


def asked_by(changed: Changed, facts: Mapping[str, Fact], qualification: Qualification) -> tuple[str, ...]:
    """Name the criteria whose facts come from this field."""
    source = f"{changed.mapping}.{changed.field}"
    derived = {fact.name for fact in facts.values() if source in fact.derived_from}
    return tuple(
        criterion.id
        for criterion in qualification.criteria
        if any(test.fact in derived for _, test in tests(criterion.when))
    )


def _pair(mapping: str, field: str | None, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Changed]:
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    if names:
        before = {name: old[name] for name in names if name in old}
        yield Changed(mapping, field, before, {name: new[name] for name in names if name in new})


def _object(mapping: ObjectMapping | None) -> Mapping[str, Any]:
    if mapping is None:
        return {}
    joined = {
        name: {"object": one.object, "lookup": one.lookup, "newest_by": one.newest_by}
        for name, one in mapping.joined.items()
    }
    return {"object": mapping.object, "key": mapping.key, "joined": joined}


def _field(mapping: ObjectMapping | None, name: str) -> Mapping[str, Any]:
    field: FieldMapping | None = mapping.fields.get(name) if mapping else None
    said = asdict(field) if field else {}
    return {_WRITTEN.get(key, key): value for key, value in said.items() if key != "name"}


_WRITTEN: Mapping[str, str] = {"home": "from"}
"""Attributes that have another name in the files."""
