"""Two weeks of a small sample org with random people: nothing that must never happen does, and no second run writes.

`make year` lives the whole year on the whole sample and holds fulfilment and spread to their numbers.
"""

from __future__ import annotations

import itertools
import random
from datetime import date

import pytest

from crm_sync.program import Program
from tests.year.auditor import Auditor
from tests.year.calendar_year import Lived, open_year
from tests.year.numbers import gini, gini_of_days, least_gini
from tests.year.place import cut_sample, load_sample, open_place

START, DAYS, ACCOUNTS, DEMAND = date(2026, 12, 21), 14, 6, 8.0
"""From before Christmas until after New Year; with few references, more is asked of each, so that much happens."""

LOOKED_AFTER = 0.4
"""The share of runs after which a second worker looks, to keep the test short; `make year` looks after every one."""


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory, program: Program) -> tuple[Lived, Auditor]:
    """Two weeks, and the auditor who has read them."""
    folder = tmp_path_factory.mktemp("month")
    load_sample(folder / "sample.sqlite", START, cut_sample(folder / "cut", ACCOUNTS))
    with open_place(folder / "sample.sqlite", folder) as place:
        year = open_year(place, folder, program, 11, START, DEMAND)
        year.looked_after = LOOKED_AFTER
        lived = year.live(START, DAYS)
        return lived, Auditor().read(place.journal())


def test_nothing_that_must_never_happen_does(month: tuple[Lived, Auditor]) -> None:
    _, auditor = month
    assert [str(finding) for finding in auditor.finish()] == []


def test_a_second_run_has_nothing_to_write_on_any_day(month: tuple[Lived, Auditor]) -> None:
    lived, _ = month
    assert lived.looks >= 3
    assert lived.not_settled == []


def test_enough_happened_to_mean_something(month: tuple[Lived, Auditor]) -> None:
    lived, auditor = month
    for act in ("request made", "owner approves", "customer asked", "customer says yes", "health delivered"):
        assert lived.acts[act] >= 5, act
    assert len(lived.befell) >= 2
    assert min(auditor.audited[kind] for kind in ("proposal", "outreach", "sharing")) >= 5


def test_the_measure_of_spread() -> None:
    assert gini([1, 1, 1, 1]) == 0
    assert gini([0, 0, 0, 4]) == pytest.approx(0.75)
    assert gini([]) == 0


def test_a_day_counts_as_much_as_any_other_day() -> None:
    assert gini_of_days([(3, 30), (1, 30), (2, 30)]) == pytest.approx(gini([3, 1, 2]))
    assert gini_of_days([(4, 40), (1, 10), (0, 0)]) == pytest.approx(0)
    assert gini_of_days([(0, 30), (4, 10)]) == pytest.approx(gini([0, 0, 0, 4]))


def test_no_division_of_the_work_is_more_even_than_the_floor() -> None:
    chance = random.Random(3)
    for _ in range(60):
        people, work = chance.randint(2, 4), chance.choices((0.5, 0.5, 1, 1, 3, 5, 10), k=chance.randint(1, 6))
        divisions = itertools.product(range(people), repeat=len(work))
        evenest = min(
            gini([sum(e for e, who in zip(work, one, strict=True) if who == p) for p in range(people)])
            for one in divisions
        )
        assert least_gini(work, people) <= evenest + 1e-9
    assert least_gini([1] * 8, 4) == least_gini([0.5] * 3, 3) == 0
    assert least_gini([10], 4) == pytest.approx(0.75)
    assert least_gini([1] * 6, 4) == pytest.approx(gini([1, 1, 2, 2]))
