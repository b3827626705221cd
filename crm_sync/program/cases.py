"""rules/cases/ as values: admins' own tests of the rules. Given these records, this verdict and these reasons.

`load_cases` reads and checks every file; `evaluate` runs them for `crm-sync check`. A file gives records that all its
cases share; a case changes some and says what it expects. Not here: running a case.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.model.verdict import Standing
from crm_sync.program.base import Name, Part, Sentence
from crm_sync.program.case_records import CaseValue, records_of
from crm_sync.program.checks.ids import BUILT_IN
from crm_sync.program.load import fit, place, read_source
from crm_sync.program.nodes import Path as NodePath
from crm_sync.program.program import Program
from crm_sync.program.sources import Source

EVERY_TYPE = "every_type"
"""Stands for all reference types in what a case expects."""

Ids: TypeAlias = tuple[str, ...]
Given: TypeAlias = Mapping[Name, Mapping[str, Mapping[Name, Any] | None]]
"""Fields by mapping and id; null instead of the fields takes the record away."""


class Expected(Part):
    """What a case expects of one person and type. A list that is given has to be exact; one left out is not checked.

    `fails`, `unknown` and `cautions` are criterion ids; a tolerance or cooldown is `tolerance.calls_year`. `strength` is what
    the scored criteria add up to, whole; it is the person's, the same for every type.
    """

    standing: Standing
    fails: Ids | None = None
    unknown: Ids | None = None
    cautions: Ids | None = None
    strength: Annotated[int, Field(ge=0, le=100)] | None = None


class CaseEntry(Part):
    """One case as written: what it changes in the file's records, and what it expects by contact and type."""

    id: Name
    text: Sentence
    as_of: str | None = None
    change: Given = Field(default_factory=dict)
    expect: Annotated[Mapping[str, Annotated[Mapping[Name, Expected], Field(min_length=1)]], Field(min_length=1)]


class CaseFile(Part):
    """One file of rules/cases/ as written."""

    about: Sentence
    as_of: str
    given: Given
    cases: tuple[CaseEntry, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Case:
    """One case, whole: all records by mapping name in typed program values, and what is expected.

    Every record has every mapped field that is not personal: what a case does not give is null, a checkbox false.
    `where` is `file:line`. `expected` is by contact id and reference type.
    """

    id: str
    text: str
    where: str
    as_of: datetime.datetime
    records: Mapping[str, tuple[Mapping[str, CaseValue], ...]]
    expected: Mapping[tuple[str, str], Expected]


def load_cases(folder: Path, program: Program) -> tuple[Case, ...]:
    """Load every case of a folder, in the order of file names; no folder means no cases.

    Raises ConfigurationError with every mistake in every file.
    """
    found: list[Mistake] = []
    cases: list[Case] = []
    for path in sorted(folder.glob("*.yaml")):
        source = read_source(path, f"{folder.parent.name}/{folder.name}", found)
        file = fit(source, CaseFile, found) if source else None
        if source and file:
            cases += _cases(file, source, program, found)
    found += _twice(cases)
    if found:
        raise ConfigurationError(tuple(sorted(set(found), key=place)))
    return tuple(cases)


def _twice(cases: list[Case]) -> Iterator[Mistake]:
    seen: dict[str, str] = {}
    for case in cases:
        first = seen.setdefault(case.id, case.where)
        if first != case.where:
            yield Mistake(case.where, f"the case {case.id!r} a second time (first at {first})", "each id once")


def _cases(file: CaseFile, source: Source, program: Program, found: list[Mistake]) -> Iterator[Case]:
    for index, entry in enumerate(file.cases):
        path: NodePath = ("cases", index)
        at = source.mistake((*path, "id"), "", "").where
        records, mistakes = records_of(
            {("given",): file.given, (*path, "change"): entry.change}, source, program.mappings
        )
        found += mistakes
        found += _expectations(entry, records, source, path, program)
        as_of = _moment(entry.as_of or file.as_of)
        if as_of is None:
            place_of_date = (*path, "as_of") if entry.as_of else ("as_of",)
            found.append(source.mistake(place_of_date, f"the text {entry.as_of or file.as_of!r}", "a date: 2026-11-02"))
            continue
        yield Case(entry.id, entry.text, at, as_of, records, _by_type(entry, program.types))


def _moment(text: str) -> datetime.datetime | None:
    """Noon UTC of a day."""
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.datetime(day.year, day.month, day.day, 12, tzinfo=datetime.UTC)


def _by_type(entry: CaseEntry, types: tuple[str, ...]) -> Mapping[tuple[str, str], Expected]:
    """Spread `every_type` over the types; a type named by itself wins."""
    expected: dict[tuple[str, str], Expected] = {}
    for contact, wanted in entry.expect.items():
        if EVERY_TYPE in wanted:
            expected |= {(contact, name): wanted[EVERY_TYPE] for name in types}
        expected |= {(contact, name): one for name, one in wanted.items() if name != EVERY_TYPE}
    return expected


def _expectations(
    entry: CaseEntry,
    records: Mapping[str, tuple[Mapping[str, CaseValue], ...]],
    source: Source,
    path: NodePath,
    program: Program,
) -> Iterator[Mistake]:
    contacts = [str(record["id"]) for record in records.get("contact", ())]
    known = criteria_known(program)
    for contact, wanted in entry.expect.items():
        at = (*path, "expect", contact)
        if contact not in contacts:
            yield source.unknown(at, "the contact", contact, contacts)
        for name, expected in wanted.items():
            if name not in (*program.types, EVERY_TYPE):
                yield source.unknown((*at, name), "the reference type", name, (*program.types, EVERY_TYPE))
            yield from _ids(expected, source, (*at, name), known)


def _ids(expected: Expected, source: Source, path: NodePath, known: tuple[str, ...]) -> Iterator[Mistake]:
    for what in ("fails", "unknown", "cautions"):
        for index, name in enumerate(getattr(expected, what) or ()):
            if name not in known:
                yield source.unknown((*path, what, index), "the criterion", name, known)


def criteria_known(program: Program) -> tuple[str, ...]:
    """Every criterion id a verdict may speak of."""
    return (
        *(criterion.id for criterion in program.qualification.criteria),
        *BUILT_IN,
        *(f"tolerance.{cap.id}" for cap in program.tolerance.caps),
        *(f"cooldown.{cooldown.id}" for cooldown in program.tolerance.cooldowns if cooldown.same is None),
    )
