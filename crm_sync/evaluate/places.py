"""Profiles -> where and when: each person's answer to blackouts today, notice per type, and the first honest day.

Equal inputs are computed once, since most customers share a zone, a country and no blackouts. Called by `state`.
Not here: reading a line of a blackout (`calendar`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa

from crm_sync.evaluate.calendar import (
    HORIZON_DAYS,
    Blackouts,
    Place,
    all_blackouts,
    blackout_answer,
    customer_calendar,
    first_honest_day,
    org_calendar,
)
from crm_sync.evaluate.records import Records, text_sql
from crm_sync.model.calendar import BusinessCalendar
from crm_sync.program import Program

LONGEST_NOTICE = 9999
TRUTHS = {True: 1, False: 0, None: 2}


@dataclass(frozen=True)
class Atlas:
    """What the answers of all persons share: the moment, the rules, and the org's calendar."""

    records: Records
    program: Program
    blind_usage: bool
    _calendars: dict[str | None, BusinessCalendar] = field(default_factory=dict)
    _ends: dict[tuple[str | None, int], date] = field(default_factory=dict)

    @cached_property
    def org(self) -> BusinessCalendar:
        """The org's own business days."""
        rows = self.records.rows('SELECT "on", recurring FROM holiday ORDER BY "on", recurring')
        return org_calendar([(row["on"], row["recurring"]) for row in rows], self.records.today)

    @property
    def blind_blackouts(self) -> bool:
        """Whether a blackout could hide."""
        return self.records.is_blind("profile", "contact", "key", "blackouts")

    def place(self, time_zone: str | None, region: str | None) -> Place:
        """Give a person's place from their profile's time zone and their account's region."""
        return Place(time_zone, self.program.lead_time.default_time_zone_by_region.get(region or ""))

    def answer(self, place: Place, blackouts: Blackouts) -> bool | None:
        """Say whether the person may be asked today."""
        answer = blackout_answer(place, blackouts, self.records.as_of)
        return None if self.blind_blackouts else answer

    def notice(self, reference_type: str, *, was_used: bool, own: float | None) -> int | None:
        """Give the business days of notice; None when the person's own notice could not be read."""
        if self.records.is_blind("profile", "contact", "key", "notice_days"):
            return None
        usual = self.program.lead_time.notice_days(reference_type, first_ask=self.blind_usage or not was_used)
        return max(usual, math.ceil(min(own or 0, LONGEST_NOTICE)))

    def row(self, person: tuple[Any, ...]) -> dict[str, Any]:
        """Answer everything for one distinct set of inputs (see `PERSONS`)."""
        time_zone, region, country, texts, own, was_used = person
        place, blackouts = self.place(time_zone, region), all_blackouts(texts or ())
        answer = self.answer(place, blackouts)
        unknowable = self.blind_blackouts or bool(blackouts.unreadable)
        free = None if answer or unknowable else self.next_free(self.records.today, place, blackouts)
        notices = {t: self.notice(t, was_used=bool(was_used), own=own) for t in self.program.types}
        earliest = {
            f"earliest_{t}": None if unknowable or days is None else self.earliest(country, blackouts, days)
            for t, days in notices.items()
        }
        return {
            "blackout": TRUTHS[answer],
            "free_blackout": free,
            **{f"notice_{t}": days for t, days in notices.items()},
            **earliest,
        }

    def next_free(self, day: date, place: Place, blackouts: Blackouts) -> date | None:
        """Give the first day from this one on that is no blackout wherever the person may be."""
        return blackouts.next_free(day, place.around(self.records.as_of))

    def earliest(self, country: str | None, blackouts: Blackouts, notice_days: int) -> date | None:
        """Give the first honest day for one notice; None for a notice beyond every horizon."""
        if notice_days > HORIZON_DAYS:
            return None
        calendar, notified = self._notified(country, notice_days)
        return first_honest_day(calendar, blackouts, notified)

    def _notified(self, country: str | None, notice_days: int) -> tuple[BusinessCalendar, date]:
        """Give a country's calendar and the day on which a notice given today ends there; both are computed once."""
        if country not in self._calendars:
            self._calendars[country] = customer_calendar(self.org, country, self.records.today)
        calendar = self._calendars[country]
        if (country, notice_days) not in self._ends:
            self._ends[country, notice_days] = calendar.add(self.records.today, notice_days)
        return calendar, self._ends[country, notice_days]


PERSONS = """
    SELECT n.contact_id, o.time_zone, n.region, n.country, list_sort(p.blackouts) AS blackouts, p.notice_days,
           u.person_key IS NOT NULL AS was_used
    FROM notable n JOIN person_profile p USING (person_key) LEFT JOIN own_profile o USING (contact_id)
    LEFT JOIN (SELECT DISTINCT person_key FROM ask WHERE kind = 'used' AND sure) u USING (person_key)
"""


def create_places(records: Records, program: Program, *, blind_usage: bool) -> None:
    """Create `place`: one row per contact whose person has a profile."""
    atlas = Atlas(records, program, blind_usage)
    rows = records.rows(PERSONS)
    keys = [_key(row) for row in rows]
    answers = {key: atlas.row(key) for key in dict.fromkeys(keys)}
    schema = _schema(program)
    columns: dict[str, list[Any]] = {name: [answers[key][name] for key in keys] for name in schema.names[1:]}
    contacts = [row["contact_id"] for row in rows]
    records.keep("placed", pa.table({"contact_id": contacts, **columns}, schema=schema))
    records.create("place", "SELECT * FROM placed")


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    texts = tuple(row["blackouts"]) if row["blackouts"] else None
    return row["time_zone"], row["region"], row["country"], texts, row["notice_days"], row["was_used"]


def _schema(program: Program) -> pa.Schema:
    notices = [(f"notice_{t}", pa.int32()) for t in program.types]
    earliest = [(f"earliest_{t}", pa.date32()) for t in program.types]
    fixed = [
        ("contact_id", pa.string()),
        ("blackout", pa.int8()),
        ("free_blackout", pa.date32()),
    ]
    return pa.schema([*fixed, *notices, *earliest])


def blackout_without_profile(records: Records, program: Program, region_column: str) -> str:
    """Give, as SQL over an account's region, the answer for a person without a profile: no blackouts, no own zone."""
    atlas = Atlas(records, program, blind_usage=False)
    regions = program.lead_time.default_time_zone_by_region
    answers = {region: TRUTHS[atlas.answer(atlas.place(None, region), Blackouts())] for region in regions}
    cases = " ".join(f"WHEN {text_sql(region)} THEN {answer}" for region, answer in answers.items())
    return f"CASE {region_column} {cases} ELSE 2 END" if cases else "2"
