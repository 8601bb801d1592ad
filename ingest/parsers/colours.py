"""Colours of web pages, as far as it matters whether letters stand out from what is behind them."""

import re
from dataclasses import dataclass

NAMES = {
    "white": (255, 255, 255), "black": (0, 0, 0), "snow": (255, 250, 250), "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255), "red": (255, 0, 0),
    "green": (0, 128, 0), "blue": (0, 0, 255), "navy": (0, 0, 128), "gray": (128, 128, 128),
    "grey": (128, 128, 128), "silver": (192, 192, 192), "yellow": (255, 255, 0),
}  # fmt: skip
HEXADECIMAL = re.compile(r"[0-9a-f]{3,8}")
IN_NUMBERS = re.compile(r"rgba?\(([\d.,\s%/]+)\)")
NUMBER = re.compile(r"[\d.]+%?")
CLOSE = 12
"""Colours whose red, green and blue differ by no more than this cannot be told apart by reading."""
FAINT = 0.05
"""What is less opaque than this is not seen."""
Mixed = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green and blue (0 to 255), and how opaque it is (0 to 1)."""

    mixed: Mixed
    opaque: float = 1.0


CLEAR = Colour((255, 255, 255), 0.0)


def read(written: str) -> Colour | None:
    """A colour as style sheets write it; None where it is not computed."""
    plain = written.strip().lower()
    if plain == "transparent":
        return CLEAR
    if plain in NAMES:
        return Colour(NAMES[plain])
    digits = plain.removeprefix("#")
    if plain.startswith("#") and HEXADECIMAL.fullmatch(digits):
        return _hexadecimal(digits)
    match = IN_NUMBERS.fullmatch(plain)
    return _numbers(NUMBER.findall(match[1])) if match else None


def _hexadecimal(digits: str) -> Colour | None:
    if len(digits) in {3, 4}:
        digits = "".join(d * 2 for d in digits)
    if len(digits) not in {6, 8}:
        return None
    red, green, blue = (int(digits[n : n + 2], 16) for n in (0, 2, 4))
    return Colour((red, green, blue), int(digits[6:] or "ff", 16) / 255)


def _numbers(written: list[str]) -> Colour | None:
    try:
        values = [float(w.rstrip("%")) * (2.55 if w.endswith("%") else 1) for w in written[:3]]
        opaque = float(written[3].rstrip("%")) if len(written) > 3 else 1.0
    except ValueError:
        return None
    if len(values) < 3:
        return None
    red, green, blue = (min(255, int(v)) for v in values)
    share = opaque / 100 if len(written) > 3 and written[3].endswith("%") else opaque
    return Colour((red, green, blue), min(1.0, share))


def over(front: Colour, behind: Mixed) -> Mixed:
    """What is seen of a colour on another."""
    red, green, blue = (
        int(f * front.opaque + b * (1 - front.opaque))
        for f, b in zip(front.mixed, behind, strict=True)
    )
    return red, green, blue


def is_lost(letters: Colour, behind: Mixed) -> bool:
    """Whether letters cannot be seen on what is behind them."""
    seen = over(letters, behind)
    return all(abs(a - b) <= CLOSE for a, b in zip(seen, behind, strict=True))
