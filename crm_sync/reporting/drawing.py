"""The drawing board under every plot: a frame with scales, axes, ticks, text that fits, and a legend, as SVG elements.

Used by `plots`. Text is escaped because elements are built, never strings. Not here: what any plot shows.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH = 860.0
FONT = 13.0
INK, FAINT, GRID = "#1a1a1a", "#4d4d4d", "#d9d9d9"
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#5c5c5c")
"""Okabe and Ito's colours, which people with any kind of colour vision can tell apart."""

NARROW, WIDE = frozenset("ijlrtfI.,:;|!'()[] /-"), frozenset("mwMW%@")


def text_width(text: str, size: float = FONT) -> float:
    """Estimate how wide a text is, in the widest of the fonts that the page may be shown in."""
    em = sum(0.42 if c in NARROW else 0.98 if c in WIDE else 0.72 if c.isupper() else 0.64 for c in text)
    return em * size


def shortened(text: str, width: float, size: float = FONT) -> str:
    """Cut a text that would be wider than this, and say so by an ellipsis."""
    if text_width(text, size) <= width:
        return text
    kept = text
    while kept and text_width(kept + "\u2026", size) > width:
        kept = kept[:-1]
    return kept.rstrip() + "\u2026"


def ticks(most: float, *, count: int = 5, whole: bool = True) -> list[float]:
    """Choose round marks from 0 to at least `most`; whole numbers when things are counted."""
    step = _step(max(most, 1e-9) / count)
    if whole:
        step = max(1.0, math.ceil(step))
    marks = math.ceil(round(most / step, 9)) or 1
    return [round(step * mark, 9) for mark in range(marks + 1)]


def _step(rough: float) -> float:
    size = 10.0 ** math.floor(math.log10(rough))
    return next(size * factor for factor in (1, 2, 5, 10) if rough <= size * factor * (1 + 1e-9))


def number(value: float) -> str:
    """A number as a label: no needless decimals, thousands with a thin space."""
    text = f"{value:,.1f}" if abs(value - round(value)) > 1e-9 else f"{round(value):,}"
    return text.replace(",", "\u202f")


@dataclass
class Board:
    """One drawing. Left, top, width and height are of the field inside the axes."""

    name: str
    title: str
    about: str
    height: float
    left: float = 48.0
    right: float = 16.0
    top: float = 16.0
    bottom: float = 40.0
    root: ET.Element = field(init=False)

    def __post_init__(self) -> None:
        marks = {"role": "img", "aria-labelledby": f"{self.name}-title {self.name}-about"}
        size = {"viewBox": f"0 0 {WIDTH:g} {self.height:g}", "width": f"{WIDTH:g}", "height": f"{self.height:g}"}
        self.root = ET.Element("svg", {"class": "plot", **size, **marks})
        for tag, text in (("title", self.title), ("desc", self.about)):
            suffix = "title" if tag == "title" else "about"
            ET.SubElement(self.root, tag, {"id": f"{self.name}-{suffix}"}).text = text

    @property
    def inner_width(self) -> float:
        """Width of the field inside the axes."""
        return WIDTH - self.left - self.right

    @property
    def inner_height(self) -> float:
        """Height of the field inside the axes."""
        return self.height - self.top - self.bottom

    def x(self, share: float) -> float:
        """The place that lies this share (0 to 1) of the way from left to right."""
        return self.left + share * self.inner_width

    def y(self, share: float) -> float:
        """The place that lies this share (0 to 1) of the way from the bottom up."""
        return self.top + (1 - share) * self.inner_height

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, ink: str = INK, wide: float = 1, dash: str = ""
    ) -> None:
        """Draw a straight line."""
        given = {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "stroke-width": wide}
        self._add("line", given, stroke=ink, **({"stroke-dasharray": dash} if dash else {}))

    def box(
        self, x: float, y: float, wide: float, high: float, fill: str, *, stroke: str = "#ffffff", hint: str = ""
    ) -> None:
        """Draw a filled rectangle; `hint` is told when a pointer rests on it."""
        element = self._add("rect", {"x": x, "y": y, "width": wide, "height": high}, fill=fill, stroke=stroke)
        if hint:
            ET.SubElement(element, "title").text = hint

    def dot(self, x: float, y: float, radius: float, fill: str) -> None:
        """Draw a dot."""
        self._add("circle", {"cx": x, "cy": y, "r": radius}, fill=fill, stroke="#ffffff")

    def path(
        self, points: Sequence[tuple[float, float]], *, ink: str, wide: float = 2, fill: str = "none", dash: str = ""
    ) -> None:
        """Draw a line through points."""
        steps = " ".join(f"{'L' if place else 'M'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(points))
        more = {"stroke-dasharray": dash} if dash else {}
        self._add(
            "path", {"stroke-width": wide}, d=steps, stroke=ink, fill=fill, **{"stroke-linejoin": "round"}, **more
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: str = "start",
        ink: str = INK,
        size: float = FONT,
        bold: bool = False,
    ) -> None:
        """Write a text; `anchor` is start, middle or end."""
        weight = {"font-weight": "600"} if bold else {}
        more = {"text-anchor": anchor, "fill": ink, "font-size": f"{size:g}", **weight}
        self._add("text", {"x": x, "y": y}, **more).text = text

    def value_axis(self, marks: Sequence[float], label: str) -> None:
        """Draw the axis of values upwards, with a grid line and a number at each mark."""
        for mark in marks:
            y = self.y(mark / marks[-1])
            self.line(self.left, y, self.left + self.inner_width, y, ink=INK if mark == 0 else GRID)
            self.text(self.left - 6, y + 4, number(mark), anchor="end", ink=FAINT)
        self.text(0, self.top - 18, label, ink=FAINT)

    def across_axis(self, marks: Sequence[float], label: str, suffix: str = "") -> None:
        """Draw the axis of values from left to right below the field."""
        bottom = self.top + self.inner_height
        for mark in marks:
            x = self.x(mark / marks[-1])
            self.line(x, self.top, x, bottom, ink=INK if mark == 0 else GRID)
            self.text(x, bottom + 16, f"{number(mark)}{suffix}", anchor="middle", ink=FAINT)
        self.text(self.x(0.5), bottom + 36, label, anchor="middle", ink=FAINT)

    def legend(self, entries: Sequence[tuple[str, str]], y: float, x: float | None = None) -> float:
        """Write a legend of (colour, name), in as many lines as it takes; returns how high it is."""
        start = self.left if x is None else x
        across, line = start, 0
        for colour, name in entries:
            wide = 18 + text_width(name) + 16
            if across > start and across + wide > WIDTH:
                across, line = start, line + 1
            self.box(across, y + line * 18 - 10, 12, 12, colour, stroke=INK)
            self.text(across + 18, y + line * 18, name)
            across += wide
        return (line + 1) * 18.0

    def svg(self) -> str:
        """Give the drawing as text."""
        return ET.tostring(self.root, encoding="unicode")

    def _add(self, tag: str, places: dict[str, float], **given: str) -> ET.Element:
        plain = {name: f"{value:.1f}".rstrip("0").rstrip(".") for name, value in places.items()}
        return ET.SubElement(self.root, tag, {**plain, **given})


def legend_height(names: Sequence[str], start: float) -> float:
    """How high a legend of these names will be when it begins at `start`."""
    across, lines = start, 1
    for name in names:
        wide = 18 + text_width(name) + 16
        if across > start and across + wide > WIDTH:
            across, lines = start, lines + 1
        across += wide
    return lines * 18.0
