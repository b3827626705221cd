"""The pages as Chromium shows and prints them: nothing missing, nothing clipped, nothing asked of the network."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crm_sync.pipeline import decide
from crm_sync.program import Program
from crm_sync.reporting import page, report_of, simulation_page
from crm_sync.reporting.page import SECTIONS
from crm_sync.reporting.simulation_page import SECTIONS as SIMULATED
from tests.browser.conftest import Open
from tests.reference_town import DEAL, Town
from tests.two_sides import comparison, nothing_happened

pytestmark = pytest.mark.browser

NARROWEST = 800
NAMES = {"report": [name for name, _ in SECTIONS], "simulation": [name for name, _ in SIMULATED]}
BUSY, EVERY = ["busy_report", "busy_simulation"], ["busy_report", "empty_report", "busy_simulation", "empty_simulation"]

CLIPPED = """() => [...document.querySelectorAll('svg.plot')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(t => {
    const box = t.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
  }).map(t => svg.querySelector('title').textContent + ': ' + t.textContent);
})"""
BREAKABLE = """() => [...document.querySelectorAll('figure, tr, .tiles li')].filter(
  one => getComputedStyle(one).breakInside !== 'avoid').map(one => one.tagName + ': ' + one.textContent.slice(0, 40))"""
"""What may be split between two pages and must not be."""
OVERLAPPING = """() => [...document.querySelectorAll('svg.plot')].flatMap(svg => {
  const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent).map(t => [t, t.getBoundingClientRect()]);
  const found = [];
  texts.forEach(([one, a], i) => texts.slice(i + 1).forEach(([other, b]) => {
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 1 && down > 4) found.push(one.textContent + ' / ' + other.textContent);
  }));
  return found;
})"""


@pytest.fixture(scope="session")
def busy_report(program: Program, snapshot_of: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a program in which much has happened."""
    town = Town(snapshot_of, program)
    for number in range(24):
        name = f"reference {number}"
        industry = ("Retail", "Financial Services", "Manufacturing", "Healthcare")[number % 4]
        uses = ("call", "quote", "logo", "recording", "case_study")
        town.reference(
            name, uses=uses, industry=industry, title="Director of Terminal Operations and Customer Experience"
        )
        for use in range(number % 4):
            day = date(2025, 4 + 2 * use, 1 + number)
            town.used(name, day, uses[use])
            town.rows["activity"][-1] |= {
                "requested_on": date(2025, 3, 3),
                "asked_on": date(2025, 3, 5),
                "responded_on": date(2025, 4, 1),
            }
        town.rows["consent"][-1]["valid_to"] = date(2026, 3 + number % 6, 28)
        town.add(
            "opportunity", id=f"deal {number}", **(DEAL | {"account": f"acc {name}", "amount": 1e5 * (1 + number)})
        )
    for number in range(5):
        town.add("escalation", id=f"esc {number}", name=f"RE-{number}", kind="department_concern", contact=f"reference {number}",
                 severity=("high", "medium", "low")[number % 3], route="department", status="open",
                 raised_on=date(2026, 3, 10 - 2 * number), due_on=date(2026, 3, 12))  # fmt: skip
        town.add("task", id=f"t {number}", key=f"k{number}", subject="Decide: may we ask this customer?", who="reference 7",
                 due_on=date(2026, 3, 2), closed=False)  # fmt: skip
        town.add(
            "request",
            id=f"r {number}",
            name=f"RR-{number}",
            type="site_visit",
            stage="submitted",
            submitted_on=date(2026, 3, 2),
        )
    return written(town, tmp_path_factory)


@pytest.fixture(scope="session")
def empty_report(program: Program, snapshot_of: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a program in which nothing has happened."""
    town = Town(snapshot_of, program)
    town.rows.clear()
    return written(town, tmp_path_factory)


def written(town: Town, folders: pytest.TempPathFactory) -> Path:
    path = folders.mktemp("report") / "report.html"
    path.write_text(page(report_of(decide(town.snapshot(), town.program), town.program)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def busy_simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison of two rule sets in which everything differs, a limit passed among it."""
    return simulated(simulation_page(comparison(breached=True), "crm-sync approve --by NAME"), tmp_path_factory)


@pytest.fixture(scope="session")
def empty_simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison over a time in which nobody asked for anything."""
    return simulated(simulation_page(nothing_happened(), "crm-sync approve --by NAME"), tmp_path_factory)


def simulated(text: str, folders: pytest.TempPathFactory) -> Path:
    path = folders.mktemp("simulation") / "simulation.html"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(params=EVERY)
def shown(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.fixture(params=BUSY)
def busy(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


def test_it_opens_without_a_word_and_asks_for_nothing(opened: Open, shown: Path) -> None:
    found = opened(shown)
    assert found.said == []
    assert found.asked == []


def test_every_section_is_seen_without_scripts(opened: Open, shown: Path) -> None:
    page = opened(shown, scripts=False).page
    for name in NAMES[shown.stem]:
        assert page.locator(f"#{name}").is_visible()
        assert page.locator(f"#{name} h2").is_visible()


def test_links_lead_to_their_sections(opened: Open, busy: Path) -> None:
    page = opened(busy).page
    for name in NAMES[busy.stem]:
        page.locator(f"nav a[href='#{name}']").click()
        assert page.locator(f"#{name}").bounding_box()["y"] < 900


@pytest.mark.parametrize("width", [NARROWEST, 1100, 1600])
def test_nothing_is_clipped_or_overlaps(opened: Open, busy: Path, width: int) -> None:
    page = opened(busy, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(OVERLAPPING) == []


def test_axe_finds_nothing_to_object_to(opened: Open, shown: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(opened(shown).page)
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found.response["violations"]] == []


def test_it_can_be_read_by_keyboard(opened: Open, busy: Path) -> None:
    page = opened(busy).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == f"#{NAMES[busy.stem][0]}"


def test_it_prints_on_a4_with_its_plots_whole(opened: Open, shown: Path, tmp_path: Path) -> None:
    page = opened(shown).page
    printed = page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True, print_background=True)
    assert printed.startswith(b"%PDF")
    assert 20_000 < len(printed) < 5_000_000
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.evaluate(BREAKABLE) == []
    assert page.locator("figure").count() > 0 or shown.stem not in BUSY
    assert page.evaluate(CLIPPED) == []
