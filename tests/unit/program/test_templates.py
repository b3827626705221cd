"""Which text is in force: approved, its day come, not retired, the latest of its language; and whose briefing counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm_sync.program import Program, Template, Templates
from crm_sync.program.templates import names_in, occasions

DAY = date(2026, 6, 1)
ENGLISH, GERMAN = "English", "German"


def text(version: int = 1, begins: int = -10, **changes: Any) -> Template:
    """A text that begins so many days from DAY."""
    given: dict[str, Any] = {
        "id": "call_us",
        "version": version,
        "kind": "outreach",
        "types": ("call",),
        "language": ENGLISH,
        "approved_by": "Anna",
        "approved_on": date(2026, 1, 1),
        "effective_from": DAY + timedelta(days=begins),
        "subject": "s",
        "body": f"b{version}",
    }
    return Template(**(given | changes))


def texts(*versions: Template) -> Templates:
    return Templates(versions, (ENGLISH, GERMAN))


def on(days: int) -> date:
    return DAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("versions", "name"),
    [
        ([text()], "call_us.1"),
        ([text(begins=0)], "call_us.1"),
        ([text(begins=1)], None),
        ([text(approved_by=None, approved_on=None)], None),
        ([text(approved_on=None)], None),
        ([text(approved_by=None)], None),
        ([text(approved_on=on(1), begins=-1)], None),
        ([text(retired_on=on(0))], None),
        ([text(retired_on=on(1))], "call_us.1"),
        ([text(), text(2, -5)], "call_us.2"),
        ([text(), text(2, 5)], "call_us.1"),
        ([text(), text(2, -5, approved_by=None, approved_on=None)], "call_us.1"),
        ([text(), text(2, -5, retired_on=on(-1))], None),
        ([text(types=("quote",))], None),
        ([text(types=None)], "call_us.1"),
        ([text(kind="briefing")], None),
        ([text(types=None), text(1, -5, id="for_calls")], "for_calls.1"),
    ],
)
def test_the_text_in_force_for_calls(versions: list[Template], name: str | None) -> None:
    found = texts(*versions).in_force("outreach", "call", DAY)
    assert (found and found.name) == name
    assert texts(*reversed(versions)).in_force("outreach", "call", DAY) == found


@pytest.mark.parametrize(
    ("spoken", "name"),
    [
        ((), "call_us.1"),
        ((ENGLISH,), "call_us.1"),
        ((GERMAN,), "ruf_an.1"),
        ((GERMAN, ENGLISH), "call_us.1"),
        (("Japanese",), "call_us.1"),
    ],
)
def test_the_text_is_in_a_language_of_the_persons_if_there_is_one(spoken: tuple[str, ...], name: str) -> None:
    found = texts(text(1, -5, id="ruf_an", language=GERMAN), text()).in_force("outreach", "call", DAY, spoken)
    assert found is not None
    assert found.name == name


def test_another_language_stands_in_for_one_without_a_text() -> None:
    only = texts(text(1, id="ruf_an", language=GERMAN))
    found = only.in_force("outreach", "call", DAY, (ENGLISH,))
    assert found is not None
    assert found.language == GERMAN


def brief(version: int, begins: int, **changes: Any) -> Template:
    return text(version, begins, **({"id": "brief", "kind": "briefing"} | changes))


@pytest.mark.parametrize(
    ("versions", "counts_now", "counts_later"),
    [
        ([], None, None),
        ([brief(1, -30)], None, None),
        ([brief(1, -30), brief(2, -5)], None, None),
        ([brief(1, -30), brief(2, -5, acknowledge_by=on(0))], None, {"brief.2"}),
        ([brief(1, -30), brief(2, -5, acknowledge_by=on(-1))], {"brief.2"}, {"brief.2"}),
        ([brief(1, -30, acknowledge_by=on(-30))], {"brief.1"}, {"brief.1"}),
        ([brief(1, -30), brief(2, 5, acknowledge_by=on(9))], None, None),
        ([brief(1, -30), brief(2, -5, acknowledge_by=on(-1), approved_by=None, approved_on=None)], None, None),
        (
            [brief(1, -30), brief(2, -9, acknowledge_by=on(-9)), brief(3, -5)],
            {"brief.2", "brief.3"},
            {"brief.2", "brief.3"},
        ),
        (
            [brief(1, -30), brief(2, -9, acknowledge_by=on(-9)), brief(3, -5, acknowledge_by=on(5))],
            {"brief.2", "brief.3"},
            {"brief.3"},
        ),
        ([brief(1, -30), brief(2, -5, acknowledge_by=on(-1), retired_on=on(-2))], {"brief.2"}, {"brief.2"}),
        (
            [brief(1, -30), brief(2, -5, acknowledge_by=on(-1)), brief(1, -30, id="kurz", language=GERMAN)],
            {"brief.2", "kurz.1"},
            {"brief.2", "kurz.1"},
        ),
        ([brief(1, -30), brief(2, -5, acknowledge_by=on(-1), types=("quote",))], None, None),
    ],
)
def test_whose_acknowledgement_of_a_briefing_for_calls_counts(
    versions: list[Template], counts_now: set[str] | None, counts_later: set[str] | None
) -> None:
    assert texts(*versions).acknowledged_by("call", DAY) == counts_now
    assert texts(*versions).acknowledged_by("call", DAY, by_now=False) == counts_later


@pytest.mark.parametrize(
    ("version", "stage"),
    [
        (text(approved_by=None, approved_on=None), "draft"),
        (text(begins=1), "coming"),
        (text(), "replaced"),
        (text(2, -5), "in force"),
        (text(2, -5, types=("call", "quote")), "in force"),
        (text(retired_on=on(0)), "retired"),
        (text(types=None), "in force"),
    ],
)
def test_how_far_a_version_has_come(version: Template, stage: str) -> None:
    assert texts(version, text(2, -5)).stage(version, DAY) == stage


def test_what_a_text_says_names_it_and_what_becomes_of_it_does_not() -> None:
    assert text().label == f"call_us.1 {text().content}"
    assert text(retired_on=on(5)).label == text().label
    assert text(approved_by="Bea").label == text().label
    assert len({text().content, text(body="c").content, text(subject="t").content, text(types=None).content}) == 4
    assert texts(text()).by_label[text().label] == text()


@pytest.mark.parametrize(
    ("noted", "names"),
    [
        (None, set()),
        ("", set()),
        ("brief.2", {"brief.2"}),
        (" Brief.2, kurz.1;talk.3\nold 2025 ", {"brief.2", "kurz.1", "talk.3", "old", "2025"}),
    ],
)
def test_the_names_that_somebody_noted(noted: str | None, names: set[str]) -> None:
    assert names_in(noted) == names


def test_there_is_a_shipped_text_for_everything_and_its_name_fits_its_field(program: Program) -> None:
    wanted = list(occasions(program.types))
    assert len(wanted) == 2 + 3 * len(program.types)
    assert program.templates.lacking(wanted, date(2026, 1, 12)) == []
    assert program.templates.lacking(wanted, date(2026, 1, 11)) == wanted
    longest = text(9999, id="x" * 30)
    assert len(longest.label) <= 52
