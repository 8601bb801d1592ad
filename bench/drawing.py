"""A table of times as a picture: a row for each thing that was measured, a dot for each size."""

import math
from collections.abc import Mapping, Sequence
from html import escape

LABEL, WIDTH, ROW, TOP = 190, 430, 22, 52
FILLS = ("#9dbcd4", "#4f87b3", "#16476b")
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.grid{stroke:#ddd}.span{stroke:#bbb;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#eee}.grid{stroke:#444}.span{stroke:#777}"
    "svg{background:#16181b}}"
)


def dots(title: str, series: Sequence[str], rows: Mapping[str, Sequence[float]]) -> str:
    """SVG of milliseconds on a logarithmic scale; each row has one value for each of ``series``."""
    least = min(v for values in rows.values() for v in values)
    most = max(v for values in rows.values() for v in values)
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(most))

    def across(value: float) -> float:
        return LABEL + WIDTH * (math.log10(value) - first) / (last - first)

    height = TOP + ROW * len(rows) + 12
    drawn = [
        f'<text x="{LABEL}" y="18" font-weight="600">{escape(title)}</text>',
        *(_key(n, name) for n, name in enumerate(series)),
        *(_decade(across(10.0**n), n, height) for n in range(first, last + 1)),
        *(_row(n, name, [across(v) for v in v]) for n, (name, v) in enumerate(rows.items())),
    ]
    size = f'viewBox="0 0 {LABEL + WIDTH + 40} {height}" width="{LABEL + WIDTH + 40}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title)}" {size}>'
        f"<style>{STYLE}</style>{''.join(drawn)}</svg>\n"
    )


def _key(number: int, name: str) -> str:
    x = LABEL + 150 * number + 6
    return (
        f'<circle cx="{x}" cy="33" r="5" fill="{FILLS[number % len(FILLS)]}"/>'
        f'<text x="{x + 10}" y="38">{escape(name)}</text>'
    )


def _decade(x: float, power: int, height: int) -> str:
    told = f"{10**power:g} ms" if power < 3 else f"{10 ** (power - 3):g} s"
    return (
        f'<path class="grid" d="M{x:.0f} {TOP}V{height - 14}"/>'
        f'<text x="{x:.0f}" y="{height - 1}" text-anchor="middle">{told}</text>'
    )


def _row(number: int, name: str, places: Sequence[float]) -> str:
    y = TOP + ROW * number + 14
    return (
        f'<text x="{LABEL - 12}" y="{y + 4}" text-anchor="end">{escape(name)}</text>'
        f'<path class="span" d="M{min(places):.1f} {y}H{max(places):.1f}"/>'
        + "".join(
            f'<circle cx="{x:.1f}" cy="{y}" r="5" fill="{FILLS[n % len(FILLS)]}"/>'
            for n, x in enumerate(places)
        )
    )
