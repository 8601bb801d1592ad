"""Parts that name themselves, or one another in a circle: each costs only itself."""

import zipfile

import pytest

from tests.parts.files import WORDS, opendocument, parse, text_of, with_part, word

KINDS = (
    "header", "footer", "footnotes", "endnotes", "comments", "chart", "aFChunk", "styles",
    "numbering", "settings", "diagramData", "image",
)  # fmt: skip
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_of_word_that_is_the_document_itself(kind, tmp_path):
    """Word calls such a file damaged; what its text says is read all the same."""
    word(tmp_path / "a.docx")
    relation = f'<Relationship Id="kb1" Type="{RELATIONS}/{kind}" Target="document.xml"/>'
    reference = {
        "header": '<w:sectPr><w:headerReference w:type="default" r:id="kb1"/></w:sectPr>',
        "footer": '<w:sectPr><w:footerReference w:type="default" r:id="kb1"/></w:sectPr>',
        "aFChunk": '<w:altChunk r:id="kb1"/>',
    }.get(kind, "")

    def named(part: bytes) -> bytes:
        return part.replace(b"</Relationships>", f"{relation}</Relationships>".encode())

    def referred(part: bytes) -> bytes:
        head, _, rest = part.rpartition(b"<w:sectPr")
        return head + reference.encode() + rest[rest.index(b"</w:sectPr>") + 11 :]

    with_part(tmp_path / "a.docx", tmp_path / "b.docx", "word/_rels/document.xml.rels", named)
    if reference:
        with_part(tmp_path / "b.docx", tmp_path / "b.docx", "word/document.xml", referred)
    assert text_of(parse(tmp_path / "b.docx")).count(WORDS) == 1


def test_an_object_of_opendocument_that_is_its_own_document(tmp_path):
    frames = "".join(
        '<draw:frame><draw:object xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'xlink:href="{to}"/></draw:frame>'
        for to in (".", "./.", "..", "../", "")
    )
    body = f"<office:text><text:p>{WORDS}{frames}</text:p></office:text>"
    opendocument(tmp_path / "a.odt", "text", body)
    assert text_of(parse(tmp_path / "a.odt")) == WORDS


OBJECTS = {
    1: "<</Type/Catalog/Pages 2 0 R>>",
    2: "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources"
       "<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>>>",
    4: "<</Length 50>>stream\n/X Do BT /F 12 Tf 20 200 Td (The pump stands) Tj ET   \nendstream",
    5: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    6: "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>/Length 12>>"
       "stream\n/X Do       \nendstream",
    7: "<</Title(a)/Parent 7 0 R/Next 7 0 R/First 7 0 R>>",
}  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {2: "<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2>>"},
        {2: "<</Type/Pages/Kids[3 0 R 9 0 R]/Count 2>>"},
        {2: "<</Type/Pages/Kids[3 0 R]/Count 1/Parent 2 0 R>>"},
        {1: "<</Type/Catalog/Pages 2 0 R/Outlines 7 0 R>>"},
        {1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[7 0 R]>>>>"},
    ],
)
def test_a_pdf_whose_objects_hold_themselves(changed, tmp_path):
    source, places = "%PDF-1.7\n", []
    for number, each in (OBJECTS | changed).items():
        places.append(len(source))
        source += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    source += f"xref\n0 8\n0000000000 65535 f \n{table}trailer<</Size 8/Root 1 0 R>>\n"
    start = source.index("xref\n0 8")
    (tmp_path / "a.pdf").write_text(f"{source}startxref\n{start}\n%%EOF", "latin-1")
    assert text_of(parse(tmp_path / "a.pdf")) == "The pump stands"


def test_archives_that_hold_an_archive_under_its_own_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.zip", b"PK\x05\x06" + bytes(18))
        archive.writestr("words.txt", WORDS)
    assert [m.name for m in parse(tmp_path / "a.zip").members] == ["a.zip", "words.txt"]
