"""Word documents written as XML, with parts of any kind beside them."""

import io
import zipfile
from pathlib import Path

import docx
from pptx.chart.data import CategoryChartData
from pptx.chart.xmlwriter import ChartXmlWriter
from pptx.enum.chart import XL_CHART_TYPE

from tests.parts.files import parse

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


SPACES = (
    f'{W} xmlns:r="{OFFICE}" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'
)


TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def run(text: str, kind: str = "t") -> str:
    return f'<w:r><w:{kind} xml:space="preserve">{text}</w:{kind}></w:r>'


def paragraph(content: str) -> str:
    return f"<w:p>{content}</w:p>"


def tracked(kind: str, content: str) -> str:
    return f'<w:{kind} w:id="1" w:author="A">{content}</w:{kind}>'


def field_char(kind: str, inner: str = "") -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}">{inner}</w:fldChar></w:r>'


def written(path: Path, body: str, parts: dict[str, tuple[str, str]] | None = None) -> None:
    """A document with this body; parts by name, each with the type of its relation and content.

    A part's relation has the part's name as its id.
    """
    made = io.BytesIO()
    docx.Document().save(made)
    given = parts or {}
    document = f"<w:document {SPACES}><w:body>{body}</w:body></w:document>"
    rels = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{name}"/>'
        for name, (kind, _) in given.items()
    )
    types = "".join(
        f'<Override PartName="/word/{name}" ContentType="{TYPE}.{kind}+xml"/>'
        for name, (kind, _) in given.items()
    )
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name).decode("utf-8", "replace")
            content = (
                content.replace("</Relationships>", f"{rels}</Relationships>")
                if (name == "word/_rels/document.xml.rels")
                else content.replace("</Types>", f"{types}</Types>")
            )
            if not name.endswith(".jpeg"):
                new.writestr(name, document if name == "word/document.xml" else content)
        for name, (_, content) in given.items():
            new.writestr(f"word/{name}", content)


def notes(kind: str, number: int, text: str) -> str:
    return (
        f'<w:{kind}s {SPACES}><w:{kind} w:type="separator" w:id="-1">{paragraph("")}</w:{kind}>'
        f'<w:{kind} w:id="{number}" w:author="Chief">{paragraph(run(text))}</w:{kind}></w:{kind}s>'
    )


def texts(path: Path) -> list[str]:
    return [e.text for e in parse(path).elements]


def chart() -> str:
    data = CategoryChartData()
    data.categories = ["Austria", "Belgium"]
    data.add_series("Sales 2025", (19.2, 21.4))
    xml = ChartXmlWriter(XL_CHART_TYPE.COLUMN_CLUSTERED, data).xml
    title = (
        "<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:r><a:t>Sales by country</a:t></a:r></a:p>"
        "</c:rich></c:tx></c:title>"
    )
    return xml.replace("<c:chart>", f"<c:chart>{title}", 1).partition("?>")[2]


DIAGRAM = (
    f"<dgm:dataModel {SPACES}><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>Head: Ottilie</a:t></a:r>"
    "</a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>"
)


def framed(inner: str) -> str:
    return paragraph(
        f"<w:r><w:drawing><wp:inline><a:graphic><a:graphicData>{inner}</a:graphicData>"
        "</a:graphic></wp:inline></w:drawing></w:r>"
    )
