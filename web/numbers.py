"""Numbers from outside: of rows, pages, places in a list. The catalog holds no larger ones."""

from typing import Annotated

from litestar.params import Parameter

LARGEST = 2**63 - 1
"""The largest number that is taken: the largest that fits in 64 bits."""
Number = Annotated[int, Parameter(ge=0, le=LARGEST)]
"""In an address; any other is a bad request. Litestar does not check ``Number | None``."""


def number_of(text: object) -> int | None:
    """The number that a field of a form holds; None where it holds none."""
    digits = str(text).strip()
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > len(str(LARGEST)):
        return None
    number = int(digits)
    return number if number <= LARGEST else None
