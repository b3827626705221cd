"""One rule's answer -> what was seen, where, what was required, and what would change it.

Names records and fields as the org does, through the mappings. Called by `reasons`. Not here: whether the rule passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_sync.evaluate.evidence import Evidence, Row
from crm_sync.evaluate.gates import Gate, Kind
from crm_sync.evaluate.masks import Asked
from crm_sync.evaluate.verdicts import Judged
from crm_sync.evaluate.wording import counted, plain, seen
from crm_sync.model.verdict import Source, Truth
from crm_sync.program.rules import SCALE, Cap


@dataclass(frozen=True)
class Case:
    """One person and type to be explained: the facts and masks, the records behind them, and what each criterion requires.

    `thresholds` are those of the criteria, by the key of the rule asked.
    """

    judged: Judged
    evidence: Evidence
    unreadable: frozenset[tuple[str, str]]
    row: Mapping[str, Any]
    reference_type: str
    thresholds: Mapping[str, str]

    def source(self, mapping: str, record_id: str | None, field: str) -> Source:
        """Give a mapped field of a record in the org's own names."""
        mapped = self.judged.program.mappings[mapping]
        found = mapped.fields[field]
        if found.home is not None:
            record_id = self.evidence.homes.get((mapping, found.home), {}).get(record_id or "")
        return Source(mapped.object_of(found), record_id, found.field)

    def unmapped(self, mapping: str, record_id: str | None, field: str) -> str | None:
        """Give the picklist value of a record that no mapping translates."""
        for name in (mapping, self.judged.program.mappings[mapping].object):
            value = self.evidence.unmapped.get((name, record_id or "", field))
            if value is not None:
                return value
        return None


@dataclass(frozen=True)
class Finding:
    """What a reason says besides its rule's text."""

    value: str | None
    threshold: str | None
    source: Source | None
    remedy: str


def finding(case: Case, asked: Asked, truth: Truth) -> Finding:
    """Say what was found for one rule."""
    gate = asked.rule.gate
    return _GATES[gate.kind](case, gate, truth) if gate else _of_criterion(case, asked, truth)


def _of_criterion(case: Case, asked: Asked, truth: Truth) -> Finding:
    facts, remedy = asked.rule.facts, asked.rule.remedy
    value = seen(facts, case.reference_type, case.judged.program, case.row)
    mapping, field, record_id = _where(case, facts, truth)
    source = case.source(mapping, record_id, field)
    if truth == "unknown":
        raw = case.unmapped(mapping, record_id, field)
        value = raw if raw is not None else value
        remedy = f"{_to_know(case, mapping, field, source, raw)} {remedy}".strip()
    return Finding(value, case.thresholds[asked.key], source, remedy)


def _where(case: Case, facts: Sequence[str], truth: Truth) -> tuple[str, str, str | None]:
    """Give mapping, field and record of the first fact asked for that is not known, else of the first."""
    name = next((name for name in facts if case.row.get(name, "known") is None), facts[0])
    mapping, _, field = _origin(case, name, truth).partition(".")
    if mapping in ("case", "escalation"):
        field = {"case": "priority", "escalation": "status"}[mapping]
    return mapping, field, _record(case, mapping)


def _origin(case: Case, name: str, truth: Truth) -> str:
    """Name the mapped field a fact comes from; of one that is not known, a field that somebody other than the worker fills."""
    mappings, fact = case.judged.program.mappings, case.judged.program.facts.get(name)
    origins = fact.derived_from if fact and fact.derived_from else (name,)
    for origin in origins:
        mapping, _, field = origin.partition(".")
        mapped = mappings[mapping].fields.get(field) if mapping in mappings else None
        if mapped and not (truth == "unknown" and mapped.owner == "worker"):
            return origin
    return origins[0]


def _record(case: Case, mapping: str) -> str | None:
    """Give the id of the record of a mapping that this person's facts come from."""
    row = case.row
    if mapping in ("case", "escalation"):
        kind = {"case": "cases", "escalation": "escalations"}[mapping]
        found = case.evidence.troubles_of(kind, row["account_id"], row["person_key"])
        return found[0]["record_id"] if found else None
    direct = {"account": row["account_id"], "contact": row["contact_id"], "profile": row["profile_id"]}
    record_id: str | None = direct.get(mapping)
    return record_id


def _to_know(case: Case, mapping: str, field: str, source: Source, raw: str | None) -> str:
    """Say what has to be done before the answer can be known."""
    if raw is not None:
        return f"Give {raw!r} a meaning in mappings/{mapping}.yaml, or correct the record."
    if (mapping, field) in case.unreadable:
        return f"Let the worker read {source.object_name}.{source.field_name}."
    if source.record_id is None and source.object_name != case.judged.program.mappings[mapping].object:
        return f"Give the {mapping} one record of {source.object_name} that counts: it has none, or none is the newest."
    return f"Fill or correct {source.field_name} on the {source.object_name}."


def _of_cap(case: Case, gate: Gate, truth: Truth) -> Finding:
    cap = gate.cap
    assert cap is not None  # noqa: S101  (a gate of kind cap has one)
    owner = case.row["person_key"] if cap.per == "person" else case.row["account_id"]
    parts = case.evidence.parts.get((cap.id, owner), ())
    most, kept_in = case.evidence.limits.get((cap.id, owner), (round(SCALE * cap.limit), None))
    vague = [part for part in parts if not part["certain"]]
    remedy = gate.remedy
    if truth == "unknown":
        vague_source = _of_part(case, vague[0]) if vague else None
        remedy = _to_count(case, cap, vague_source)
    shown = (vague if truth == "unknown" else [])[:1] or list(parts[:1])
    source = _of_part(case, shown[0]) if shown else _own_limit_source(case, cap, kept_in)
    return Finding(_counts(case, cap, parts), _most(cap, most / SCALE), source, remedy)


def _counts(case: Case, cap: Cap, parts: Any) -> str:
    """Say what was used, what is reserved, and what this ask adds."""
    noun = "use" if cap.measure == "uses" else "point"
    sums = {
        kind: sum(part["amount"] for part in parts if (part["kind"] == "reserved") == (kind == "reserved")) / SCALE
        for kind in ("used", "reserved")
    }
    adds = case.judged.program.tolerance.weight(cap, case.reference_type) / SCALE
    return f"{counted(sums['used'], noun)}, {sums['reserved']:g} reserved, this ask adds {adds:g}"


def _most(cap: Cap, limit: float) -> str:
    whose = " (their own limit)" if limit < cap.limit else ""
    return f"at most {limit:g} in {cap.window_days} days per {cap.per}{whose}"


def _of_part(case: Case, part: Row) -> Source:
    field = "type" if part["type"] is None else "completed_on"
    if part["source"] == "match":
        field = "request" if part["type"] is None else "reserved_until"
    elif part["kind"] == "reserved":
        field = "status"
    return case.source(part["source"], part["record_id"], field)


def _own_limit_source(case: Case, cap: Cap, kept_in: str | None) -> Source | None:
    """Name the field of the lowest own limit; of none known, the first that may hold one."""
    mapping, _, field = (kept_in or next(iter(cap.own_limits), "")).partition(".")
    return case.source(mapping, _record(case, mapping), field) if field else None


def _to_count(case: Case, cap: Cap, vague: Source | None) -> str:
    if vague:
        return _to_complete(vague)
    if cap.needs_account and case.row["account_id"] is None:
        return "Give the contact an account."
    return "Let the worker read all uses, matches and own limits; every use needs its contact, every match its profile."


def _of_cooldown(case: Case, gate: Gate, truth: Truth) -> Finding:
    cooldown = gate.cooldown
    assert cooldown is not None  # noqa: S101  (a gate of kind cooldown has one)
    mine = [
        rest
        for rest in case.evidence.rests.get((cooldown.id, case.row["person_key"]), ())
        if cooldown.after != "same_type" or rest["type"] in (None, case.reference_type)
    ]
    threshold = f"{cooldown.days} days"
    if not mine:
        remedy = (
            "Let the worker read all uses and declines; every use needs its contact, every match its profile."
            if truth == "unknown"
            else gate.remedy
        )
        return Finding("nothing to rest from", threshold, None, remedy)
    last = mine[0]
    field = "responded_on" if cooldown.event == "declined" else "completed_on"
    source = case.source(last["source"], last["record_id"], field)
    if truth == "unknown":
        return Finding("its day or type is not known", threshold, source, _to_complete(source))
    return Finding(f"{cooldown.event} on {plain(last['happened_on'])}", threshold, source, gate.remedy)


def _to_complete(source: Source) -> str:
    return f"Complete {source.field_name} on the {source.object_name} {source.record_id}: what it says is not known."


def _of_consent(case: Case, gate: Gate, truth: Truth) -> Finding:
    t = case.reference_type
    looks = case.evidence.consents.get((case.row["contact_id"], t), ())
    threshold = "granted, in force and unrestricted"
    if not looks:
        return Finding(f"no consent to {t.replace('_', ' ')} on record", threshold, None, gate.remedy)
    look = next((look for look in looks if look["is_good"] is _GOOD[truth]), looks[0])
    value, field = _lack(case, look) if truth != "true" else (_held(look), "status")
    waits = truth == "false" and look["starts_on"] is not None
    remedy = "Wait until the consent holds." if waits else gate.remedy
    return Finding(value, threshold, case.source("consent", look["id"], field), remedy)


_GOOD: Mapping[Truth, bool | None] = {"true": True, "false": False, "unknown": None}


def _held(look: Row) -> str:
    ends = look["valid_to"] or look["runs_out_on"]
    return f"granted from {plain(look['valid_from'])}, ends {plain(ends)}"


def _lack(case: Case, look: Row) -> tuple[str, str]:
    """Say what is first missing in a consent, and the field it is missing from."""
    missing = [field for field in case.judged.program.consent.requires if not str(look[field] or "").strip()]
    lacks: tuple[tuple[Callable[[], bool], str, str], ...] = (
        (lambda: _is_withdrawn(look), f"withdrawn on {look['withdrawn_on']}", "withdrawn_on"),
        (lambda: look["status"] is None, "its status is not known", "status"),
        (lambda: not look["granted"], f"status {look['status']}", "status"),
        (lambda: bool(missing), f"{' and '.join(missing).replace('_', ' ')} missing", (missing or ["status"])[0]),
        (lambda: look["in_force"] is False and look["holds_from"] is None, _validity(look), "valid_to"),
        (
            lambda: look["legal_restriction"] is not False,
            "restricted by law, or not known not to be",
            "legal_restriction",
        ),
        (lambda: look["covers_region"] is not True, _territory(look), "territory"),
        (lambda: look["starts_on"] is not None, _validity(look), "valid_from"),
    )
    found = next(((text, field) for holds, text, field in lacks if holds()), None)
    return found or (_ended_by(case), "status")


def _is_withdrawn(look: Row) -> bool:
    """Whether it is withdrawn, or will be before it ever holds."""
    day, first = look["withdrawn_on"], look["valid_from"]
    return look["is_withdrawn"] or bool(day and first and day <= first)


def _validity(look: Row) -> str:
    return f"valid from {look['valid_from']} until {look['valid_to'] or look['runs_out_on']}"


def _territory(look: Row) -> str:
    return f"territory {plain(look['territory'] or [])} does not cover the account's region"


def _ended_by(case: Case) -> str:
    """Name the other record that ends a consent good in itself."""
    enders = case.evidence.consents_of_person.get((case.row["person_key"],), ())
    names = ", ".join(str(row["id"]) for row in enders)
    return f"ended, or perhaps ended, by {names}" if names else "another consent record cannot be read in full"


def _of_blackout(case: Case, gate: Gate, truth: Truth) -> Finding:
    profiles = case.evidence.profiles.get((case.row["person_key"],), ())
    written = [profile for profile in profiles if profile["blackouts"]]
    threshold = "not blacked out, in the customer's time zone"
    record_id = written[0]["id"] if written else case.row["profile_id"]
    source = case.source("profile", record_id, "blackouts" if written else "time_zone")
    if truth == "true":
        return Finding("not blacked out", threshold, source, gate.remedy)
    if truth == "false":
        days = "; ".join(line for profile in written for line in str(profile["blackouts"]).splitlines() if line.strip())
        return Finding(days or "an hour that the clocks repeat or skip", threshold, source, gate.remedy)
    value = "a line cannot be read" if written else "time zone and region are not known"
    return Finding(value, threshold, source, gate.remedy)


def _of_uncapped(case: Case, gate: Gate, truth: Truth) -> Finding:
    return Finding("no cap", "a cap per person", None, gate.remedy)


_GATES: Mapping[Kind, Callable[[Case, Gate, Truth], Finding]] = {
    "cap": _of_cap,
    "cooldown": _of_cooldown,
    "consent": _of_consent,
    "blackout": _of_blackout,
    "uncapped": _of_uncapped,
}
