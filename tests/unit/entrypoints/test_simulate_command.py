"""What `crm-sync simulate` is given: other rules, and from when on. What it finds is in tests/unit/simulate and reporting."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime

import pytest

from crm_sync.entrypoints.cli.show_simulation import as_json, show
from crm_sync.entrypoints.cli.simulate import at_noon, first_day
from crm_sync.entrypoints.cli.simulations import digest_of, keep, simulated
from crm_sync.errors import ConfigurationError
from crm_sync.model.snapshot import Snapshot
from crm_sync.settings import read_settings
from tests.two_sides import comparison, nothing_happened
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
    assert [one.where for one in done.exception.mistakes] == ["next/guards.yaml:5", "next/tolerance.yaml:8"]


def test_rules_that_are_not_there_are_no_rules(desk: Desk) -> None:
    done = desk.run("simulate", "--rules", str(desk.folder / "nowhere"))
    assert "which is no folder" in str(done.exception)


def test_the_digest_is_that_of_everything_found_and_of_nothing_else(desk: Desk) -> None:
    result = as_json(comparison())
    assert digest_of(result) == digest_of(as_json(comparison()))
    assert digest_of(result) != digest_of(as_json(comparison(breached=True)))
    settings = read_settings(environ={}, state_dir=desk.state)
    digest = keep(settings, result)
    assert digest == digest_of(result)
    simulated(settings, digest, "b" * 16)
    with pytest.raises(ConfigurationError, match="which tried rules b"):
        simulated(settings, digest, "a" * 16)


def test_nobody_can_agree_on_the_ground_of_a_simulation_that_passed_a_limit(desk: Desk) -> None:
    settings = read_settings(environ={}, state_dir=desk.state)
    digest = keep(settings, as_json(comparison(breached=True)))
    with pytest.raises(ConfigurationError, match="in which limits were passed"):
        simulated(settings, digest, "b" * 16)


def test_a_terminal_shows_both_sides_who_flips_and_the_command_that_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    show(comparison(), "crm-sync approve --by NAME --simulation 1", every=False)
    text = capsys.readouterr().out
    assert re.search(r"filled +284 +258 +-26", text)
    assert re.search(r"call +284 of 359 +258 of 333", text)
    assert re.search(r"Manufacturing +Integration +North America +case study +7.5 +4 +16", text)
    assert re.search(r"nps_fresh +0 +60", text)
    assert "Who flips today: 28 verdicts of 14 people" in text
    assert "LIMIT PASSED" not in text
    assert text.rstrip().endswith("crm-sync approve --by NAME --simulation 1")


def test_a_limit_that_was_passed_is_shown_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    show(comparison(breached=True), "approve", every=True)
    told = "LIMIT PASSED under the other rules: calls quarter of 003000000000001AAA on 03 Sep 2026, 3 of 2 allowed"
    assert told in capsys.readouterr().out


def test_nothing_to_show_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show(nothing_happened(), "approve", every=True)
    text = capsys.readouterr().out
    assert "Who flips today: 0 verdicts of 0 people" in text
    assert "nan" not in text
