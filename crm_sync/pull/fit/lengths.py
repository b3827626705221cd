"""Do the texts that the worker writes fit the fields they are written to? The org refuses a text that is too long.

Called by `hold_against`. Three sources: texts of a known greatest length, texts copied from another field, and keys.
Not here: cutting (lifecycle cuts its own sentences; nothing else is ever cut).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.ports import FieldFacts
from crm_sync.pull.fit.finding import Finding, Level
from crm_sync.pull.fit.seen import Seen, api_name
from crm_sync.pull.fit.values import OFFERING

SENTENCE, PAGE, NOTE, TEXT, KEY, RECORD_ID, HASH = 255, 32_000, 4_000, 52, 32, 18, 16

WRITTEN: dict[tuple[str, str], int] = {
    ("profile", "key"): RECORD_ID,
    ("profile", "verdict_summary"): SENTENCE,
    ("profile", "reasons"): PAGE,
    ("profile", "rule_version"): HASH,
    ("request", "verdict_summary"): SENTENCE,
    ("request", "substitute"): SENTENCE,
    ("match", "key"): KEY,
    ("match", "reasons"): PAGE,
    ("match", "gate_reasons"): NOTE,
    ("match", "outreach_text"): TEXT,
    ("escalation", "key"): KEY,
    ("escalation", "summary"): SENTENCE,
    ("task", "key"): KEY,
    ("task", "description"): PAGE,
    ("sync_run", "key"): KEY,
    ("sync_run", "holder"): 80,
    ("sync_run", "rule_version"): HASH,
    ("sync_run", "plan_checksum"): HASH,
    ("sync_run", "counts"): NOTE,
    ("sync_run", "message"): NOTE,
    ("sync_issue", "key"): KEY,
    ("sync_issue", "subject"): SENTENCE,
    ("sync_issue", "summary"): SENTENCE,
    ("sync_issue", "record_id"): RECORD_ID,
}
"""The greatest length of each text that the worker makes, in characters."""

COPIED: dict[tuple[str, str], tuple[str, str]] = {
    ("profile", "title"): ("contact", "title"),
    ("profile", "industry"): ("account", "industry"),
    ("profile", "product"): ("account", "product"),
}
"""Texts that the worker takes over as they are, and from where."""


def check_lengths(seen: Seen) -> Iterator[Finding]:
    """Tell every field that is too short for what the worker writes into it."""
    wanted = {name: (length, "") for name, length in WRITTEN.items()}
    for name, origin in COPIED.items():
        source = seen.field(*origin)
        if source is not None:
            wanted[name] = (_longest(source), f", as {'.'.join(origin)} holds them")
    for (mapping_name, field_name), (length, why) in wanted.items():
        mapping = seen.draft.mappings.get(mapping_name)
        known = seen.field(mapping_name, field_name)
        if mapping and known and 0 < known.length < length:
            field = mapping.fields[field_name]
            found = f"{api_name(mapping, field)}, which takes {known.length} characters"
            expected = f"room for {length} characters{why}: the org refuses longer texts"
            yield seen.finding(Level.STOPS, mapping, ("fields", field_name, "field"), found, expected)


def _longest(known: FieldFacts) -> int:
    """Give the longest text that a field can hold; of a picklist, its longest value."""
    if known.type in OFFERING:
        return max(map(len, known.picklist_values), default=0)
    return known.length
