"""Charts of figures, drawn as SVG. Pure; colours come from the page's own variables."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

ROW, LABEL, WIDTH, FIGURE = 28, 130, 260, 56
"""Pixels: a bar's row, and the widths of its name, of the longest bar, and of its figure."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A value (0 to 1) with its name, and where it may as well lie (None: not known)."""

    name: str
    value: float
    interval: tuple[float, float] | None = None
    emphasised: bool = False


def bars(title: str, values: Sequence[Bar]) -> str:
    """Horizontal bars from 0 to 1, each with its interval as a line and its figure beside it."""
    height = ROW * len(values) + 8
    total = LABEL + WIDTH + FIGURE
    rows = "".join(_bar(n, b) for n, b in enumerate(values))
    return (
        f'<svg class="chart" role="img" aria-label="{escape(title)}" '
        f'viewBox="0 0 {total} {height}" width="{total}" height="{height}" '
        f'xmlns="http://www.w3.org/2000/svg">{rows}</svg>'
    )


def _bar(number: int, bar: Bar) -> str:
    top = number * ROW + 6
    middle = top + 9
    kind = "bar ours" if bar.emphasised else "bar"
    drawn = (
        f'<text class="name" x="{LABEL - 10}" y="{middle + 4}" text-anchor="end">'
        f"{escape(bar.name)}</text>"
        f'<rect class="{kind}" x="{LABEL}" y="{top}" width="{_x(bar.value):.1f}" height="18" '
        'rx="2"/>'
    )
    if bar.interval is not None:
        low, high = (LABEL + _x(v) for v in bar.interval)
        drawn += (
            f'<path class="interval" d="M{low:.1f} {middle - 5}v10M{low:.1f} {middle}H{high:.1f}'
            f'M{high:.1f} {middle - 5}v10"/>'
        )
    return drawn + (
        f'<text class="figure" x="{LABEL + WIDTH + 8}" y="{middle + 4}">{bar.value:.3f}</text>'
    )


def _x(value: float) -> float:
    return max(0.0, min(1.0, value)) * WIDTH


SIDE, MARGIN = 260, 44
"""Pixels: a side of the square in which lines are drawn, and the room for the numbers beside it."""


@dataclass(frozen=True, slots=True)
class PlotLine:
    """Points from (0, 0) to (1, 1) with a name; ``mark`` is one of them that is set apart."""

    name: str
    points: Sequence[tuple[float, float]]
    mark: tuple[float, float]


def curves(title: str, across: str, up: str, lines: Sequence[PlotLine]) -> str:
    """Lines in a square, each with its mark, and a legend below; dashes tell them apart."""
    legend = "".join(_legend(n, line) for n, line in enumerate(lines))
    width, height = SIDE + MARGIN + 24, SIDE + MARGIN + 12 + 22 * len(lines)
    ticks = "".join(
        f'<text x="{MARGIN + v * SIDE:.0f}" y="{SIDE + 24}" text-anchor="middle">{v:g}</text>'
        f'<text x="{MARGIN - 8}" y="{12 + (1 - v) * SIDE:.0f}" text-anchor="end">{v:g}</text>'
        for v in (0, 0.5, 1)
    )
    drawn = "".join(_line(n, line) for n, line in enumerate(lines))
    return (
        f'<svg class="chart" role="img" aria-label="{escape(title)}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'xmlns="http://www.w3.org/2000/svg">'
        f'<path class="frame" d="M{MARGIN} 8v{SIDE}h{SIDE}"/>{ticks}'
        f'<text x="{MARGIN + SIDE / 2:.0f}" y="{SIDE + 42}" text-anchor="middle">{escape(across)}'
        f'</text><text x="{MARGIN + 6}" y="{SIDE + 0}">{escape(up)} ↑</text>{drawn}{legend}</svg>'
    )


def _line(number: int, line: PlotLine) -> str:
    path = "L".join(f"{_across(x):.1f} {_up(y):.1f}" for x, y in line.points)
    x, y = _across(line.mark[0]), _up(line.mark[1])
    kind = f"curve c{number % 4}"
    return (
        f'<path class="{kind}" d="M{path}"/><circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    )


def _legend(number: int, line: PlotLine) -> str:
    y = SIDE + MARGIN + 22 * number + 18
    return (
        f'<path class="curve c{number % 4}" d="M{MARGIN} {y - 4}h28"/>'
        f'<text x="{MARGIN + 36}" y="{y}">{escape(line.name)}</text>'
    )


def _across(share: float) -> float:
    return MARGIN + share * SIDE


def _up(share: float) -> float:
    return 8 + (1 - share) * SIDE


DAY, TALL = 18, 90
"""Pixels: the width of a day's column, and the height of the tallest."""


def days(values: Sequence[tuple[int, int, int]]) -> str:
    """Columns, one a day: how many, and the part of them (below) that found nothing.

    ``values`` are the day's number since the epoch, all, and that part.
    """
    most = max((n for _, n, _ in values), default=0) or 1
    width, height = DAY * len(values), TALL + 20
    drawn = "".join(_day(place, value, most) for place, value in enumerate(values))
    return (
        f'<svg class="chart" role="img" aria-hidden="true" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" xmlns="http://www.w3.org/2000/svg">{drawn}'
        f'<path class="interval" d="M0 {TALL + 0.5}H{width}"/></svg>'
    )


def _day(place: int, value: tuple[int, int, int], most: int) -> str:
    _, count, part = value
    left, tall, low = place * DAY + 3, TALL * count / most, TALL * part / most
    return (
        f'<rect class="bar ours" x="{left}" y="{TALL - tall:.1f}" width="{DAY - 6}" '
        f'height="{tall:.1f}"/><rect class="bar" x="{left}" y="{TALL - low:.1f}" '
        f'width="{DAY - 6}" height="{low:.1f}"/>'
    )
