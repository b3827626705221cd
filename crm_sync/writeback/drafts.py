"""Drafts -> the texts that are written: names are read from the org here, put in, and forgotten with the run.

Called by write_back and the translator. In a sandbox a text says that it is one, and holds no address. Nothing that is read
here reaches the journal, a log or a message. Not here: what a draft says (`lifecycle`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crm_sync.model.drafts import Draft, Personal, one_line
from crm_sync.model.records import Change
from crm_sync.ports import ObjectFacts, Org
from crm_sync.program.mappings import ObjectMapping

SANDBOX = "SANDBOX: this org is for trying things out. Send this to nobody; addresses are left out.\n\n"
LEFT_OUT = "address left out"
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")

Read = Mapping[tuple[str, str], Mapping[str, str]]
"""What was read, one line each, by mapping and record id, and by field."""


class UnnamedError(Exception):
    """Somebody that a text has to name could not be named: their record is gone, or shows no name."""


@dataclass(frozen=True)
class Names:
    """What was read for the drafts of one plan."""

    read: Read
    is_sandbox: bool

    def text(self, draft: Draft) -> str:
        """Write a draft; raises UnnamedError."""
        told = "".join(part if isinstance(part, str) else self._name(part) for part in draft.parts)
        return f"{SANDBOX}{_ADDRESS.sub(LEFT_OUT, told)}" if self.is_sandbox else told

    def _name(self, part: Personal) -> str:
        known = self.read.get((part.object, part.record_id), {})
        for choice in part.choices:
            if all(known.get(field) for field in choice):
                return " ".join(known[field] for field in choice)
        raise UnnamedError(f"{part.object} {part.record_id} shows no {' or '.join(sorted(part.fields))}")


def drafts_in(changes: Iterable[Change]) -> tuple[Draft, ...]:
    """Give every draft of a plan."""
    return tuple(value for change in changes for value in change.fields.values() if isinstance(value, Draft))


def read_names(
    drafts: Iterable[Draft], org: Org, mappings: Mapping[str, ObjectMapping], facts: Mapping[str, ObjectFacts]
) -> Names:
    """Read what these drafts have to name, of exactly the records concerned; a field the org does not show is not asked for."""
    wanted: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for part in (part for draft in drafts for part in draft.personal):
        wanted[part.object][part.record_id] |= part.fields
    read: dict[tuple[str, str], dict[str, str]] = {}
    for name, records in sorted(wanted.items()):
        shown = _shown(mappings[name], facts.get(name), {field for fields in records.values() for field in fields})
        if not shown:
            continue
        for row in org.read_rows(mappings[name].object, tuple(shown), sorted(records)).to_pylist():
            read[name, row["Id"]] = {field: one_line(row[api] or "") for api, field in shown.items()}
    return Names(read, org.identity().is_sandbox)


def _shown(mapping: ObjectMapping, facts: ObjectFacts | None, fields: Iterable[str]) -> dict[str, str]:
    """The program names of fields by API name, of those that are mapped and that the org shows."""
    named = {mapping.fields[field].field: field for field in sorted(fields) if field in mapping.fields}
    return {api: field for api, field in named.items() if facts is not None and api in facts.fields}
