"""Profiles -> where and when: each person's answer to blackouts today, notice per type, and the first honest day.

Notice begins on the customer's own day; where their zone is not known, on the latest day it is anywhere.
Equal inputs are computed once, since most customers share a zone, a country and no blackouts. Called by `state`.
Not here: reading a line of a blackout (`calendar`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    notice_end,
)
from crm_sync.evaluate.columns import FIXED
from crm_sync.evaluate.records import Records, text_sql
from crm_sync.model.calendar import MONDAY_TO_FRIDAY, BusinessCalendar
from crm_sync.model.org_days import OrgDays, org_days
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
    _ends: dict[tuple[str | None, date, int], date | None] = field(default_factory=dict)

    @cached_property
    def org(self) -> OrgDays:
        """The org's own days; where it would not show its hours, Monday to Friday, so that no day is won by not knowing."""
        holidays, hours = (self.records.rows(f"SELECT * FROM {name}") for name in ("holiday", "business_hours"))
        found = org_days(holidays, hours, self.records.today)
        return replace(found, weekdays=MONDAY_TO_FRIDAY) if self.is_blind_to("business_hours") else found

    @cached_property
    def blind_days(self) -> bool:
        """Whether a holiday could hide, because the org would not show one or nobody can say when it comes back."""
        return self.is_blind_to("holiday") or not self.org.all_read

    def is_blind_to(self, mapping: str) -> bool:
        """Whether anything that is asked of this mapping could not be read."""
        return self.records.is_blind(mapping, *FIXED[mapping])

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

    def row(self, person: Mapping[str, Any]) -> dict[str, Any]:
        """Answer everything for one distinct set of inputs."""
        place = self.place(person["time_zone"], person["region"])
        blackouts = all_blackouts(person["blackouts"] or ())
        answer = self.answer(place, blackouts)
        unknowable = self.blind_blackouts or bool(blackouts.unreadable)
        free = None if answer or unknowable else self.next_free(self.records.today, place, blackouts)
        start = max(place.days(self.records.as_of))
        own, was_used = person["notice_days"], person["was_used"]
        notices = {t: self.notice(t, was_used=was_used, own=own) for t in self.program.types}
        unsaid = unknowable or self.blind_days
        earliest = {
            f"earliest_{t}": None if unsaid or n is None else self.earliest(person["country"], blackouts, start, n)
            for t, n in notices.items()
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

    def earliest(self, country: str | None, blackouts: Blackouts, start: date, notice_days: int) -> date | None:
        """Give the first honest day for one notice given on `start`, the customer's own day; None beyond the horizon."""
        notified = self._notified(country, start, notice_days)
        found = first_honest_day(self._calendar(country), blackouts, notified) if notified else None
        return found if found and (found - start).days <= HORIZON_DAYS else None

    def _calendar(self, country: str | None) -> BusinessCalendar:
        """Give a country's calendar, computed once."""
        if country not in self._calendars:
            self._calendars[country] = customer_calendar(self.org, country, self.records.today)
        return self._calendars[country]

    def _notified(self, country: str | None, start: date, notice_days: int) -> date | None:
        """Give the day on which a notice ends in a country, computed once."""
        key = country, start, notice_days
        if key not in self._ends:
            self._ends[key] = notice_end(self._calendar(country), start, notice_days)
        return self._ends[key]


_INPUTS = ("time_zone", "region", "country", "blackouts", "notice_days", "was_used")


def create_places(records: Records, program: Program, *, blind_usage: bool) -> None:
    """Create `dwelling` (per contact whose person has a profile, what its answers depend on) and `place` (the answers)."""
    records.create(
        "dwelling",
        """
        SELECT n.contact_id, o.time_zone, n.region, n.country, list_sort(p.blackouts) AS blackouts, p.notice_days,
               u.person_key IS NOT NULL AS was_used
        FROM notable n JOIN person_profile p USING (person_key) LEFT JOIN own_profile o USING (contact_id)
        LEFT JOIN (SELECT DISTINCT person_key FROM ask WHERE kind = 'used' AND sure) u USING (person_key)
        """,
    )
    atlas = Atlas(records, program, blind_usage)
    inputs = records.arrow(f"SELECT DISTINCT {', '.join(_INPUTS)} FROM dwelling")
    answers = [atlas.row(row) for row in inputs.to_pylist()]
    answered = pa.Table.from_pylist(answers, schema=_schema(program))
    for name in inputs.column_names:
        answered = answered.append_column(name, inputs[name])
    records.keep("answered", answered)
    same = " AND ".join(f"d.{name} IS NOT DISTINCT FROM a.{name}" for name in _INPUTS)
    records.create(
        "place", f"SELECT d.contact_id, a.* EXCLUDE ({', '.join(_INPUTS)}) FROM dwelling d JOIN answered a ON {same}"
    )


def _schema(program: Program) -> pa.Schema:
    notices = [(f"notice_{t}", pa.int32()) for t in program.types]
    earliest = [(f"earliest_{t}", pa.date32()) for t in program.types]
    return pa.schema([("blackout", pa.int8()), ("free_blackout", pa.date32()), *notices, *earliest])


def blackout_without_profile(records: Records, program: Program, region_column: str) -> str:
    """Give, as SQL over an account's region, the answer for a person without a profile: no blackouts, no own zone."""
    atlas = Atlas(records, program, blind_usage=False)
    regions = program.lead_time.default_time_zone_by_region
    answers = {region: TRUTHS[atlas.answer(atlas.place(None, region), Blackouts())] for region in regions}
    cases = " ".join(f"WHEN {text_sql(region)} THEN {answer}" for region, answer in answers.items())
    return f"CASE {region_column} {cases} ELSE 2 END" if cases else "2"
