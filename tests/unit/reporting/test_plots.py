"""Plots: round scales, text that fits, everything escaped, and a description for who cannot see them."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest

from crm_sync.reporting import plots
from crm_sync.reporting.drawing import INK, PALETTE, WIDTH, number, shortened, text_width, ticks
from crm_sync.reporting.plots import SHORTAGE, Load, Range, Spot, shade

NAUGHTY = '<script>alert("x")</script> & co'


def drawn(markup: str) -> ET.Element:
    return ET.fromstring(markup)


def places(root: ET.Element) -> list[tuple[float, float]]:
    """Every corner of every box and every text's place."""
    found = [(float(e.get("x", 0)), float(e.get("y", 0))) for e in root.iter() if e.tag in ("text", "rect")]
    boxes = list(root.iter("rect"))
    found += [
        (float(b.get("x", 0)) + float(b.get("width", 0)), float(b.get("y", 0)) + float(b.get("height", 0)))
        for b in boxes
    ]
    return found


ALL = {
    "columns": plots.columns("a", "t", "d", ["Jan", NAUGHTY], {"call": [3, 0], NAUGHTY: [1.5, 7]}, "uses"),
    "no columns": plots.columns("a", "t", "d", ["Jan"], {"call": [0]}, "uses"),
    "ranges": plots.ranges("b", "t", "d", [Range(NAUGHTY * 3, 1, 2, 44, 5, "7 cases")], "days", limit="promise"),
    "lorenz": plots.lorenz("c", "t", "d", [Load("a", [0, 0, 1, 5], 0.6)]),
    "lorenz of nothing": plots.lorenz("c", "t", "d", [Load(NAUGHTY, [0, 0], 0.0), Load("b", [1, 2], 0.1)]),
    "beside": plots.beside(
        "f", "t", "d", [NAUGHTY * 3, "b"], {"x": [3, 0], NAUGHTY: [1.5, 44]}, "uses", most_label=400
    ),
    "nothing beside nothing": plots.beside("f", "t", "d", [], {"x": []}, "uses"),
    "over time": plots.over_time("g", "t", "d", ["Jan", NAUGHTY, "Mar"], {"x": [1, 5, 2], "y": [0, 0, 7]}, "people"),
    "one moment": plots.over_time("g", "t", "d", ["Jan"], {"x": [3]}, "people"),
    "heat map": plots.heat_map(
        "e", "t", "d", [NAUGHTY, "b"], ["x", "y"], {(NAUGHTY, "x"): Spot("1 of 2", 0.5, "hint")}
    ),
    "empty heat map": plots.heat_map("e", "t", "d", [], [], {}),
}


@pytest.mark.parametrize("name", ALL)
def test_every_plot_is_whole_and_says_what_it_shows(name: str) -> None:
    root = drawn(ALL[name])
    assert root.get("role") == "img"
    named = {e.get("id") for e in root if e.tag in ("title", "desc")}
    assert set((root.get("aria-labelledby") or "").split()) == named
    assert "<script" not in ALL[name]
    assert "http" not in ALL[name]


@pytest.mark.parametrize("name", ALL)
def test_nothing_lies_outside_the_drawing(name: str) -> None:
    root = drawn(ALL[name])
    high = float(root.get("height", 0))
    assert all(-0.1 <= x <= WIDTH + 0.1 and -0.1 <= y <= high + 0.1 for x, y in places(root))
    assert "nan" not in ALL[name]


@pytest.mark.parametrize(
    ("most", "whole", "marks"),
    [
        (0, True, [0, 1]),
        (1, True, [0, 1]),
        (6, True, [0, 2, 4, 6]),
        (60, True, [0, 20, 40, 60]),
        (61, True, [0, 20, 40, 60, 80]),
        (1234, True, [0, 500, 1000, 1500]),
        (100, False, [0, 20, 40, 60, 80, 100]),
        (0.4, False, [0, 0.1, 0.2, 0.3, 0.4]),
    ],
)
def test_scales_have_round_marks(most: float, whole: bool, marks: list[float]) -> None:
    assert ticks(most, whole=whole) == marks


@pytest.mark.parametrize("most", [0.01, 0.7, 3, 9.99, 10, 10.01, 777, 1e6, 3.3e9])
def test_scales_reach_the_highest_value_with_few_marks(most: float) -> None:
    marks = ticks(most)
    assert marks[-1] >= most
    assert 2 <= len(marks) <= 7


def test_several_drawings_share_a_scale() -> None:
    alone = plots.columns("a", "t", "d", ["Jan"], {"call": [3]}, "uses")
    scaled = plots.columns("a", "t", "d", ["Jan"], {"call": [3]}, "uses", most=30)
    assert ">30<" in scaled
    assert ">30<" not in alone


def test_names_that_would_stand_on_each_other_are_left_out_but_for_every_few() -> None:
    weeks = [f"{number} November" for number in range(1, 27)]
    shown = {text.text for text in drawn(plots.columns("a", "t", "d", weeks, {"x": [0] * 26}, "uses")).iter("text")}
    assert {"1 November", "4 November", "25 November"} <= shown
    assert not {"2 November", "3 November", "26 November"} & shown


def test_numbers_are_labels() -> None:
    assert [number(value) for value in (0, 12, 2.5, 1234567.0)] == ["0", "12", "2.5", "1\u202f234\u202f567"]


def test_texts_that_do_not_fit_are_cut() -> None:
    assert shortened("Retail", 100) == "Retail"
    cut = shortened("Director of Terminal Operations", 80)
    assert cut.endswith("\u2026")
    assert text_width(cut) <= 80


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_in_a_cell_can_be_read_and_shades_differ_in_lightness() -> None:
    assert all(contrast(fill, ink) >= 4.5 for fill, ink, _ in SHORTAGE)
    lights = [luminance(fill) for fill, _, _ in SHORTAGE[1:]]
    assert lights == sorted(lights, reverse=True)
    assert contrast(INK, "#ffffff") > 12


def seen_by(colour: str, kind: str) -> tuple[float, float, float]:
    """A colour as somebody without one kind of cone sees it, after Vienot, Brettel and Mollon (1999)."""
    red, green, blue = ((int(colour[place : place + 2], 16) / 255) ** 2.2 for place in (1, 3, 5))
    if kind == "protan":
        return (0.11238 * red + 0.88762 * green,) * 2 + (0.00401 * red - 0.00401 * green + blue,)
    return (0.29275 * red + 0.70725 * green,) * 2 + (-0.02234 * red + 0.02234 * green + blue,)


@pytest.mark.parametrize("kind", ["protan", "deutan"])
def test_colours_of_kinds_differ_for_colour_blind_eyes(kind: str) -> None:
    seen = [seen_by(colour, kind) for colour in PALETTE[:6]]
    apart = [math.dist(one, other) for place, one in enumerate(seen) for other in seen[place + 1 :]]
    assert min(apart) > 0.08


def test_shades_of_what_is_missing() -> None:
    assert shade(None)[0] == "#ffffff"
    assert [SHORTAGE.index(next(s for s in SHORTAGE if s[0] == shade(m)[0])) for m in (0, 0.1, 0.25, 0.3, 0.5, 0.9, 1)] == [
        0, 1, 1, 2, 2, 4, 4,
    ]  # fmt: skip
