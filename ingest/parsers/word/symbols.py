"""Symbols out of fonts of pictures, as the characters that they look like."""

from lxml import etree

from ingest.parsers.ooxml import W

GREEK = dict(
    zip(
        "ABCDEFGHIKLMNOPQRSTUWXYZabcdefghijklmnopqrstuvwxyz",
        "ΑΒΧΔΕΦΓΗΙΚΛΜΝΟΠΘΡΣΤΥΩΞΨΖαβχδεφγηιϕκλμνοπθρστυϖωξψζ",
        strict=True,
    )
)
SIGNS = {
    0xA3: "≤", 0xA5: "∞", 0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°",
    0xB1: "±", 0xB3: "≥", 0xB4: "×", 0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡",
    0xBB: "≈", 0xCE: "∈", 0xD5: "∏", 0xD6: "√", 0xDE: "⇒", 0xE5: "∑", 0xF2: "∫",
}  # fmt: skip
"""The font Symbol: Adobe's encoding (Adobe Technical Note 5014)."""
WINGDINGS = {
    0x28: "☎", 0x2A: "✉", 0x6F: "☐", 0x71: "☐", 0x72: "☐", 0x78: "☒", 0xA8: "☐", 0xDF: "←",
    0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "→", 0xF0: "⇨", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒",
    0xFE: "☑",
}  # fmt: skip
"""The font Wingdings, where a sign says something."""


def meant(symbol: etree._Element) -> str:
    """The character that a ``w:sym`` shows; nothing where the font is not known."""
    try:
        code = int(symbol.get(f"{W}char", ""), 16)
    except ValueError:
        return ""
    font = symbol.get(f"{W}font", "").lower()
    of_font = code - 0xF000 if 0xF000 <= code <= 0xF0FF else code
    if font == "symbol":
        return SIGNS.get(of_font) or GREEK.get(chr(of_font)) or _printable(of_font)
    if font.startswith("wingdings"):
        return WINGDINGS.get(of_font, "")
    return "" if 0xE000 <= code <= 0xF8FF else _printable(code)


def _printable(code: int) -> str:
    return chr(code) if code <= 0x10FFFF and chr(code).isprintable() else ""
