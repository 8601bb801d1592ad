"""Bytes that nothing declares are read as the codec that wrote them, whole and line by line."""

import io
import zipfile

import pytest

from ingest.parsers.encoding import decode
from kb import samples
from tests.parts.files import parse, text_of

WINDOWS = ("cp1252", "iso8859_1", "iso8859_15")
DOS_AND_MAC = ("cp850", "cp437", "mac_roman")
OTHERS = {
    "pl": ("Zażółć gęślą jaźń, proszę o fakturę.", ("cp1250", "iso8859_2", "cp852")),
    "cs": ("Příliš žluťoučký kůň úpěl ďábelské ódy.", ("cp1250", "iso8859_2", "cp852")),
    "hu": ("Az árvíztűrő tükörfúrógép ára 25 000 forint.", ("cp1250", "iso8859_2", "cp852")),
    "tr": ("İstanbul şubesi açıldı, iş günü beşte biter.", ("cp1254", "iso8859_9", "cp857")),
    "ru": ("Договор поставки от 3 марта.", ("cp1251", "koi8_r", "cp866", "iso8859_5")),
    "uk": ("Підприємство має право на відпустку.", ("cp1251", "koi8_u")),
    "el": ("Η συνάντηση είναι την Τρίτη.", ("cp1253", "iso8859_7", "cp737")),
    "he": ("הפגישה ביום שלישי", ("cp1255", "iso8859_8")),
    "ar": ("الاجتماع يوم الثلاثاء", ("cp1256", "iso8859_6")),
    "lt": ("Šį mėnesį įvyks posėdis dėl biudžeto.", ("cp1257",)),
    "zh": ("关于交货期的通知，请联系我们。", ("gbk", "gb18030")),
    "zh-tw": ("關於交貨期的通知，請聯繫我們。", ("big5",)),
    "ja": ("会議は三月三日です。よろしくお願いします。", ("cp932", "euc_jp")),
    "ko": ("회의는 화요일에 있습니다.", ("cp949",)),
}


def written() -> dict[str, str]:
    """The samples' texts, by file."""
    found = {}
    for path in sorted(samples.documents().iterdir()):
        text = text_of(parse(path)) if "scan" not in path.name else ""
        if not text.isascii():
            found[path.name] = text
    return found


def snippets() -> list[str]:
    lines = {line for text in written().values() for line in text.split("\n")}
    return sorted(line for line in lines if not line.isascii())


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [*written().values(), *snippets(), *ORDINARY]


ORDINARY = [
    '"07.01.2026";"Müller, Hans";"Miete, Januar";"-850,00"',
    "Sehr geehrte Frau Dr. Öztürk,\r\nvielen Dank für Ihre Anfrage.",
    "Urlaub genehmigt: ja\r\nVertretung: Hr. Kühn",
    "Preis: 25 €",
    "Il prezzo è di 25 €",
    "Temperatur: 21 °C, Feuchte 40 %",
    "El teléfono de la oficina; mañana cerrado.",
    "„Gültig“ – bis Juni",
    "L’œuvre coûte 25 €, c’est déjà payé",
    "STRAßE, ÜBERSICHT DER GRÖßEN",
    "¿Qué hora es? ¡Mañana!",
    "Größe: XL",
    "Fuß",
]


def differing(texts: list[str], codec: str) -> list[str]:
    wrong = []
    for text in texts:
        try:
            content = text.encode(codec)
        except UnicodeEncodeError:
            continue
        if decode(content) != text:
            wrong.append(text[:60])
    return wrong


@pytest.mark.parametrize("codec", [*WINDOWS, "utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_pages_of_windows_are_always_told(texts, codec):
    long_enough = [t for t in texts if len(t) > 3 or not codec.startswith("utf-16-")]
    assert differing(long_enough, codec) == []


@pytest.mark.parametrize("codec", DOS_AND_MAC)
def test_older_pages_are_told_where_the_evidence_is_strong(texts, codec):
    wrong = differing(texts, codec)
    assert len(wrong) <= len(texts) * 0.15, wrong
    assert differing(list(written().values()), codec) == []


@pytest.mark.parametrize("language", OTHERS)
def test_pages_of_other_languages_are_told(language):
    text, codecs = OTHERS[language]
    assert {codec: decode(text.encode(codec)) for codec in codecs} == dict.fromkeys(codecs, text)


def test_all_of_a_file_is_looked_at():
    text = "Plain words without any special letter.\n" * 9000 + "Am Ende steht Größe Übermaß Möwe."
    assert decode(text.encode("cp1252")) == text


def test_a_break_in_utf8_costs_that_letter_only():
    text = "Die Prüfung der Geräte erfolgt jährlich durch Frau Möwe.\n" * 3
    assert decode(text.encode() + b"Gr\xf6\xdfe \xff") == text + "Größe ÿ"


def test_what_a_page_declares_is_meant_as_browsers_do():
    page = '<meta charset="iso-8859-1"><p>25 € – „gültig“.</p>'
    assert decode(page.encode("cp1252")) == page
    assert decode("Größe".encode("cp1252"), "x-nobody-knows") == "Größe"
    assert decode("会議は三月".encode("iso2022_jp"), "iso-2022-jp") == "会議は三月"


def named(names: list[str], codec: str) -> bytes:
    """A ZIP whose names are in a page that nothing declares."""
    output = io.BytesIO()
    standing = [f"{n:02d}".ljust(len(name.encode(codec)), "#") for n, name in enumerate(names)]
    with zipfile.ZipFile(output, "w") as archive:
        for name in standing:
            archive.writestr(name, "words")
    content = output.getvalue()
    for stand, name in zip(standing, names, strict=True):
        content = content.replace(stand.encode(), name.encode(codec))
    return content


@pytest.mark.parametrize("codec", ["utf-8", "cp437", "cp850", "cp1252", "cp932", "cp866"])
def test_names_in_archives_are_told_apart(codec, tmp_path):
    names = {
        "cp932": ["見積書.txt", "会議資料.txt"],
        "cp866": ["Договор поставки.txt"],
    }.get(codec, ["Übersicht Größe.txt", "Prüfbericht.txt"])
    (tmp_path / "a.zip").write_bytes(named(names, codec))
    assert [m.name for m in parse(tmp_path / "a.zip").members] == names
