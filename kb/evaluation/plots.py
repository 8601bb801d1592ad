"""Charts of figures, drawn as SVG. Pure; colours come from the page's own variables."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

ROW, LABEL, WIDTH, FIGURE = 28, 130, 260, 56


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
