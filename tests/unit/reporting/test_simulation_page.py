"""Two rule sets side by side: what each line says, and a page that stands alone, is whole, and names nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from lxml import html

from crm_sync.model.coverage import Cell
from crm_sync.program import Program
from crm_sync.reporting import Gap, changed_gaps, filled_by_kind, lines, side_of, simulation_of, simulation_page
from crm_sync.simulate import flips, nothing_kept
from tests.reference_town import Town
from tests.two_sides import BREACH, comparison, nothing_happened, side
from tests.unit.simulate.conftest import SINCE, a_past
from tests.whole_page import assert_everything_is_named, assert_it_stands_alone

APPROVE = "CRM_SYNC_RULES_DIR=next crm-sync approve --by NAME --simulation 0123456789abcdef"
PAGES = {
    "busy": simulation_page(comparison(), APPROVE),
    "breached": simulation_page(comparison(breached=True), APPROVE),
    "empty": simulation_page(nothing_happened(), APPROVE),
}


@pytest.fixture(params=PAGES)
def text(request: pytest.FixtureRequest) -> str:
    return PAGES[request.param]


def test_the_page_stands_alone(text: str) -> None:
    assert_it_stands_alone(text)


def test_headings_tables_and_sections_are_named(text: str) -> None:
    assert_everything_is_named(text)


def test_it_ends_with_the_command_that_agrees(text: str) -> None:
    assert html.fromstring(text).xpath("//section")[-1].xpath(".//code")[0].text == APPROVE


def test_a_page_of_a_time_in_which_nothing_happened() -> None:
    tree = html.fromstring(PAGES["empty"])
    assert len(tree.xpath("//p[@class='empty']")) == 5
    assert not tree.xpath("//figure")
    assert "nan" not in PAGES["empty"].casefold().replace("finance", "")


def test_a_limit_that_was_passed_is_said_loudly_and_only_then() -> None:
    alarm = "//p[@class='alarm']"
    assert html.fromstring(PAGES["breached"]).xpath(alarm)
    assert BREACH.contact_id in PAGES["breached"]
    assert not html.fromstring(PAGES["busy"]).xpath(alarm)


def test_what_people_typed_is_text_and_never_markup() -> None:
    found = comparison()
    naughty = replace(found.flipped[0], who="<script>alert('x')</script>", why="<img src=x onerror=alert(1)>")
    gap = Gap(Cell("<b>Retail", None, None), "call", 3.0, 3.0)
    changed = replace(found, flipped=(naughty,), current=replace(found.current, gaps=(gap,)))
    tree = html.fromstring(simulation_page(changed, APPROVE))
    assert not tree.xpath("//script | //img | //main//b")


def test_lines_say_what_changes_and_whether_that_is_good() -> None:
    told = {one.what: one for one in lines(comparison())}
    assert (told["filled"].current, told["filled"].other, told["filled"].change) == ("284", "258", "-26")
    assert told["filled"].better is False
    assert (told["unfilled"].change, told["unfilled"].better) == ("", None)
    assert (told["Gini of a year's load"].change, told["Gini of a year's load"].better) == ("+0.04", False)
    assert told["until agreed, business days: middle (90 %)"].other == "4 (9)"
    assert told["filled, of those that ended"].current == "79 % (75 % to 83 %)"
    assert told["limits passed (must be none)"].current == "0"
    told = {one.what: one for one in lines(comparison(breached=True))}
    assert (told["limits passed (must be none)"].other, told["limits passed (must be none)"].better) == ("1", False)


def test_lines_of_nothing_say_so() -> None:
    told = {one.what: one for one in lines(nothing_happened())}
    assert told["filled, of those that ended"].current == "\u2013"
    assert told["until proposed, business days: middle (90 %)"].other == "\u2013"
    assert told["not asked in a year"].other == "\u2013"
    assert {one.change for one in told.values()} == {""}


def test_gaps_that_change_come_first_by_how_much_they_change() -> None:
    assert [(gap.cell.industry, one, two) for gap, one, two in changed_gaps(comparison())] == [
        ("Manufacturing", 4.0, 16.0),
        ("Healthcare", 3.0, 11.0),
        (None, 2.0, 6.0),
    ]
    gone = replace(comparison(), other=side("c" * 16, gaps=()))
    assert len(changed_gaps(gone)) == 4


def test_kinds_of_either_side_are_told() -> None:
    found = comparison()
    one = replace(found.current, by_kind={"logo": found.current.endings})
    assert [kind for kind, _, _ in filled_by_kind(replace(found, current=one))] == ["call", "case_study", "logo"]
    assert filled_by_kind(found)[1] == ("case_study", "0 of 0", "4 of 16")


def test_a_side_is_measured_and_held_against_another(snapshot_of: Any, program: Program) -> None:
    town: Town = a_past(snapshot_of, program)
    snapshot = town.snapshot()
    days: list[date] = []
    found = side_of(snapshot, program, SINCE, nothing_kept, days.append)
    assert found.endings == {"filled": 3, "waiting": 0, "refused": 2, "late": 1, "unfilled": 1}
    assert found.by_kind["site_visit"] == {"filled": 0, "waiting": 0, "refused": 0, "late": 0, "unfilled": 1}
    assert found.weeks == (date(2026, 2, 23), date(2026, 3, 2), date(2026, 3, 9))
    assert found.weekly["filled"] == (1, 2, 0)
    assert (found.until_agreed.count, found.until_agreed.middle, found.until_agreed.ninetieth) == (3, 3, 4)
    assert found.until_agreed.by_length == (0, 0, 1, 2, 0, 0)
    assert (found.asked, found.people_asked) == (5, 4)
    assert found.pool == (4, 3, 3)
    assert len(found.loads) == 3
    assert found.breaches == ()
    assert any("1 of 7 requests are known from an ask alone" in sentence for sentence in found.reckoned)
    assert days[0] == SINCE
    assert days[-1] == snapshot.today
    same = simulation_of(snapshot, SINCE, (found, found), flips(snapshot, program, program))
    assert not same.flipped
    assert not same.breaches
    assert {one.change for one in lines(same)} == {""}
