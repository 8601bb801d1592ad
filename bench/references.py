"""Readings of files that share no code with the parsers: the XML itself, browsers, ``email``."""

import email
import email.header
import email.message
import io
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pypdfium2 as pdfium
from lxml import etree, html

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
UNSEEN = {f"{W}moveFrom", f"{W}del",
          "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}  # fmt: skip
TEXTS = re.compile(r"\}t$")
PARTS = {
    "docx": r"word/(?:document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml$",
    "pptx": r"ppt/(?:slides/slide|notesSlides/notesSlide|charts/chart|diagrams/data)\d+\.xml$",
    "xlsx": r"xl/(?:comments/?(?:comment)?\d*|drawings/drawing\d+)\.xml$",
}
PARAGRAPHS = re.compile(r"\}(?:p|h|si|br|tab)$")
BY_OFFICE = {"rtf": "txt:Text (encoded):UTF8", "doc": "txt:Text (encoded):UTF8"}
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)


def of(kind: str, path: Path) -> str | None:
    """The text of a file; None where there is no second reading of its kind, or it fails."""
    readers: dict[str, Callable[[Path], str | None]] = {
        **dict.fromkeys(PARTS, lambda p: _package(p, PARTS[kind])),
        "xlsx": _workbook,
        **dict.fromkeys(("odt", "ods", "odp"), lambda p: _package(p, r"content\.xml$")),
        **dict.fromkeys(("txt", "md", "csv"), lambda p: _plain(p.read_bytes())),
        **dict.fromkeys(BY_OFFICE, lambda p: _by_libreoffice(p, BY_OFFICE[kind])),
        "eml": lambda p: _mail(email.message_from_bytes(p.read_bytes())),
        "html": _page,
        "pdf": _pdf,
        "xml": lambda p: " ".join(etree.parse(str(p), PARSER).getroot().itertext()),
    }
    try:
        return readers[kind](path) if kind in readers else None
    except (OSError, ValueError, etree.LxmlError, zipfile.BadZipFile, RuntimeError, KeyError,
            AttributeError, subprocess.SubprocessError) as error:  # fmt: skip
        print(f"no reference for {path.name}: {error}")
        return None


def _plain(content: bytes) -> str:
    for codec in ("utf-8-sig", "utf-16", "cp1252") if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else (
        "utf-8-sig", "cp1252",
    ):  # fmt: skip
        try:
            return content.decode(codec)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _package(path: Path, parts: str) -> str:
    texts = []
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            if re.match(parts, name):
                texts.append(_of_xml(etree.fromstring(package.read(name), PARSER)))
    return "\n".join(texts)


def _workbook(path: Path) -> str:
    """The texts of the sheets that are seen, by openpyxl, and what stands beside their cells."""
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), data_only=True, read_only=True)
    seen = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    rows = (row for sheet in seen for row in sheet.iter_rows(values_only=True))
    cells = "\n".join(value for row in rows for value in row if isinstance(value, str))
    return f"{cells}\n{_package(path, PARTS['xlsx'])}"


def _of_xml(root: etree._Element) -> str:
    """Letters of one paragraph are joined, paragraphs are not."""
    if root.tag in UNSEEN or not isinstance(root.tag, str):
        return ""
    is_open = "opendocument" in root.tag and "text:1.0" in root.tag
    own = (root.text or "") if TEXTS.search(root.tag) or is_open else ""
    pieces = [own]
    for child in root:
        pieces += [_of_xml(child), (child.tail or "") if is_open else ""]
    return "".join(pieces) + ("\n" if PARAGRAPHS.search(root.tag) else "")


def _mail(message: email.message.Message) -> str:
    subject = email.header.decode_header(message.get("Subject") or "")
    return "\n".join([str(email.header.make_header(subject)), *_leaves(message)])


def _leaves(message: email.message.Message) -> list[str]:
    """The texts of a mail and of the files in it; of alternatives the last one that is a text."""
    if message.is_multipart():
        parts = [_leaves(part) for part in message.get_payload() if not isinstance(part, str)]
        if message.get_content_subtype() == "alternative":
            parts = [part for part in parts if any(part)][-1:]
        return [text for part in parts for text in part]
    content = message.get_payload(decode=True)
    is_text = message.get_content_maintype() == "text"
    if not is_text or not isinstance(content, bytes) or message.get_content_subtype() == "calendar":
        return []  # of a calendar little is for people
    text = _declared(content, message.get_content_charset())
    return [_without_tags(text) if message.get_content_subtype() == "html" else text]


def _declared(content: bytes, charset: str | None) -> str:
    try:
        return content.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return _plain(content)


def _without_tags(source: str) -> str:
    tree = html.document_fromstring(source.encode("utf-8"), html.HTMLParser(encoding="utf-8"))
    for node in list(tree.iter("script", "style", "head", "noscript", "template", "nav")):
        node.drop_tree()
    return " ".join(tree.itertext())


def _page(path: Path) -> str | None:
    """What Chromium shows of it, without scripts; where it is not installed, all that is no tag."""
    names = ("chromium-headless-shell", "chromium", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        return _without_tags(_plain(path.read_bytes()))
    with tempfile.TemporaryDirectory() as folder:
        page, profile = Path(folder) / "page.html", Path(folder) / "profile"
        script = (
            b"<script>onload=()=>{document.querySelectorAll('nav,script').forEach(n=>n.remove());"
            b"document.querySelectorAll('details').forEach(n=>n.open=true);"
            b"document.documentElement.innerHTML='<pre></pre>'.replace('><','>'+document.body"
            b".innerText.replace(/&/g,'&amp;').replace(/</g,'&lt;')+'<')}</script>"
        )
        page.write_bytes(path.read_bytes() + script)
        done = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--blink-settings=imagesEnabled=false",
             f"--user-data-dir={profile}", "--dump-dom", f"file://{page}"],
            capture_output=True, timeout=60, check=True,
        )  # fmt: skip
    return str(html.document_fromstring(done.stdout.decode() or "<p></p>").text_content())


def _pdf(path: Path) -> str:
    document = pdfium.PdfDocument(path)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def _by_libreoffice(path: Path, how: str) -> str | None:
    if shutil.which("soffice") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless",
             "--convert-to", how, "--outdir", folder, str(path)],
            capture_output=True, timeout=120, check=True,
        )  # fmt: skip
        made = next(Path(folder).glob("*.txt"), None)
        return made.read_text("utf-8", "replace") if made else None
