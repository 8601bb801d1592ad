"""Pages whose letters make no words: broken maps from glyphs to characters."""

import re
import shutil
import string

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers.pdf import letters
from kb.types.parsed import UNREADABLE_LETTERS
from tests.parts.files import FONT, parse
from tests.parts.processes import missing

SAID = "The office keeps every confidential contract for ten years in the archive of hall nine."
SENTENCES = {
    "en": "Employees hand in their travel expenses within thirty days after the journey ended.",
    "de": "Die Beschäftigten reichen ihre Reisekosten binnen dreißig Tagen nach der Rückkehr ein.",
    "fr": "Les salariés remettent leurs frais de déplacement dans les trente jours du retour.",
    "it": "I dipendenti consegnano le spese di viaggio entro trenta giorni dal rientro in sede.",
    "es": "Los empleados entregan sus gastos de viaje dentro de los treinta días del regreso.",
    "pt": "Os funcionários entregam as despesas de viagem até trinta dias depois do regresso.",
    "nl": "Medewerkers leveren hun reiskosten binnen dertig dagen na terugkeer op kantoor in.",
    "pl": "Pracownicy rozliczają koszty podróży służbowej w ciągu trzydziestu dni od powrotu.",
    "cs": "Zaměstnanci odevzdají cestovní náklady do třiceti dnů po návratu ze služební cesty.",
    "hu": "A munkatársak az utazási költségeiket a visszatérés után harminc napon belül leadják.",
    "sv": "Medarbetarna lämnar in sina resekostnader inom trettio dagar efter hemkomsten.",
    "fi": "Työntekijät toimittavat matkakulunsa kolmenkymmenen päivän kuluessa paluun jälkeen.",
    "tr": "Çalışanlar yolculuk giderlerini dönüşten sonraki otuz gün içinde teslim ederler.",
}


MAPPED = re.compile("^(<[0-9A-F]+> +)<([0-9A-F]{4})>$", re.MULTILINE | re.IGNORECASE)
"""A line of a font's map: a glyph's code, and the character that it stands for."""


def shifted(text: str, by: int) -> str:
    """Every letter exchanged for the one that stands so many places further on."""
    small = string.ascii_lowercase
    turned = small[by:] + small[:by]
    return text.translate(str.maketrans(small + small.upper(), turned + turned.upper()))


@pytest.mark.parametrize("language", SENTENCES)
def test_a_language_is_words_and_its_letters_exchanged_are_none(language):
    text = f"{SENTENCES[language]} {SENTENCES[language]}"
    assert not letters.make_no_words(text)
    assert not letters.make_no_words(text.upper())
    caught = sum(letters.make_no_words(shifted(text, by)) for by in range(1, 26))
    assert caught >= 22, "of 25 shifts; a sentence is shorter than any page"


@pytest.mark.parametrize(
    "text",
    [
        "AB-1057/5 XZ-88 QRT 12.50 8,350.00 4711",
        "Σύμβαση μίσθωσης αποθήκης για δέκα χρόνια με δικαίωμα παράτασης",
        "Договор аренды склада сроком на десять лет с правом продления",
        "\uf0b7 Contracts are kept for ten years\n\uf0b7 Invoices are kept for eight years",
    ],
)
def test_codes_other_alphabets_and_bullets_are_no_fault(text):
    assert not letters.make_no_words(text)


def broken(path, change) -> None:
    """A page that shows SAID, and whose font says other characters for its glyphs."""
    pdfmetrics.registerFont(TTFont("DejaVu", FONT))
    canvas = Canvas(str(path))
    canvas.setFont("DejaVu", 11)
    for n in range(4):
        canvas.drawString(50, 700 - 20 * n, SAID)
    canvas.save()
    writer = PdfWriter(clone_from=str(path))
    for found in list(writer._objects):
        font = found.get_object() if found is not None else None
        if isinstance(font, dict) and "/ToUnicode" in font:
            said = font["/ToUnicode"].get_object().get_data().decode("latin-1")
            stream = DecodedStreamObject()
            stream.set_data(MAPPED.sub(change, said).encode("latin-1"))
            font[NameObject("/ToUnicode")] = writer._add_object(stream)
    writer.write(str(path))


def private(found):
    return f"{found[1]}<{0xE000 + int(found[2], 16) % 0x1000:04X}>"


def further(found):
    code = int(found[2], 16)
    return f"{found[1]}<{code + 3 if 0x40 < code < 0x7B else code:04X}>"


@pytest.mark.parametrize("change", [private, further])
def test_without_ocr_such_a_page_is_marked_and_said(tmp_path, change):
    broken(tmp_path / "a.pdf", change)
    read = parse(tmp_path / "a.pdf", languages="")
    assert (read.problem, read.problem_parameters) == ("unreadable_letters", {"pages": 1})
    assert {e.section for e in read.elements} == {UNREADABLE_LETTERS}


@pytest.mark.parametrize("change", [private, further])
def test_with_ocr_it_is_read_as_it_is_seen(tmp_path, change):
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    broken(tmp_path / "a.pdf", change)
    read = parse(tmp_path / "a.pdf")
    assert read.problem is None
    assert " ".join(SAID.split()) in " ".join(e.text for e in read.elements)
    assert UNREADABLE_LETTERS not in {e.section for e in read.elements}
