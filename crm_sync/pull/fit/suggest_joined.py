"""What another object's fields are called and hold -> the text of an overlay that reads a mapping's fields from it.

Called by `crm-sync mapping suggest --in`. Guesses, for a person to look at, as in `suggest`. Not here: describing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm_sync.ports import FieldFacts, ObjectFacts
from crm_sync.program import FieldMapping, ObjectMapping
from crm_sync.pull.fit.suggest import LEAST_ALIKE, same_words, shared, translation, words
from crm_sync.pull.views import fitting

CREATED = "CreatedDate"
"""By this the newest row is known where no field of the object's own is a date of it."""

_EVERYWHERE = frozenset({"on", "since"})
"""Words that tell dates from other things, and nothing of what they are dates of."""


@dataclass(frozen=True)
class JoinedProposal:
    """Where a mapping's fields may be in another object: its lookups, the date of a row, and a field for each name."""

    object: str
    lookups: tuple[str, ...]
    dated: FieldFacts | None
    fields: Mapping[str, tuple[FieldFacts, float]]


def suggest_joined(mapping: ObjectMapping, facts: ObjectFacts) -> JoinedProposal:
    """Propose the most alike field of the object for each name, each field once."""
    lookups = [one.name for one in facts.fields.values() if mapping.object in one.reference_to]
    context = words(facts.name)
    ranked = sorted(
        (
            (-_alike(field, known, context), field.name, known.name)
            for field in mapping.fields.values()
            if not (field.worker_writes or field.personal or field.transform or field.type in ("id", "reference"))
            for known in facts.fields.values()
            if "__" in known.name and known.type in fitting(field)
        ),
    )
    found: dict[str, tuple[FieldFacts, float]] = {}
    for score, name, api in ranked:
        taken = {known.name for known, _ in found.values()}
        if -score >= LEAST_ALIKE and name not in found and api not in taken:
            found[name] = (facts.fields[api], -score)
    taken = {known.name for known, _ in found.values()}
    dates = [one for one in facts.fields.values() if one.type in ("date", "datetime") and one.name not in taken]
    own = [one for one in dates if "__" in one.name]
    dated = own[0] if own else next((one for one in dates if one.name == CREATED), None)
    return JoinedProposal(
        facts.name, tuple(lookups), dated, {name: found[name] for name in mapping.fields if name in found}
    )


def _alike(field: FieldMapping, known: FieldFacts, context: tuple[str, ...]) -> float:
    """Say how much a field resembles what is looked for; what its object is called speaks for it, but not alone."""
    wanted, offered = words(field.name), (words(known.name), words(known.label))
    telling = tuple(word for word in wanted if word not in _EVERYWHERE)
    alone = [(shared(wanted, own), shared(wanted, (*context, *own))) for own in offered if same_words(telling, own)]
    return max((max(own, round((own + within) / 2, 3)) for own, within in alone), default=0.0)


def overlay(mapping: ObjectMapping, proposal: JoinedProposal) -> Iterator[str]:
    """Write the proposal as an overlay, line by line, each guess with its reason."""
    home = words(proposal.object)[-1]
    by = f"{home}_dated" if proposal.dated else None
    newest = f", newest_by: {by}" if by else ""
    yield f"about: What {proposal.object} holds of the {mapping.name}."
    yield from ("mappings:", f"  {mapping.name}:", "    joined:")
    others = f"  # or {', '.join(proposal.lookups[1:])}" if len(proposal.lookups) > 1 else ""
    yield f"      {home}: {{object: {proposal.object}, lookup: {proposal.lookups[0]}{newest}}}{others}"
    yield "    fields:"
    if proposal.dated:
        kind, why = (
            proposal.dated.type,
            f"of several rows for one {mapping.name} the newest counts; drop it if there is one",
        )
        yield f"      {by}: {{field: {proposal.dated.name}, from: {home}, type: {kind}}}  # {why}"
    for name, (known, score) in proposal.fields.items():
        values, strange = translation(mapping.fields[name], known)
        reasons = [f"{round(100 * score)} % alike by name ({known.label})", *strange]
        yield f"      {name}: {{field: {known.name}, from: {home}{values}}}  # {'; '.join(reasons)}"
