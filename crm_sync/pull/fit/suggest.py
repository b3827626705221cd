"""What an org's fields are called and hold -> proposals for the lines of a mapping, each with its reasons.

Called by `crm-sync mapping suggest`. A proposal is a guess by name, label, type and values for a person to look at; nothing
is changed by it. Not here: what the worker expects of each field (program/vocabulary), and describing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from crm_sync.ports import FieldFacts, ObjectFacts
from crm_sync.program import FieldMapping, ObjectMapping
from crm_sync.program.sources import nearest
from crm_sync.pull.fit.values import OFFERING
from crm_sync.pull.views import FITTING, fitting

LEAST_ALIKE = 0.5
MOST_PROPOSED = 3
_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SAME: Mapping[str, frozenset[str]] = {
    "health": frozenset({"churnscore", "wellness", "csm", "success"}),
    "score": frozenset({"rating", "index", "points"}),
    "healthy": frozenset({"health", "good", "green"}),
    "trend": frozenset({"direction", "movement"}),
    "churn": frozenset({"attrition", "retention"}),
    "risk": frozenset({"threat", "danger"}),
    "renewal": frozenset({"renew", "renews", "expiry", "expiration", "expires", "subscription", "contract"}),
    "on": frozenset({"date", "day", "end"}),
    "since": frozenset({"start", "from", "original", "begin", "became"}),
    "customer": frozenset({"client", "contract"}),
    "dispute": frozenset({"litigation", "disputed"}),
    "hold": frozenset({"freeze", "frozen"}),
    "confidential": frozenset({"nda", "secret"}),
    "competitive": frozenset({"competitor", "competitors"}),
    "product": frozenset({"solution", "edition"}),
    "employees": frozenset({"headcount", "staff"}),
    "region": frozenset({"territory", "geo", "area"}),
    "stage": frozenset({"phase", "status"}),
    "opted": frozenset({"opt", "optout", "unsubscribed"}),
    "speaks": frozenset({"speaker", "speak", "advocate"}),
    "publicly": frozenset({"public"}),
    "left": frozenset({"gone", "departed", "former"}),
}
"""Words that mean much the same in field names, by the program's word."""


@dataclass(frozen=True)
class Proposal:
    """One line for a mapping file, and why. `alike` is 0 to 1."""

    name: str
    line: str
    alike: float
    reasons: tuple[str, ...]


def suggest(mapping: ObjectMapping, facts: ObjectFacts) -> Mapping[str, tuple[Proposal, ...]]:
    """Propose fields of the org, best first, for every mapped field that the org does not have or show."""
    shown = {name.casefold() for name in facts.fields}
    used = {field.field.casefold() for field in mapping.fields.values()}
    free = [known for name, known in facts.fields.items() if name.casefold() not in used]
    missing = (field for field in mapping.fields.values() if field.field.casefold() not in shown)
    return {field.name: _best(field, free) for field in missing}


def unused(mapping: ObjectMapping, facts: ObjectFacts) -> tuple[Proposal, ...]:
    """Propose a line for every custom field of the org that the mapping does not use yet: facts that rules may ask for."""
    used = {field.field.casefold() for field in mapping.fields.values()}
    free = (known for name, known in facts.fields.items() if name.casefold() not in used and "__" in name)
    return tuple(proposal for known in free for proposal in _new(known, frozenset(mapping.fields)))


def _best(field: FieldMapping, free: list[FieldFacts]) -> tuple[Proposal, ...]:
    fit = [known for known in free if known.type in fitting(field)]
    scored = sorted(((_alike(field, known), known.name, known) for known in fit), key=lambda one: (-one[0], one[1]))
    return tuple(_proposal(field, known, alike) for alike, _, known in scored[:MOST_PROPOSED] if alike >= LEAST_ALIKE)


def _alike(field: FieldMapping, known: FieldFacts) -> float:
    """Say how much a field of the org resembles what is looked for, by its name or its label, 0 to 1."""
    wanted = (words(field.name), words(field.field))
    offered = (words(known.name), words(known.label))
    return max(shared(a, b) for a in wanted for b in offered)


def shared(wanted: tuple[str, ...], offered: tuple[str, ...]) -> float:
    """Say how alike two names are by their words and letters, 0 to 1."""
    if not wanted or not offered:
        return 0.0
    met = same_words(wanted, offered) / len(wanted)
    by_letter = SequenceMatcher(None, " ".join(wanted), " ".join(offered)).ratio()
    return round((met + by_letter) / 2, 3)


def same_words(wanted: tuple[str, ...], offered: tuple[str, ...]) -> int:
    """Count the words that the other name has, or one that means much the same."""
    return sum(bool({word, *_SAME.get(word, ())} & set(offered)) for word in wanted)


def words(name: str) -> tuple[str, ...]:
    """Split a name into small words: API names at underlines and capitals, without namespace and suffix."""
    parts = [part for part in name.split("__") if part not in ("c", "r", "")]
    return tuple(
        word.casefold() for word in re.split(r"[\W_]+", _CAPITALS.sub(" ", parts[-1] if parts else "")) if word
    )


def _proposal(field: FieldMapping, known: FieldFacts, alike: float) -> Proposal:
    values, strange = translation(field, known)
    parts = [f"field: {known.name}", f"type: {field.type}"]
    parts += [f"owner: {field.owner}"] if field.owner != "org" else []
    parts += [f"to: {field.to}"] if field.to else []
    parts += [f"transform: {field.transform}"] if field.transform else []
    parts += [f"{flag}: true" for flag in ("personal", "safety") if getattr(field, flag)]
    reasons = [f"{round(100 * alike)} % alike by name ({known.label})", f"type {known.type} fits"]
    return Proposal(field.name, f"{field.name}: {{{', '.join(parts)}{values}}}", alike, (*reasons, *strange))


def translation(field: FieldMapping, known: FieldFacts) -> tuple[str, tuple[str, ...]]:
    """Write the attribute `values` for a picklist, and what is left to say of it; nothing for other fields."""
    values, strange = _values(field, known)
    text = ", ".join(f"{_quoted(api)}: {value}" for api, value in values.items())
    told = (f"say what these mean: {', '.join(strange)}",) if strange else ()
    if field.values and known.type not in OFFERING:
        told = (f"say with `values` which of its words mean {', '.join(field.program_values)}",)
    return (f", values: {{{text}}}" if values else ""), told


def _values(field: FieldMapping, known: FieldFacts) -> tuple[dict[str, str], list[str]]:
    """Translate each value of the org's picklist to the program's most like it; name those that none is like."""
    if not field.values or known.type not in OFFERING:
        return {}, []
    meanings = {
        value: field.values.get(value) or nearest(value, field.program_values) for value in known.picklist_values
    }
    return (
        {api: value for api, value in meanings.items() if value},
        [api for api, value in meanings.items() if not value],
    )


def _quoted(text: str) -> str:
    return (
        text
        if re.fullmatch(r"[A-Za-z][\w /-]*", text) and text.casefold() not in ("true", "false", "null")
        else f'"{text}"'
    )


def _new(known: FieldFacts, taken: frozenset[str]) -> Iterator[Proposal]:
    name = "_".join(words(known.name))
    kind = next(
        (kind for kind, types in FITTING.items() if kind not in ("id", "reference") and known.type in types), None
    )
    if kind is None or name in taken or not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
        return
    if known.type in ("picklist", "multipicklist"):
        kind = "picklist" if known.type == "picklist" else "multipicklist"
        values = ", ".join(f"{_quoted(value)}: {'_'.join(words(value)) or value}" for value in known.picklist_values)
        line = f"{name}: {{field: {known.name}, type: {kind}, values: {{{values}}}}}"
    else:
        line = f"{name}: {{field: {known.name}, type: {kind}}}"
    yield Proposal(name, line, 0.0, (f"{known.label}, of type {known.type}, is in no line yet",))
