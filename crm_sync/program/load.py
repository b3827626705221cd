"""Read rules/ and mappings/ into a Program, or tell every mistake in them at once.

Called by bootstrap and `crm-sync check`. Order: read each file, fit it to its model, then check what must agree
between files as far as the files are whole. Not here: the models (`rules`, `mappings`) and the checks (`checks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.program.checks import check
from crm_sync.program.draft import RULE_FILES, TEMPLATES, Draft
from crm_sync.program.facts import catalogue
from crm_sync.program.mappings import MAPPING_NAMES, MappingFile, ObjectMapping
from crm_sync.program.presets import CHOICE, FOLDER, Choice, PresetFile, overlaid, presets_in
from crm_sync.program.program import Program
from crm_sync.program.reader import read
from crm_sync.program.rules import (
    Cadence,
    ConsentRules,
    CoverageRules,
    Escalation,
    Guards,
    LeadTime,
    MatchingRules,
    Outreach,
    Qualification,
    Retention,
    Tolerance,
)
from crm_sync.program.salvage import without
from crm_sync.program.sentences import mistakes
from crm_sync.program.sources import Source, nearest, one_of
from crm_sync.program.templates import Template, Templates
from crm_sync.program.versions import content_hash

M = TypeVar("M", bound=BaseModel)

BESIDE = frozenset({CHOICE, "approval.yaml"})
"""Files that stand beside the rules and mappings and are neither."""


def load_program(rules_dir: Path, mappings_dir: Path) -> Program:
    """Load the whole program.

    Raises ConfigurationError with every mistake in every file, each with file, line and the nearest right name.
    """
    found: list[Mistake] = []
    return program_of(_read(rules_dir, mappings_dir, found), found)


def load_draft(rules_dir: Path, mappings_dir: Path) -> tuple[Draft, tuple[Mistake, ...]]:
    """Load what is whole of the program, and every mistake in the rest; raises nothing.

    For looking at files that are not right yet, and at the line something stands on.
    """
    found: list[Mistake] = []
    draft = _draft(_read(rules_dir, mappings_dir, found), found)
    return draft, _in_order([*found, *check(draft)])


def program_of(sources: Mapping[str, Source], found: Iterable[Mistake] = ()) -> Program:
    """Make a program of files that were read, by name (`rules/consent`), and of the mistakes met in reading them.

    Raises ConfigurationError as `load_program` does.
    """
    mistakes = list(found)
    draft = _draft(sources, mistakes)
    mistakes += check(draft)
    if mistakes:
        raise ConfigurationError(_in_order(mistakes))
    return Program(
        qualification=draft.one(Qualification),
        consent=draft.one(ConsentRules),
        tolerance=draft.one(Tolerance),
        lead_time=draft.one(LeadTime),
        matching=draft.one(MatchingRules),
        cadence=draft.one(Cadence),
        escalation=draft.one(Escalation),
        coverage=draft.one(CoverageRules),
        retention=draft.one(Retention),
        guards=draft.one(Guards),
        outreach=draft.one(Outreach),
        templates=Templates(tuple(draft.templates.values()), tuple(draft.one(Outreach).languages)),
        mappings=draft.mappings,
        facts=catalogue(draft.mappings),
        version=_version(draft),
    )


def fit(source: Source, model: type[M], found: list[Mistake]) -> M | None:
    """Fit one file to its model; add what does not fit to `found`."""
    try:
        return _fitted(source, model)
    except ValidationError as error:
        found += mistakes(error, model, source)
        return None


def read_source(path: Path, folder: str, found: list[Mistake]) -> Source | None:
    """Read one file; mistakes call it by the given folder and its name."""
    name = f"{folder}/{path.name}"
    try:
        return Source(name, read(path.read_bytes(), name))
    except OSError as error:
        found.append(Mistake(f"{name}:1", f"a file that cannot be opened ({error.strerror})", "a readable file"))
    except ConfigurationError as error:
        found += error.mistakes
    return None


def place(mistake: Mistake) -> tuple[str, int, str]:
    """Sort mistakes as they stand in the files."""
    name, _, line = mistake.where.rpartition(":")
    return name, int(line), mistake.found


def _in_order(mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    return tuple(sorted(set(mistakes), key=place))


def _read(rules_dir: Path, mappings_dir: Path, found: list[Mistake]) -> Mapping[str, Source]:
    sources = {
        **_read_folder("rules", rules_dir, tuple(RULE_FILES), found),
        **_read_folder("mappings", mappings_dir, MAPPING_NAMES, found),
        **_read_templates(rules_dir / "templates", found),
    }
    overlay = _read_preset(mappings_dir, found)
    return overlaid(sources, overlay, found) if overlay else sources


def _read_preset(mappings_dir: Path, found: list[Mistake]) -> Source | None:
    """Read the overlay that mappings/preset.yaml names; None where no such file is."""
    path = mappings_dir / CHOICE
    source = read_source(path, mappings_dir.name, found) if path.exists() else None
    choice = fit(source, Choice, found) if source else None
    if source is None or choice is None:
        return None
    known = presets_in(mappings_dir)
    if choice.preset not in known:
        found.append(source.unknown(("preset",), "the preset", choice.preset, known))
        return None
    overlay = read_source(known[choice.preset], f"{mappings_dir.name}/{FOLDER}", found)
    return overlay if overlay and fit(overlay, PresetFile, found) else None


def _read_templates(folder: Path, found: list[Mistake]) -> Mapping[str, Source]:
    """Read the texts for customers; there may be none."""
    name = f"{folder.parent.name}/{folder.name}"
    sources = {}
    for path in sorted(folder.glob("*")):
        if path.suffix != ".yaml":
            found.append(
                Mistake(f"{name}/{path.name}:1", "a file that nobody reads", "texts in files that end in .yaml")
            )
        elif source := read_source(path, name, found):
            sources[f"{TEMPLATES}{path.stem}"] = source
    return sources


def _draft(sources: Mapping[str, Source], found: list[Mistake]) -> Draft:
    """Fit every file to its model; leave out what does not fit."""
    kept = dict(sources)
    draft = Draft(sources=kept)
    for name, model in RULE_FILES.items():
        if rule := _fit_most(f"rules/{name}", model, kept, draft, found):
            draft.rules[name] = rule
    for name in MAPPING_NAMES:
        if file := _fit_most(f"mappings/{name}", MappingFile, kept, draft, found):
            draft.mappings[name] = ObjectMapping.of(name, file)
    for name, source in sources.items():
        if name.startswith(TEMPLATES) and (template := fit(source, Template, found)):
            draft.templates[name.removeprefix(TEMPLATES)] = template
    return draft


def _fit_most(name: str, model: type[M], sources: dict[str, Source], draft: Draft, found: list[Mistake]) -> M | None:
    """Fit one file, if need be without the entries that do not; None when it does not fit at all."""
    source = sources.get(name)
    if source is None:
        return None
    try:
        return _fitted(source, model)
    except ValidationError as error:
        found += mistakes(error, model, source)
        rest = without(source, name, [one["loc"] for one in error.errors()])
    if rest is None:
        return None
    try:
        fitted = _fitted(rest[0], model)
    except ValidationError:
        return None
    sources[name], draft.left_out[name] = rest
    return fitted


def _fitted(source: Source, model: type[M]) -> M:
    return model.model_validate(source.root.plain, strict=True, by_alias=True, by_name=False)


def _read_folder(kind: str, folder: Path, names: tuple[str, ...], found: list[Mistake]) -> dict[str, Source]:
    """Read the files that belong in a folder; note missing and unknown ones."""
    present = {path.name: path for path in sorted(folder.glob("*.y*ml")) if path.name not in BESIDE}
    found += (_stray(folder, file_name, names, present) for file_name in present if _name(file_name) not in names)
    sources = {}
    for name in names:
        path = present.get(f"{name}.yaml")
        if path is None:
            found.append(Mistake(f"{folder.name}/{name}.yaml:1", "no such file", "this file to be there"))
        elif source := read_source(path, folder.name, found):
            sources[f"{kind}/{name}"] = source
    return sources


def _name(file_name: str) -> str:
    return file_name.removesuffix(".yaml")


def _stray(folder: Path, file_name: str, names: tuple[str, ...], present: Iterable[str]) -> Mistake:
    """Say that nobody reads a file, and which missing one it was probably meant to be."""
    stem = file_name.rpartition(".")[0]
    missing = [name for name in names if f"{name}.yaml" not in set(present)]
    meant = nearest(stem, missing) or nearest(stem, names)
    found = "a file that nobody reads"
    return Mistake(f"{folder.name}/{file_name}:1", found, one_of(names), f"{meant}.yaml" if meant else None)


def _version(draft: Draft) -> str:
    rules = {name: part.model_dump(mode="json", exclude_defaults=True) for name, part in draft.rules.items()}
    mappings = {name: _content(mapping) for name, mapping in draft.mappings.items()}
    texts = {name: text.model_dump(mode="json", exclude_defaults=True) for name, text in draft.templates.items()}
    return content_hash({"rules": rules, "mappings": mappings, "templates": texts, "types": draft.types})


def _content(mapping: ObjectMapping) -> Mapping[str, object]:
    """Give what a mapping says. What only joined fields have is said of these alone: a mapping without any is told as it reads."""
    fields = {
        field.name: {name: value for name, value in vars(field).items() if name != "home" or value is not None}
        for field in mapping.fields.values()
    }
    said = {"name": mapping.name, "object": mapping.object, "about": mapping.about, "key": mapping.key}
    joined = {name: vars(one) for name, one in mapping.joined.items()}
    return {**said, "fields": fields, **({"joined": joined} if joined else {})}
