"""A customer's days: time zones, blackouts as people write them, and business days where they live.

A blackout is one line: a day (`2026-12-24`), a range (`2026-12-20..2027-01-05 reason`, both ends included) or a weekday
(`Fri`). Read in the customer's own time zone; without one, the region's default zone is taken and every day that it is
anywhere on Earth right now counts. A local hour that happens twice, or never, counts as blacked out. Called by `state`.
Not here: whose blackouts they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.org_days import DAYS, YEARS_AHEAD, OrgDays

EVERY_DAY, SATURDAY_AND_SUNDAY = frozenset(range(7)), frozenset({5, 6})
HORIZON_DAYS = 730
"""How far ahead a free day is looked for; past that nothing is promised."""
EAST, WEST = timedelta(hours=14), timedelta(hours=-12)
_LINE = re.compile(r"(?P<start>\d{4}-\d{2}-\d{2})(?:\s*\.\.\s*(?P<end>\d{4}-\d{2}-\d{2}))?(?:\s+.*)?$")
_WORD = re.compile(r"(?P<day>[A-Za-z]+)(?:\s+.*)?$")


@dataclass(frozen=True)
class Blackouts:
    """Days on which a person must not be asked. `unreadable` holds the lines that nobody can interpret."""

    ranges: tuple[tuple[date, date], ...] = ()
    weekdays: frozenset[int] = frozenset()
    unreadable: tuple[str, ...] = ()

    def covers(self, day: date) -> bool:
        """Whether this day is certainly blacked out."""
        return day.weekday() in self.weekdays or any(start <= day <= end for start, end in self.ranges)

    def next_free(self, day: date, around: tuple[int, ...] = (0,)) -> date | None:
        """The first day from `day` on that is not blacked out; None if there is none within two years.

        `around` are the days before and after it, as offsets, that have to be free as well.
        """
        for offset in range(HORIZON_DAYS):
            one = day + timedelta(days=offset)
            if not any(self.covers(one + timedelta(days=near)) for near in around):
                return one
        return None


@lru_cache(maxsize=4096)
def parse_blackouts(text: str) -> Blackouts:
    """Read blackouts, one per line. A line that cannot be read is kept as such and makes the answer unknown."""
    ranges: list[tuple[date, date]] = []
    weekdays: set[int] = set()
    unreadable: list[str] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        span, weekday = _span(line), _weekday(line)
        if span:
            ranges.append(span)
        elif weekday is not None:
            weekdays.add(weekday)
        else:
            unreadable.append(line)
    return Blackouts(tuple(ranges), frozenset(weekdays), tuple(unreadable))


def _span(line: str) -> tuple[date, date] | None:
    found = _LINE.match(line)
    if not found:
        return None
    try:
        start = date.fromisoformat(found["start"])
        end = date.fromisoformat(found["end"]) if found["end"] else start
    except ValueError:
        return None
    return (start, end) if start <= end else None


def _weekday(line: str) -> int | None:
    found = _WORD.match(line)
    word = found["day"].lower() if found else ""
    matching = [index for index, name in enumerate(DAYS) if word in (name, name[:3], f"{name}s")]
    return matching[0] if matching else None


@lru_cache(maxsize=1024)
def zone_of(name: str | None) -> ZoneInfo | None:
    """Give the time zone of an IANA name (`Europe/Berlin`); None when there is none of this name."""
    if not name or name.strip() != name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def is_doubtful(local: datetime, zone: ZoneInfo) -> bool:
    """Whether a local wall-clock time (naive) happens twice or never, as around a change of the clocks."""
    first = local.replace(tzinfo=zone, fold=0)
    second = local.replace(tzinfo=zone, fold=1)
    return first.utcoffset() != second.utcoffset()


@dataclass(frozen=True)
class Place:
    """Where a person is: their own zone if they have one, else the default zone of their account's region."""

    own: str | None
    default: str | None

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone decisions are made in; None when neither is known."""
        return zone_of(self.own) or zone_of(self.default)

    def days(self, as_of: datetime) -> tuple[date, ...]:
        """Every calendar day it may be for this person at this moment: one in their own zone, else all on Earth."""
        own = zone_of(self.own)
        if own:
            return (as_of.astimezone(own).date(),)
        moment = as_of.astimezone(UTC)
        first, last = (moment + WEST).date(), (moment + EAST).date()
        return tuple(first + timedelta(days=offset) for offset in range((last - first).days + 1))

    def around(self, as_of: datetime) -> tuple[int, ...]:
        """The days it may be, as offsets from the UTC day."""
        return tuple((day - as_of.astimezone(UTC).date()).days for day in self.days(as_of))


def blackout_answer(place: Place, blackouts: Blackouts, as_of: datetime) -> bool | None:
    """Say whether the person may be asked at this moment: False in a blackout, None when that cannot be known."""
    zone = place.zone
    if any(blackouts.covers(day) for day in place.days(as_of)):
        return False
    if zone is None or blackouts.unreadable:
        return None
    return not is_doubtful(as_of.astimezone(zone).replace(tzinfo=None), zone)


def all_blackouts(texts: Iterable[str | None]) -> Blackouts:
    """Read the blackouts of all of a person's profiles as one."""
    parsed = [parse_blackouts(text) for text in texts if text]
    return Blackouts(
        tuple(sorted({span for one in parsed for span in one.ranges})),
        frozenset(day for one in parsed for day in one.weekdays),
        tuple(sorted({line for one in parsed for line in one.unreadable})),
    )


@lru_cache(maxsize=512)
def country_holidays(country: str | None, years: tuple[int, ...]) -> frozenset[date]:
    """Give a country's public holidays, by its name or two-letter code; none for a country nobody knows."""
    code = country_code(country)
    return frozenset(holidays.country_holidays(code, years=years)) if code else frozenset()


@lru_cache(maxsize=1024)
def country_code(country: str | None) -> str | None:
    """Give the code under which a country's holidays are known."""
    name = (country or "").strip()
    if name.upper() in holidays.list_supported_countries(include_aliases=False):
        return name.upper()
    return _codes_by_name().get(_squeezed(name))


@lru_cache(maxsize=1)
def _codes_by_name() -> dict[str, str]:
    """Index countries by the name their calendar's class has (`UnitedStates`), besides a few in daily use."""
    registry = holidays.registry.COUNTRIES
    names = {_squeezed(entry[0]): entry[1] for entry in registry.values()}
    return names | {"usa": "US", "unitedstatesofamerica": "US", "uk": "GB", "greatbritain": "GB", "deutschland": "DE"}


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


@lru_cache(maxsize=512)
def country_weekend(country: str | None, years: tuple[int, ...]) -> frozenset[int]:
    """Give the weekdays (Monday is 0) that are weekend in a country as any of these years begins; none for one nobody knows."""
    code = country_code(country)
    if code is None:
        return frozenset()
    known = holidays.country_holidays(code, years=years)
    weeks = (date(year, 1, day) for year in years for day in range(1, 8))
    return frozenset(day.weekday() for day in weeks if known.is_weekend(day))


def customer_calendar(org: OrgDays, country: str | None, today: date) -> BusinessCalendar:
    """Give the business days of a customer: days on which both the org and the customer's country work.

    The org's holidays and hours come first: a day off there is never a business day. Nor is a holiday or a weekend of the
    customer's country. Saturday and Sunday are off as well where the country is not known or its weekend in the
    `holidays` package is a single day, which is the law's and rarely an office's. Whatever of this is not known makes
    notice longer, never shorter: hours that do not say a weekday take nothing away from the country's week.
    """
    years = tuple(today.year + offset for offset in range(YEARS_AHEAD + 1))
    weekend = country_weekend(country, years)
    off = weekend if len(weekend) > 1 else weekend | SATURDAY_AND_SUNDAY
    weekdays = (EVERY_DAY if org.weekdays is None else org.weekdays) - off
    return BusinessCalendar(org.holidays | country_holidays(country, years), weekdays)


def notice_end(calendar: BusinessCalendar, start: date, notice_days: int) -> date | None:
    """Give the day on which a notice given on `start` ends; None if the customer and the org work on no common weekday."""
    return calendar.add(start, notice_days) if calendar.weekdays else None


def first_honest_day(calendar: BusinessCalendar, blackouts: Blackouts, day: date) -> date | None:
    """Give the first business day from `day` on (the day the notice ends) that is not blacked out."""
    found: date | None = day
    for _ in range(HORIZON_DAYS):
        found = blackouts.next_free(found) if found else None
        if found is None or calendar.is_business_day(found):
            return found
        found += timedelta(days=1)
    return None
