"""How a workbook's cells look, as far as it changes what is seen: number formats, pale letters."""

from dataclasses import dataclass
from typing import Any

from lxml import etree

from ingest.parsers.ooxml import S

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0_);("$"#,##0)',
    6: '"$"#,##0_);[Red]("$"#,##0)', 7: '"$"#,##0.00_);("$"#,##0.00)',
    8: '"$"#,##0.00_);[Red]("$"#,##0.00)', 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "mm-dd-yy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yy h:mm",
    **dict.fromkeys((*range(27, 32), 36, *range(50, 55), 57, 58), "mm-dd-yy"),
    32: "h:mm", 33: "h:mm:ss",
    37: "#,##0_);(#,##0)", 38: "#,##0_);[Red](#,##0)", 39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);[Red](#,##0.00)", 41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
    42: '_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)',
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""Formats by number that no workbook writes down (ECMA-376, part 1, 18.8.30; 27 to 36 and 50 to 58
are dates of eastern Asia)."""
WHITE = {"FFFFFF", "FFFFFFFF", "00FFFFFF"}
INDEXED_WHITE = {"1", "9"}
NO_FILL = {"none", ""}


@dataclass(frozen=True, slots=True)
class CellLook:
    """A format code, and whether letters have the colour of an empty page."""

    code: str | None = None
    is_pale: bool = False


PLAIN = CellLook()


class Looks:
    """The looks of a workbook, by the number that cells call them by."""

    def __init__(self, looks: tuple[CellLook, ...]) -> None:
        self._looks = looks

    def of(self, number: str) -> CellLook:
        """The look of a cell; plain where there is none of that number."""
        is_known = number.isdecimal() and len(number) < 8 and int(number) < len(self._looks)
        return self._looks[int(number)] if is_known else PLAIN


NONE = Looks(())


def of(styles: etree._Element) -> Looks:
    """The looks that a part of styles describes."""
    codes: dict[str, str] = {}
    for node in styles.iter(f"{S}numFmt"):
        codes.setdefault(node.get("numFmtId", ""), node.get("formatCode", ""))
    pale = {str(n) for n, font in enumerate(_all(styles, "fonts", "font")) if _is_white(font)}
    bare = {str(n) for n, fill in enumerate(_all(styles, "fills", "fill")) if _is_bare(fill)}
    return Looks(
        tuple(
            CellLook(
                _code(xf.get("numFmtId", "0"), codes),
                xf.get("fontId", "") in pale and xf.get("fillId", "0") in bare,
            )
            for xf in _all(styles, "cellXfs", "xf")
        )
    )


def _all(styles: etree._Element, group: str, name: str) -> list[Any]:
    found = styles.find(f"{S}{group}")
    return [] if found is None else list(found.iterchildren(f"{S}{name}"))


def _code(number: str, codes: dict[str, str]) -> str | None:
    if number in codes:
        return codes[number]
    return BUILT_IN.get(int(number)) if number.isdecimal() and len(number) < 4 else None


def _is_white(font: etree._Element) -> bool:
    color = font.find(f"{S}color")
    if color is None or color.get("tint", "0") not in {"0", "0.0"}:
        return False
    return (
        color.get("rgb", "").upper() in WHITE
        or color.get("theme") == "0"
        or color.get("indexed") in INDEXED_WHITE
    )


def _is_bare(fill: etree._Element) -> bool:
    """Whether a cell shows the page behind its letters."""
    pattern = fill.find(f"{S}patternFill")
    return pattern is not None and pattern.get("patternType", "none") in NO_FILL
