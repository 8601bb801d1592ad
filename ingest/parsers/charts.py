"""Charts and diagrams of Office files: what is written on them, as captions and a table."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from lxml import etree

from ingest.parsers import number_formats, tables
from ingest.parsers.ooxml import CX, DGM, C, Package, R, Relation, drawn
from kb.types.parsed import Element

DIAGRAM, EXTENDED = f"{DGM}relIds", f"{CX}chartSpace"
TAGS = (f"{C}chart", f"{CX}chart", DIAGRAM)
"""What stands in a drawing for a chart or diagram that is in a part of its own."""
MOST_POINTS, MOST_SERIES, MOST_CELLS = 10_000, 255, 100_000
"""Values read of one row of a chart, rows, and values in all; Excel draws no more rows."""
Column = tuple[str, list[str], list[str]]
"""A row of values: its name, what each point is called, the values."""


def elements_of(
    package: Package,
    relation: Relation | None,
    node: etree._Element,
    filled: AbstractSet[str] | None = None,
) -> Iterator[Element]:
    """What is written on a chart or diagram (one of ``TAGS``), where that is first asked for.

    ``filled``: in a workbook, the sheets whose cells are read. A chart of their values has only its
    texts: the values are there already.
    """
    root = package.first(relation.target) if relation else None
    if relation is None or root is None:
        return
    if node.tag == DIAGRAM:
        yield from _diagram(root)
    elif filled is not None and _sheets(root) <= filled:
        yield from _named(root)
    else:
        found, is_cut = _extended(root) if root.tag == EXTENDED else _chart(root)
        yield from found
        if is_cut:
            package.cut.add(relation.target)


def id_of(node: etree._Element) -> str:
    """What a chart or diagram in a drawing calls the part that it is in."""
    return str(node.get(f"{R}dm" if node.tag == DIAGRAM else f"{R}id", ""))


def _chart(root: etree._Element) -> tuple[list[Element], bool]:
    """A chart's titles and labels, then its values: a row for each point. And if there are more."""
    columns, is_cut = _columns(root)
    rows = _rows([c for c in columns if c[0] or c[2]])
    found = list(_captions(root, f"{C}title", f"{C}dLbl"))
    return [*found, tables.table(rows, 1)] if rows else found, is_cut or _goes_far(root)


def _columns(root: etree._Element) -> tuple[list[Column], bool]:
    columns: list[Column] = []
    left = MOST_CELLS
    for node in root.iter(f"{C}ser"):
        if len(columns) == MOST_SERIES:
            return columns, True
        column = _series(node)
        left -= len(column[1]) + len(column[2])
        if left < 0:
            return columns, True
        columns.append(column)
    return columns, False


def _goes_far(root: etree._Element) -> bool:
    """Whether a row of values has more of them than are read."""
    numbers = (point.get("idx", "") for point in root.iter(f"{C}pt"))
    return any(number.isdecimal() and _place(number) is None for number in numbers)


def _place(number: str) -> int | None:
    """A point's place in its row; None where it is none, or beyond what is read."""
    is_near = number.isdecimal() and len(number) < 6 and int(number) < MOST_POINTS
    return int(number) if is_near else None


def _sheets(root: etree._Element) -> set[str]:
    """The sheets that a chart's values are on; an empty name where they are on none."""
    found = set()
    for values in root.iter(f"{C}val", f"{C}yVal", f"{CX}numDim"):
        formula = next(values.iter(f"{C}f", f"{CX}f"), None)
        sheet, _, _ = ("" if formula is None else formula.text or "").rpartition("!")
        found.add(sheet.removeprefix("'").removesuffix("'").replace("''", "'"))
    return found


def _named(root: etree._Element) -> Iterator[Element]:
    """A chart's titles and what its rows of values are called; the values are on a sheet."""
    if root.tag == EXTENDED:
        yield from _captions(root, f"{CX}title", f"{CX}tx")
    else:
        yield from _captions(root, f"{C}title", f"{C}dLbl", f"{C}tx")


def _captions(root: etree._Element, *tags: str) -> Iterator[Element]:
    texts = (_joined(node) for node in root.iter(*tags))
    for text in dict.fromkeys(text for text in texts if text):
        yield Element(kind="FigureCaption", text=text)


def _diagram(root: etree._Element) -> Iterator[Element]:
    """SmartArt: the text of each of its shapes."""
    points = root.iter(f"{DGM}pt")
    for text in (_joined(point) for point in points):
        if text:
            yield Element(kind="ListItem", text=text)


def _joined(node: etree._Element) -> str:
    """What is written, or what its cells said when it was drawn."""
    return (
        " ".join(drawn(node))
        or " ".join(v.text or "" for v in node.iter(f"{C}v", f"{CX}v")).strip()
    )


def _series(node: etree._Element) -> Column:
    name = node.find(f"{C}tx")
    categories = _points(node, "cat") or _points(node, "xVal")
    values = _points(node, "val") or _points(node, "yVal")
    return "" if name is None else _joined(name), categories, values


def _points(node: etree._Element, name: str) -> list[str]:
    """The cached values of a reference, by their number; those of several levels joined."""
    found = node.find(f"{C}{name}")
    if found is None:
        return []
    texts: dict[int, list[str]] = {}
    levels = list(found.iter(f"{C}lvl")) or [found]
    code = found.findtext(f".//{C}formatCode")
    for level in reversed(levels):
        for point in level.iter(f"{C}pt"):
            place = _place(point.get("idx", ""))
            if place is not None:
                texts.setdefault(place, []).append(_value(point.findtext(f"{C}v") or "", code))
    last = max(texts, default=-1)
    return [" ".join(" ".join(texts.get(n, ())).split()) for n in range(last + 1)]


def _value(text: str, code: str | None) -> str:
    """A point's value as the chart shows it."""
    try:
        return number_formats.shown(float(text), code) if code else text
    except ValueError:
        return text


def _rows(columns: list[Column]) -> list[list[str]]:
    """All rows of values in one table where they have the same points, else one below another."""
    if not columns:
        return []
    points = columns[0][1]
    if any(categories not in ([], points) for _, categories, _ in columns):
        return [row for column in columns for row in _rows([column])]
    height = max(len(points), *(len(values) for _, _, values in columns))
    texts = [points, *(values for _, _, values in columns)]
    rows = [[text[n] if n < len(text) else "" for text in texts] for n in range(height)]
    return [row for row in [["", *(name for name, _, _ in columns)], *rows] if any(row)]


def _extended(root: etree._Element) -> tuple[list[Element], bool]:
    """A chart of the newer kinds (waterfall, tree, map): its texts, then its points."""
    written = [*drawn(root), *(v.text or "" for v in root.iter(f"{CX}v"))]
    texts = [text for text in dict.fromkeys(text.strip() for text in written) if text]
    found = [Element(kind="FigureCaption", text=text) for text in texts]
    points = [p.text or "" for p in root.iter(f"{CX}pt")]
    if points:
        found.append(Element(kind="NarrativeText", text="; ".join(points[:MOST_POINTS])))
    return found, len(points) > MOST_POINTS


def alternative(node: etree._Element) -> str:
    """What is said of a picture to whoever cannot see it; nothing where it is a file's name."""
    title, description = (" ".join((node.get(n) or "").split()) for n in ("title", "descr"))
    texts = [t for t in dict.fromkeys((title, description)) if t and not _is_file(t)]
    return ". ".join(texts)


def _is_file(text: str) -> bool:
    return text.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".bmp", ".svg"))
