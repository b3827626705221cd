"""The shipped rules -> every way to get one of them slightly wrong: a threshold off by one, an operator turned round, a part left out.

Mutants of criteria, caps and cooldowns stand beside each other in one program under ids of their own, so that many are judged at
once; others change the whole program. Used by `test_rule_mutants`, which has to notice every one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from crm_sync.evaluate.criteria import MOST_RULES
from crm_sync.evaluate.gates import gates
from crm_sync.program import Cap, Cooldown, Criterion, Program
from crm_sync.program.conditions import All, Any_, Condition, Not_, Test

TURNED: dict[str, tuple[str, ...]] = {
    "is": ("is_not",),
    "is_not": ("is",),
    "at_least": ("above", "at_most", "below"),
    "above": ("at_least", "below", "at_most"),
    "at_most": ("below", "at_least", "above"),
    "below": ("at_most", "above", "at_least"),
    "one_of": ("none_of",),
    "none_of": ("one_of",),
    "has_any": ("has_all",),
    "has_all": ("has_any",),
    "before": ("after",),
    "after": ("before",),
}
"""What each operator is mistaken for. `known` is turned by its value."""

Named = tuple[str, Any]


class Mutant(NamedTuple):
    """One mutant: the rule it is one of (empty: any), the id to ask instead (None: it was left out), and the type it shows in."""

    name: str
    rule: str
    asked: str | None
    reference_type: str | None = None


Group = tuple[Program, list[Mutant]]


def test(fact: str, operator: str, threshold: Any) -> Test:
    """Make one test."""
    return Test(**{"fact": fact, operator: threshold})


def _values(program: Program, fact: str, value: Any) -> Iterator[Any]:
    """Give values that one threshold is mistaken for."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value - 1, value + 1)
    elif isinstance(value, str):
        yield from (other for other in program.facts[fact].values if other != value)
    else:
        yield from (tuple(v for v in value if v != gone) for gone in value if len(value) > 1)
        yield from ((*value, other) for other in program.facts[fact].values if other not in value)


def _thresholds(program: Program, one: Test) -> Iterator[Any]:
    """Give the thresholds that one is mistaken for; of one per type, each of its values, and one type's left out."""
    written = one.threshold
    if not isinstance(written, dict):
        yield from _values(program, one.fact, written)
        return
    for name, value in written.items():
        yield from ({**written, name: other} for other in _values(program, one.fact, value))
        if name != "default":
            yield {key: kept for key, kept in written.items() if key != name}


def conditions(program: Program, condition: Condition) -> Iterator[Named]:
    """Give every condition that one is mistaken for."""
    yield "not", Not_(not_=condition)
    if isinstance(condition, Test):
        yield from ((f"threshold {value}", test(condition.fact, condition.operator, value)) for value in _thresholds(program, condition))  # fmt: skip
        for operator in TURNED.get(condition.operator, ()):
            yield f"operator {operator}", test(condition.fact, operator, condition.threshold)
        if "." in condition.fact and condition.operator != "known":
            yield "unknown passes", Any_(any=(condition, test(condition.fact, "known", False)))
    elif isinstance(condition, All | Any_):
        parts = condition.all if isinstance(condition, All) else condition.any
        turned: Condition = Any_(any=parts) if isinstance(condition, All) else All(all=parts)
        yield type(turned).__name__, turned
        for index, part in enumerate(parts):
            rest = (*parts[:index], *parts[index + 1 :])
            if rest:
                yield (
                    f"without part {index}",
                    rest[0] if len(rest) == 1 else type(condition)(**{_field(condition): rest}),
                )
            for name, other in conditions(program, part):
                changed = (*parts[:index], other, *parts[index + 1 :])
                yield f"part {index} {name}", type(condition)(**{_field(condition): changed})
    else:
        yield "not left out", condition.not_


def _field(condition: All | Any_) -> str:
    return "all" if isinstance(condition, All) else "any"


def criteria(program: Program) -> Iterator[tuple[str, Criterion | None, Criterion]]:
    """Give every mutant of every safety criterion: its name, itself (None: left out), and what it was made of."""
    for one in program.qualification.criteria:
        if one.weight == "scored":
            continue
        yield "left out", None, one
        for name, when in conditions(program, one.when):
            yield name, one.model_copy(update={"when": when}), one
        if one.weight == "hard":
            yield "only a caution", one.model_copy(update={"weight": "caution"}), one
        for gone in one.types or program.types:
            rest = tuple(t for t in one.types or program.types if t != gone)
            yield f"not for {gone}", one.model_copy(update={"types": rest}) if rest else None, one
        for more in program.types if one.types else ():
            if more not in (one.types or ()):
                yield f"for {more} too", one.model_copy(update={"types": (*(one.types or ()), more)}), one


def groups(program: Program) -> Iterator[Group]:
    """Give every mutant, in programs that hold as many as can be told apart."""
    yield from _of_criteria(program)
    caps = [(cap.id, name, other) for cap in program.tolerance.caps for name, other in _caps(cap, program)]
    yield from _beside(program, "caps", "tolerance", caps)
    rests = [(one.id, name, other) for one in program.tolerance.cooldowns for name, other in _cooldowns(one, program)]
    yield from _beside(program, "cooldowns", "cooldown", rests)
    yield from _counts(program)
    yield from _consents(program)
    yield from _notices(program)


def _of_criteria(program: Program) -> Iterator[Group]:
    every, room = list(criteria(program)), MOST_RULES - len(gates(program))
    for chunk in (every[start : start + room] for start in range(0, len(every), room)):
        changed = tuple(other.model_copy(update={"id": f"m{i}"}) for i, (_, other, _) in enumerate(chunk) if other)
        mutants = [Mutant(f"{o.id}: {n}", o.id, f"m{i}" if other else None) for i, (n, other, o) in enumerate(chunk)]
        yield _with(program, "qualification", criteria=changed), mutants


def _beside(program: Program, part: str, prefix: str, every: Sequence[tuple[str, str, Any]]) -> Iterator[Group]:
    """Put mutants of caps or cooldowns beside each other, without criteria, so that there is room for them."""
    bare = _with(program, "qualification", criteria=program.qualification.criteria[:1])
    for chunk in (every[start : start + 40] for start in range(0, len(every), 40)):
        changed = tuple(other.model_copy(update={"id": f"m{i}"}) for i, (_, _, other) in enumerate(chunk) if other)
        mutants = [
            Mutant(f"{name}: {what}", f"{prefix}.{name}", f"{prefix}.m{i}" if other else None)
            for i, (name, what, other) in enumerate(chunk)
        ]
        yield _with(bare, "tolerance", **{part: changed}), mutants


def _counts(program: Program) -> Iterator[Group]:
    tolerance = program.tolerance
    for t, points in tolerance.effort_points.items():
        for other in (points - 0.5, points + 0.5):
            changed = _with(program, "tolerance", effort_points={**tolerance.effort_points, t: other})
            yield changed, [Mutant(f"effort of {t} {other}", "", "")]
    for status, counted in tolerance.counts_when.items():
        for other in sorted({"reserved", "used", "nothing"} - {counted}):
            changed = _with(program, "tolerance", counts_when={**tolerance.counts_when, status: other})
            yield changed, [Mutant(f"{status} counts as {other}", "", "")]


def _with(program: Program, part: str, **changes: Any) -> Program:
    return replace(program, **{part: getattr(program, part).model_copy(update=changes)})


def _caps(cap: Cap, program: Program) -> Iterator[tuple[str, Cap | None]]:
    yield "left out", None
    changes: list[dict[str, Any]] = [{"limit": cap.limit - 1}, {"limit": cap.limit + 1}]
    changes += [{"limit": cap.limit + 0.5}, {"limit": cap.limit - 0.5}] if cap.measure == "effort" else []
    changes += [{"window_days": cap.window_days - 1}, {"window_days": cap.window_days + 1}]
    changes += [{"own_limit": None}, {"measure": "effort" if cap.measure == "uses" else "uses"}]
    counted = program.types if cap.counts == "all" else cap.counts
    changes += [{"counts": tuple(t for t in counted if t != gone)} for gone in counted if len(counted) > 1]
    changes += [{"counts": (*counted, more)} for more in program.types if more not in counted]
    yield from ((str(change), cap.model_copy(update=change)) for change in changes)


def _cooldowns(cooldown: Cooldown, program: Program) -> Iterator[tuple[str, Cooldown | None]]:
    if cooldown.same is not None:
        return
    yield "left out", None
    changes: list[dict[str, Any]] = [{"days": cooldown.days - 1}, {"days": cooldown.days + 1}]
    changes += [{"event": "declined" if cooldown.event == "used" else "used"}, {"same": "audience"}]
    if isinstance(cooldown.after, tuple):
        changes += [{"after": tuple(t for t in cooldown.after if t != gone)} for gone in cooldown.after if len(cooldown.after) > 1]  # fmt: skip
        changes += [{"after": (*cooldown.after, more)} for more in program.types if more not in cooldown.after]
    else:
        changes += [{"after": "all"}]
    yield from ((str(change), cooldown.model_copy(update=change)) for change in changes)


def _consents(program: Program) -> Iterator[Group]:
    rules, types = program.consent, program.types
    changes: dict[str, dict[str, Any]] = {
        **{f"{status} is a grant": {"grant_status": (*rules.grant_status, status)} for status in ("pending", "refused", "withdrawn")},
        **{f"valid for {m} months": {"valid_months": m} for m in (rules.valid_months - 1, rules.valid_months + 1)},
        **{f"{gone} not required": {"requires": tuple(f for f in rules.requires if f != gone)} for gone in rules.requires},
        "EMEA is everywhere": {"territory": rules.territory.model_copy(update={"everywhere": "EMEA"})},
    }  # fmt: skip
    for name, change in changes.items():
        yield _with(program, "consent", **change), [Mutant(name, "consent", "consent")]
    nothing = [Mutant(f"{t} covers nothing", "consent", "consent", t) for t in types]
    yield _with(program, "consent", covers={"none": ("call",)}), nothing
    for step in range(1, len(types)):
        also = {use: types[(index + step) % len(types)] for index, use in enumerate(types)}
        covers = {use: (*rules.covers[use], more) for use, more in also.items()}
        mutants = [Mutant(f"{use} covers {more}", "consent", "consent", more) for use, more in also.items()]
        yield _with(program, "consent", covers=covers), mutants


def _notices(program: Program) -> Iterator[Group]:
    for part in ("business_days", "first_ask"):
        for more in (-1, 1):
            changed = {t: days + more for t, days in getattr(program.lead_time, part).items()}
            mutants = [Mutant(f"{part} of {t} {days}", "notice", "notice", t) for t, days in changed.items()]
            yield _with(program, "lead_time", **{part: changed}), mutants
