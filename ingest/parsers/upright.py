"""A scanned page made straight before it is read, and its places brought back afterwards."""

import math
from dataclasses import dataclass

from PIL import Image

from kb.types.parsed import Box

SMALL = 800
"""Longest side, in pixels, of the copy that the angle is measured on."""
MOST = 5.0
"""Degrees up to which a skew is looked for, either way."""
STEP = 0.25
"""Degrees between two angles that are tried."""
NEGLIGIBLE = 0.3
"""Degrees below which a skew is left as it is."""


@dataclass(frozen=True, slots=True)
class Turned:
    """A picture turned counter-clockwise by ``angle`` degrees, and the size it had before."""

    image: Image.Image
    angle: float
    original: tuple[int, int]

    def box_before(self, left: float, top: float, right: float, bottom: float) -> Box:
        """The box of pixels in the turned picture as shares of the original one."""
        width, height = self.original
        corners = [self._before(x, y) for x in (left, right) for y in (top, bottom)]
        xs, ys = zip(*corners, strict=True)
        return (
            _share(min(xs), width),
            _share(min(ys), height),
            _share(max(xs), width),
            _share(max(ys), height),
        )

    def _before(self, x: float, y: float) -> tuple[float, float]:
        """A point of the turned picture, in the original one (PIL turns around the centre)."""
        radians = math.radians(self.angle)
        dx, dy = x - self.image.width / 2, y - self.image.height / 2
        return (
            dx * math.cos(radians) - dy * math.sin(radians) + self.original[0] / 2,
            dx * math.sin(radians) + dy * math.cos(radians) + self.original[1] / 2,
        )


def _share(value: float, whole: int) -> float:
    return round(min(1.0, max(0.0, value / whole)), 4)


def turn(image: Image.Image, angle: float) -> Turned:
    """Turn a greyscale picture counter-clockwise by any angle; new corners are white."""
    if not angle:
        return Turned(image, 0.0, image.size)
    turned = image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    return Turned(turned, angle, image.size)


def skew(image: Image.Image) -> float:
    """How many degrees counter-clockwise a page has to be turned to lie straight; 0 for none.

    Lines of text are straight where the sums of dark along rows differ most from row to row.
    """
    import numpy as np  # half a second, in processes that only ask which languages there are

    small = image.copy()
    small.thumbnail((SMALL, SMALL))
    dark = Image.fromarray((255 - np.asarray(small.convert("L"))).astype(np.uint8))
    angles = np.arange(-MOST, MOST + STEP, STEP)
    sharpness = [_sharpness(dark, float(a)) for a in angles]
    best = float(angles[int(np.argmax(sharpness))])
    return best if abs(best) >= NEGLIGIBLE else 0.0


def _sharpness(dark: Image.Image, angle: float) -> float:
    import numpy as np

    rows = np.asarray(dark.rotate(angle, Image.Resampling.BILINEAR)).sum(axis=1, dtype=np.float64)
    return float(np.square(np.diff(rows)).sum())
