"""One kept run -> the consents on record for what people were eligible for, whichever of their contact records holds them.

Called by the packs. A person and what a use covers are taken as `evaluate` takes them, from the inputs and rules of the run
itself; where the rules of that time cannot be read, no use is left out. Not here: whether a consent was good (the run's own
decisions say what it was taken for).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from crm_sync.audit.decided import kept_decisions
from crm_sync.audit.inputs import kept_input
from crm_sync.audit.recall import Recalled
from crm_sync.audit.tables import kept_table
from crm_sync.errors import ConfigurationError, PermanentError
from crm_sync.evaluate.people import IDENTITY, person_keys
from crm_sync.keeping import NotKeptError
from crm_sync.program.reader import read

Row = Mapping[str, Any]
CONSENT = "rules/consent.yaml"


def relied_on(run: Recalled) -> Sequence[Row]:
    """Give the consents of eligible people to what they are eligible for; nothing when the run is no longer kept."""
    try:
        kept = kept_decisions(run.entry["decisions"], run.archive)
        judged = kept_table(kept["people"], run.archive).to_pylist()
        consents = run.table("consent").to_pylist()
        person_of = _persons(run)
    except NotKeptError:
        return ()
    eligible: dict[str, set[str]] = defaultdict(set)
    for row in judged:
        may = [t for t in kept["types"] if row[f"failed_{t}"] == 0 and row[f"unknown_{t}"] == 0]
        if may:
            eligible[person_of.get(row["contact_id"], row["contact_id"])].update(may)
    covers = _covers(run)
    return [
        row
        for row in consents
        if (types := eligible.get(person_of.get(row["contact"], row["contact"])))
        and (covers is None or types.intersection(covers.get(row["use"], ())))
    ]


def _persons(run: Recalled) -> Mapping[str, str]:
    """Give the person of every contact record that may share theirs with another."""
    return person_keys(bond for table in ("contact", "merged_contact") for bond in _bonds(run, table))


def _bonds(run: Recalled, table: str) -> Iterator[tuple[str, str]]:
    """Give what binds a contact record to others; there may be no merged ones."""
    try:
        contacts = kept_input(run.entry["inputs"], table, run.archive)
    except KeyError:
        return
    for row in contacts.select([name for name in ("id", *IDENTITY) if name in contacts.column_names]).to_pylist():
        yield row["id"], f"merged:{row['id']}"
        for name in IDENTITY:
            if value := row.get(name):
                yield row["id"], f"{'merged' if name == 'master_record' else name}:{value}"


def _covers(run: Recalled) -> Mapping[str, Collection[str]] | None:
    """Give the types that each use of a consent covered; None where nobody can say any more."""
    try:
        rules = read(run.sources()[CONSENT].encode(), CONSENT).plain
    except (PermanentError, ConfigurationError, KeyError):
        return None
    covers = rules.get("covers") if isinstance(rules, dict) else None
    if not isinstance(covers, dict):
        return None
    return {use: tuple(map(str, types)) for use, types in covers.items() if isinstance(types, tuple)}
