"""Numbers -> plots as inline SVG: columns, bars side by side, ranges, lines over time, Lorenz curves and a heat map. No script, no font, no file of its own.

Used by the report and by the simulation. Every plot has a title and a description for who cannot see it, and colours that
all eyes can tell apart; the page puts the numbers in a table beside it. Not here: which numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from crm_sync.reporting.drawing import (
    FAINT,
    GRID,
    INK,
    PALETTE,
    WIDTH,
    Board,
    legend_height,
    number,
    shortened,
    text_width,
    ticks,
)

MOST_LABEL = 240.0
MOST_LEFT_OUT = 4
"""At least every so-manieth category is named."""
CURVES = (0, 5, 2, 3)
"""The places in the palette of what is held against each other: blue and vermilion first, which differ in lightness, too."""
SHORTAGE = (
    ("#DCEBF5", INK, "can all be met"),
    ("#FFF0C2", INK, "up to a quarter missing"),
    ("#FDC66B", INK, "up to half missing"),
    ("#E08214", INK, "up to three quarters missing"),
    ("#8C3A00", "#ffffff", "more is missing"),
)
NOTHING = "#ffffff"


@dataclass(frozen=True)
class Range:
    """One line of a range plot: from `low` to `high` with `middle` marked; `limit` is a mark to hold it against."""

    label: str
    low: float
    middle: float
    high: float
    limit: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Spot:
    """One cell of a heat map: what it says, and how much of what is asked for is missing (None: nothing is asked)."""

    text: str
    missing: float | None
    hint: str = ""


def columns(
    name: str,
    title: str,
    about: str,
    categories: Sequence[str],
    series: Mapping[str, Sequence[float]],
    label: str,
    *,
    most: float = 0,
) -> Markup:
    """Draw stacked columns, one a category, with the total above each; `most` gives several drawings one scale.

    Where categories stand too close for their names, every second, third or fourth is named.
    """
    totals = [sum(values[place] for values in series.values()) for place in range(len(categories))]
    legend = legend_height(list(series), 48) if len(series) > 1 else 0
    board = Board(name, title, about, height=270 + legend, top=44, bottom=38 + legend)
    marks = ticks(max(most, *totals, 0))
    board.value_axis(marks, label)
    step = board.inner_width / max(1, len(categories))
    _name_below(board, categories, step, board.left + step / 2)
    for place, category in enumerate(categories):
        x = board.left + (place + 0.5) * step
        below = 0.0
        for colour, (kind, values) in zip(PALETTE, series.items(), strict=False):
            if values[place] > 0:
                y, high = board.y((below + values[place]) / marks[-1]), board.inner_height * values[place] / marks[-1]
                board.box(
                    x - step * 0.34, y, step * 0.68, high, colour, hint=f"{category}, {kind}: {number(values[place])}"
                )
                below += values[place]
        if totals[place] > 0:
            board.text(x, board.y(below / marks[-1]) - 5, number(totals[place]), anchor="middle", size=12, bold=True)
    if legend:
        board.legend(list(zip(PALETTE, series, strict=False)), board.height - legend + 10)
    return _markup(board)


def ranges(
    name: str,
    title: str,
    about: str,
    rows: Sequence[Range],
    label: str,
    *,
    suffix: str = "",
    limit: str = "",
    most: float = 0,
) -> Markup:
    """Draw one line a row from low to high with the middle as a dot; a row's limit is a diamond."""
    notes = max((text_width(row.note, 12) for row in rows), default=0)
    left = min(MOST_LABEL, max((text_width(row.label) for row in rows), default=0)) + 14
    legend = 22 if limit else 0
    high = 30.0 * len(rows)
    board = Board(
        name, title, about, height=high + 64 + legend, left=left, right=notes + 20, top=12, bottom=52 + legend
    )
    values = [value for row in rows for value in (row.high, row.limit or 0)]
    marks = ticks(most or max(values, default=0), whole=not most)
    board.across_axis(marks, label, suffix)
    for place, row in enumerate(rows):
        y = board.top + high * (place + 0.5) / len(rows)
        board.text(left - 10, y + 4, shortened(row.label, left - 12), anchor="end")
        board.line(board.x(row.low / marks[-1]), y, board.x(row.high / marks[-1]), y, ink=PALETTE[0], wide=6)
        if row.limit is not None:
            _diamond(board, board.x(row.limit / marks[-1]), y)
        board.dot(board.x(row.middle / marks[-1]), y, 7, INK)
        board.text(WIDTH - notes - 8, y + 4, row.note, ink=FAINT, size=12)
    if limit:
        _diamond(board, left + 6, board.height - 8)
        board.text(left + 18, board.height - 4, limit)
    return _markup(board)


def _diamond(board: Board, x: float, y: float) -> None:
    points = [(x, y - 7), (x + 6, y), (x, y + 7), (x - 6, y), (x, y - 7)]
    board.path(points, ink=INK, wide=1.5, fill=PALETTE[1])


@dataclass(frozen=True)
class Load:
    """One curve of a Lorenz plot: what each reference carries, and the Gini coefficient of it."""

    label: str
    loads: Sequence[float]
    gini: float


def lorenz(name: str, title: str, about: str, curves: Sequence[Load]) -> Markup:
    """Draw which share of the load is carried by which share of the references, from the least asked to the most."""
    board = Board(name, title, about, height=360, left=58, right=300, top=44, bottom=52)
    board.value_axis([0, 25, 50, 75, 100], "% of all load")
    board.across_axis([0, 25, 50, 75, 100], "% of references, the least asked first")
    board.path([(board.x(0), board.y(0)), (board.x(1), board.y(1))], ink=FAINT, wide=1.5, dash="5 4")
    right = board.left + board.inner_width + 24
    for place, curve in enumerate(curves):
        ink, dash = PALETTE[CURVES[place]], "" if place == 0 else "9 4"
        points = _carried(board, curve.loads)
        if len(curves) == 1:
            board.path([*points, (board.x(1), board.y(0)), points[0]], ink="none", wide=0, fill="#DCEBF5")
        board.path(points, ink=ink, wide=2.5, dash=dash)
        top = 80 + 62 * place
        board.line(right, top, right + 26, top, ink=ink, wide=2.5, dash=dash)
        board.text(right + 34, top + 4, curve.label)
        board.text(right + 34, top + 30, f"Gini {curve.gini:.2f}", size=22, bold=True)
    last = 80 + 62 * len(curves)
    board.line(right, last, right + 26, last, ink=FAINT, wide=1.5, dash="5 4")
    board.text(right + 34, last + 4, "everybody the same")
    board.text(right, last + 30, "Gini 0: all the same; 1: one carries all", ink=FAINT)
    return _markup(board)


def _carried(board: Board, loads: Sequence[float]) -> list[tuple[float, float]]:
    """The points of one curve."""
    ordered, total = sorted(loads), sum(loads)
    points, carried = [(board.x(0), board.y(0))], 0.0
    for place, load in enumerate(ordered, start=1):
        carried += load
        points.append((board.x(place / len(ordered)), board.y(carried / total if total else place / len(ordered))))
    return points


def beside(
    name: str,
    title: str,
    about: str,
    categories: Sequence[str],
    series: Mapping[str, Sequence[float]],
    label: str,
    *,
    most_label: float = MOST_LABEL,
) -> Markup:
    """Draw bars from left to right, those of each category one below the other, with the number at the end of each."""
    left = min(most_label, max((text_width(category) for category in categories), default=0)) + 14
    high = 16.0 * len(series) + 12
    legend = legend_height(list(series), left)
    board = Board(
        name, title, about, height=high * len(categories) + 64 + legend, left=left, right=56, top=8, bottom=56 + legend
    )
    marks = ticks(max((value for values in series.values() for value in values), default=0))
    board.across_axis(marks, label)
    for place, category in enumerate(categories):
        top = board.top + high * place + 6
        board.text(left - 10, top + high / 2 - 2, shortened(category, left - 12), anchor="end")
        for number_of, (colour, (what, values)) in enumerate(zip(_colours(len(series)), series.items(), strict=True)):
            y, wide = top + 16 * number_of, board.inner_width * values[place] / marks[-1]
            board.box(left, y, wide, 14, colour, hint=f"{category}, {what}: {number(values[place])}")
            board.text(left + wide + 5, y + 12, number(values[place]), size=12)
    board.legend(list(zip(_colours(len(series)), series, strict=True)), board.height - legend + 10)
    return _markup(board)


def over_time(
    name: str, title: str, about: str, moments: Sequence[str], series: Mapping[str, Sequence[float]], label: str
) -> Markup:
    """Draw a line for each series through its values at these moments, the first whole and the others dashed."""
    board = Board(name, title, about, height=250, top=44, bottom=56)
    marks = ticks(max((value for values in series.values() for value in values), default=0))
    board.value_axis(marks, label)
    step = board.inner_width / max(1, len(moments) - 1)
    _name_below(board, moments, step, board.left)
    for place, values in enumerate(series.values()):
        points = [(board.left + at * step, board.y(value / marks[-1])) for at, value in enumerate(values)]
        board.path(points, ink=PALETTE[CURVES[place]], wide=2.5, dash="" if place == 0 else "9 4")
    board.legend(list(zip(_colours(len(series)), series, strict=True)), board.height - 8)
    return _markup(board)


def _name_below(board: Board, categories: Sequence[str], step: float, first: float) -> None:
    """Name categories below the axis; where they stand too close, every second, third or fourth alone."""
    widest = max((text_width(category, 12) for category in categories), default=0)
    named = min(MOST_LEFT_OUT, math.ceil((widest + 2) / step)) if len(categories) > MOST_LEFT_OUT else 1
    for place in range(0, len(categories), named):
        text = shortened(categories[place], step * named - 2, 12)
        board.text(first + place * step, board.y(0) + 16, text, anchor="middle", size=12)


def _colours(count: int) -> Sequence[str]:
    return [PALETTE[place] for place in CURVES[:count]]


def heat_map(
    name: str, title: str, about: str, rows: Sequence[str], cols: Sequence[str], spots: Mapping[tuple[str, str], Spot]
) -> Markup:
    """Draw a table whose cells are coloured by how much is missing; each cell says its numbers as well."""
    left = min(MOST_LABEL, max((text_width(row) for row in rows), default=0)) + 14
    entries = [(colour, text) for colour, _, text in SHORTAGE] + [(NOTHING, "nothing asked for")]
    legend = legend_height([text for _, text in entries], 8)
    high = 28.0
    board = Board(
        name, title, about, height=38 + high * len(rows) + legend + 16, left=left, right=8, top=34, bottom=legend + 16
    )
    wide = board.inner_width / max(1, len(cols))
    for place, column in enumerate(cols):
        x = left + (place + 0.5) * wide
        board.text(x, 22, shortened(column, wide - 4), anchor="middle", bold=True)
    for down, row in enumerate(rows):
        y = board.top + down * high
        board.text(left - 10, y + high / 2 + 4, shortened(row, left - 12), anchor="end")
        for across, column in enumerate(cols):
            spot = spots.get((row, column), Spot("", None))
            fill, ink = shade(spot.missing)
            board.box(left + across * wide, y, wide, high, fill, stroke=GRID, hint=spot.hint)
            board.text(left + (across + 0.5) * wide, y + high / 2 + 4, spot.text, anchor="middle", ink=ink)
    board.legend(entries, board.height - legend + 8, 8)
    return _markup(board)


def shade(missing: float | None) -> tuple[str, str]:
    """Fill and ink for a share that is missing; five steps that differ in lightness as well as in colour."""
    if missing is None:
        return NOTHING, INK
    step = 0 if missing < 0.005 else min(4, 1 + int(missing * 4 - 1e-9))
    return SHORTAGE[step][0], SHORTAGE[step][1]


def _markup(board: Board) -> Markup:
    return Markup(board.svg())  # noqa: S704 - built of elements, so every text in it is escaped
