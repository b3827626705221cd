"""Check that rules use the values and fields that the mappings give: statuses, regions, limits, routes.

Not here: conditions (`checks.conditions`) and reference types (`checks.types`).
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Iterator

from crm_sync.errors import Mistake
from crm_sync.program.draft import Draft
from crm_sync.program.mappings import MAPPING_NAMES
from crm_sync.program.nodes import Path
from crm_sync.program.rules import KEPT_IN, ConsentRules, Escalation, LeadTime, Retention, Tolerance
from crm_sync.program.sources import Source, nearest
from crm_sync.program.vocabulary import VOCABULARY


def check_words(draft: Draft) -> Iterator[Mistake]:
    """Tell every word in the rules that the mappings or the worker do not know."""
    for check in (_consent, _counts_when, _own_limits, _regions, _escalation, _retention):
        yield from check(draft)


def _consent(draft: Draft) -> Iterator[Mistake]:
    found, mapping = draft.rule(ConsentRules), draft.mappings.get("consent")
    if found is None or mapping is None:
        return
    rules, source = found
    values = {name: field.program_values for name, field in mapping.fields.items()}
    yield from _items(source, ("grant_status",), "the consent status", rules.grant_status, values.get("status"))
    everywhere = rules.territory.everywhere
    if everywhere not in values.get("territory", (everywhere,)):
        yield source.unknown(("territory", "everywhere"), "the territory", everywhere, values["territory"])
    yield from _items(source, ("audience", "anyone"), "the audience", rules.audience.anyone, values.get("audience"))
    yield from _items(source, ("requires",), "the field of a consent", rules.requires, tuple(mapping.fields))


def _items(
    source: Source, path: Path, what: str, used: Iterable[str], known: tuple[str, ...] | None
) -> Iterator[Mistake]:
    for index, name in enumerate(used):
        if known is not None and name not in known:
            yield source.unknown((*path, index), what, name, known)


def _counts_when(draft: Draft) -> Iterator[Mistake]:
    if found := draft.rule(Tolerance):
        tolerance, source = found
        known = VOCABULARY["activity"]["status"].values
        yield from _exactly(source, ("counts_when",), "the activity status", tolerance.counts_when, known)


def _exactly(source: Source, path: Path, what: str, used: Iterable[str], known: tuple[str, ...]) -> Iterator[Mistake]:
    names = list(used)
    for name in names:
        if name not in known:
            yield source.unknown((*path, name), what, name, known)
    meant = {nearest(name, known) for name in names if name not in known}
    lacking = [name for name in known if name not in names and name not in meant]
    if lacking:
        yield source.mistake(path, f"nothing for {', '.join(lacking)}", f"a line for each of {', '.join(known)}")


def _own_limits(draft: Draft) -> Iterator[Mistake]:
    found = draft.rule(Tolerance)
    for index, cap in enumerate(found[0].caps if found else ()):
        folders = KEPT_IN[cap.per]
        if any(name not in draft.mappings for name in folders):
            continue
        known = [
            f"{name}.{field.name}"
            for name in folders
            for field in draft.mappings[name].pulled
            if field.type == "number" and not field.worker_writes
        ]
        for at, name in enumerate(cap.own_limits):
            mapping, _, field_name = name.partition(".")
            if found and name not in known and not draft.lacks(mapping, field_name):
                path = ("caps", index, "own_limit", *(() if isinstance(cap.own_limit, str) else (at,)))
                yield found[1].unknown(path, f"the number field of the {' or the '.join(folders)}", name, known)


def _regions(draft: Draft) -> Iterator[Mistake]:
    found = draft.rule(LeadTime)
    if found is None:
        return
    lead_time, source = found
    region = draft.mappings["account"].fields.get("region") if "account" in draft.mappings else None
    for name, zone in lead_time.default_time_zone_by_region.items():
        path = ("default_time_zone_by_region", name)
        if region is not None and region.values and name not in region.program_values:
            yield source.unknown(path, "the region", name, region.program_values)
        if not _is_zone(zone):
            yield source.unknown(path, "the time zone", zone, sorted(zoneinfo.available_timezones()))


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _escalation(draft: Draft) -> Iterator[Mistake]:
    if found := draft.rule(Escalation):
        escalation, source = found
        known = VOCABULARY["escalation"]["kind"].values
        yield from _exactly(source, ("kinds",), "the kind", escalation.kinds, known)


def _retention(draft: Draft) -> Iterator[Mistake]:
    if found := draft.rule(Retention):
        retention, source = found
        for name in retention.keep_months:
            if name not in MAPPING_NAMES:
                yield source.unknown(("keep_months", name), "the mapping", name, MAPPING_NAMES)
