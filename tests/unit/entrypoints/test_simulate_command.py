"""What `crm-sync simulate` is given: other rules, and from when on. What it finds is in tests/unit/simulate and reporting."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime

import pytest

from crm_sync.entrypoints.cli.simulate import first_day
from crm_sync.errors import ConfigurationError
from crm_sync.model.snapshot import Snapshot
from tests.unit.entrypoints.conftest import Desk

TODAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("since", "first"),
    [
        ("180d", date(2026, 5, 22)),
        ("1d", date(2026, 11, 17)),
        ("26w", date(2026, 5, 20)),
        ("6m", date(2026, 5, 18)),
        ("24m", date(2024, 11, 18)),
        ("2026-06-01", date(2026, 6, 1)),
    ],
)
def test_from_when_on_is_read(since: str, first: date) -> None:
    assert first_day(since, TODAY) == first


def test_a_month_back_from_a_long_month_ends_on_the_last_day_of_a_shorter_one() -> None:
    assert first_day("1m", date(2026, 3, 31)) == date(2026, 2, 28)


@pytest.mark.parametrize(
    "since", ["", "d", "0d", "-3d", "3", "3y", "99999d", "9999d", "9999m", "2026-13-01", "2026-11-18", "2027-01-01", "2020-01-01"]
)  # fmt: skip
def test_what_is_no_past_is_refused_with_what_would_be_one(since: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--since: found .*expected 180d, 26w, 6m, or a day .* 2026-05-22"):
        first_day(since, TODAY)


def test_every_simulation_of_a_day_looks_at_noon() -> None:
    from crm_sync.entrypoints.cli.simulate import at_noon

    moments = [datetime(2026, 11, 18, hour, 59, 7, 3, tzinfo=UTC) for hour in (0, 23)]
    found = {at_noon(Snapshot(moment, "00D", {}, frozenset(), None)).as_of for moment in moments}
    assert found == {datetime(2026, 11, 18, 12, tzinfo=UTC)}


def test_mistakes_in_the_other_rules_are_told_with_file_and_line(desk: Desk) -> None:
    other = desk.folder / "next"
    shutil.copytree(desk.rules, other)
    desk.edit("next/tolerance.yaml", "limit: 8", "limit: eight")
    desk.edit("next/guards.yaml", "min_profiles_for_guard", "min_profile_for_guard")
    done = desk.run("simulate", "--rules", str(other))
    assert isinstance(done.exception, ConfigurationError)
    assert [one.where for one in done.exception.mistakes] == ["next/guards.yaml:4", "next/tolerance.yaml:7"]


def test_rules_that_are_not_there_are_no_rules(desk: Desk) -> None:
    done = desk.run("simulate", "--rules", str(desk.folder / "nowhere"))
    assert "which is no folder" in str(done.exception)
