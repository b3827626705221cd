"""The weekly report: what it counts, and a page that stands alone, is whole, and names nobody."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from lxml import html

from crm_sync.entrypoints.cli.report import report_json
from crm_sync.model.names import Names
from crm_sync.pipeline import decide
from crm_sync.program import Program
from crm_sync.reporting import Report, page, report_of
from crm_sync.reporting.revenue import wilson
from tests.reference_town import DEAL, Town
from tests.whole_page import assert_everything_is_named, assert_it_stands_alone


@pytest.fixture
def town(snapshot_of: Any, program: Program) -> Town:
    return Town(snapshot_of, program)


def report(town: Town) -> Report:
    return report_of(decide(town.snapshot(), town.program), town.program)


def busy(town: Town) -> Town:
    """A program in which everything the report shows has happened."""
    for name in ("ann", "bob", "cem", "dee"):
        town.reference(name, uses=("call", "quote"))
    for day in (date(2025, 10, 5), date(2026, 1, 5), date(2026, 2, 1)):
        town.used("ann", day)
    town.rows["activity"][0] |= {
        "requested_on": date(2025, 9, 20),
        "asked_on": date(2025, 9, 22),
        "responded_on": date(2025, 9, 23),
    }
    town.add("opportunity", id="open deal", **DEAL)
    town.add(
        "request",
        id="req",
        name="RR-1",
        opportunity="open deal",
        type="site_visit",
        stage="submitted",
        submitted_on=date(2026, 3, 2),
    )
    town.add("escalation", id="esc", name="RE-1", kind="negative_sentiment", contact="bob", severity="high", route="cs_leader",
             status="open", raised_on=date(2026, 2, 1), due_on=date(2026, 2, 3))  # fmt: skip
    town.add(
        "task", id="task", key="k", subject="Thank this customer", who="bob", due_on=date(2026, 3, 9), closed=False
    )
    town.rows["consent"][0]["valid_to"] = date(2026, 4, 1)
    return town


def test_a_page_of_a_program_in_which_nothing_has_happened(town: Town) -> None:
    town.rows.clear()
    text = page(report(town))
    tree = html.fromstring(text)
    assert len(tree.xpath("//section")) == 7
    assert len(tree.xpath("//p[@class='empty']")) >= 8
    assert "nan" not in text.casefold().replace("finance", "")


def test_a_page_of_a_busy_program(town: Town) -> None:
    found = report(busy(town))
    tree = html.fromstring(page(found))
    assert len(tree.xpath("//figure//*[local-name()='svg']")) >= 6
    assert [one.text_content() for one in tree.xpath("//section[@id='actions']//td")][:2] == [
        "Thank this customer",
        "CIO, bob Ltd",
    ]
    assert found.watch.escalations[0].overdue_days == 36
    assert found.watch.escalation_ages["high"] == (0, 0, 0, 1)
    assert [one.use for one in found.watch.ending] == ["call"]


def test_the_page_stands_alone(town: Town) -> None:
    assert_it_stands_alone(page(report(busy(town))))


def test_headings_tables_and_sections_are_named(town: Town) -> None:
    assert_everything_is_named(page(report(busy(town))))


def test_what_people_typed_is_text_and_never_markup(town: Town) -> None:
    busy(town)
    naughty = "<script>alert('x')</script>"
    for row in town.rows["account"]:
        row |= {"name": naughty, "industry": naughty}
    for row in town.rows["contact"]:
        row["title"] = "<img src=x onerror=alert(1)>"
    tree = html.fromstring(page(report(town)))
    assert not tree.xpath("//script | //img")


def test_people_appear_by_title_and_company(town: Town) -> None:
    found = report(busy(town))
    assert Names(town.snapshot()).person("ann") == "CIO, ann Ltd"
    assert {one.who for one in found.spread.unused} == {"CIO, cem Ltd", "CIO, dee Ltd"}
    assert [one.who for one in found.spread.at_cap] == ["CIO, ann Ltd"]


def test_spread_counts_everybody_who_may_be_asked(town: Town) -> None:
    found = report(busy(town)).spread
    assert found.loads == (0, 0, 3)  # an escalation about bob is open
    assert found.gini == pytest.approx(2 / 3)
    assert found.busiest_share == 1
    assert found.unused_share == pytest.approx(2 / 3)


def test_requests_by_what_became_of_them(town: Town) -> None:
    busy(town)
    day = date(2026, 2, 20)
    for number, more in enumerate(
        [{"stage": "withdrawn"}, {"stage": "on_hold"}, {"stage": "closed"}, {"stage": "closed", "status": "completed"}]
    ):
        town.add("request", id=f"old {number}", type="call", submitted_on=day, **more)
    town.add("request", id="last year", type="call", submitted_on=date(2025, 2, 20), stage="closed")
    found = report(town).fulfilment
    assert found.outcomes == {
        "filled": 1, "under way": 0, "late": 0, "unfilled": 1, "on hold": 1, "withdrawn": 1, "closed without one": 1,
    }  # fmt: skip
    assert found.filled_share == pytest.approx(1 / 3)
    assert found.unfilled[0].request == "RR-1 site visit"
    assert [(t.what, t.count) for t in found.times] == [("until asked", 1), ("until answered", 1), ("call, in all", 1)]


def closed(town: Town, name: str, *, won: bool, amount: float = 10_000.0, given: bool = False) -> None:
    town.add("account", id=f"p {name}", name=name)
    town.add(
        "opportunity",
        id=name,
        **(
            DEAL | {"account": f"p {name}", "amount": amount, "closed": True, "won": won, "close_on": date(2026, 2, 10)}
        ),
    )
    if given:
        town.add(
            "activity",
            id=f"a {name}",
            contact="ann",
            prospect=f"p {name}",
            type="call",
            status="completed",
            completed_on=date(2026, 1, 2),
        )


def test_deals_with_a_reference_never_stand_alone(town: Town) -> None:
    town.reference("ann")
    for number in range(4):
        closed(town, f"with {number}", won=number < 3, given=True)
        closed(town, f"small {number}", won=number < 1)
        closed(town, f"big {number}", won=True, amount=900_000.0)
    found = report(town).revenue
    assert (found.closed_with.deals, found.closed_with.won) == (4, 3)
    assert (found.closed_without.deals, found.closed_without.won) == (8, 5)
    assert found.like_for_like == pytest.approx(1 / 4)  # only small deals are comparable
    assert found.few
    text = page(report(town))
    assert "weighed to the same sizes" in text
    assert "Only 4 closed deals had a reference" in text
    assert "Win rate of deals closed in a year" in text


def test_a_reference_given_after_the_deal_closed_did_not_go_with_it(town: Town) -> None:
    town.reference("ann")
    closed(town, "late", won=True, given=True)
    town.rows["activity"][0]["completed_on"] = date(2026, 2, 11)
    assert report(town).revenue.closed_with.deals == 0


def test_the_range_of_a_share() -> None:
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-3)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-3)


def test_the_numbers_as_json(town: Town) -> None:
    found = json.loads(json.dumps(report_json(report(busy(town))), default=str))
    assert {"headlines", "fulfilment", "spread", "watch", "revenue", "coverage", "as_of"} <= set(found)
    assert found["spread"]["at_cap"][0]["contact_id"] == "ann"
