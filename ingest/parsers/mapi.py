"""Outlook's properties (MAPI) made into a mail like any other: .msg files and winmail.dat.

The names and numbers of properties are those of Microsoft's [MS-OXPROPS].
"""

import email
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import encoders
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart

from ingest.parsers import compressed_rtf
from ingest.parsers.encoding import decode
from ingest.parsers.headers import header_of

UNICODE, STRING8, BINARY, OBJECT, TIME = 0x001F, 0x001E, 0x0102, 0x000D, 0x0040
"""Types of values: text in UTF-16, text in a code page, bytes, an object, a moment
([MS-OXCDATA])."""
SUBJECT, CLASS, BODY, HTML, RTF = 0x0037, 0x001A, 0x1000, 0x1013, 0x1009
"""Properties of a message: its subject, its class, and its body as text, HTML and packed RTF."""
TRANSPORT_HEADERS = 0x007D
"""The property with the headers as they came."""
CODEPAGE, BODY_CODEPAGE = 0x3FFD, 0x3FDE
"""The properties that name the code page of texts, and that of the body."""
SUBMITTED, DELIVERED = 0x0039, 0x0E06
"""The properties of when it was sent, and when it came."""
SENDER_NAME, SENDER_ADDRESS, SENDER_SMTP = 0x0C1A, 0x0C1F, 0x5D01
"""Who sent it: properties of name, address and SMTP address."""
FROM_NAME, FROM_ADDRESS, FROM_SMTP = 0x0042, 0x0065, 0x5D02
"""On whose behalf it was sent: properties of name, address and SMTP address."""
DISPLAY_TO, DISPLAY_CC, DISPLAY_BCC = 0x0E04, 0x0E03, 0x0E02
"""The properties that list recipients as Outlook shows them."""
NAME, ADDRESS, SMTP, RECIPIENT_KIND = 0x3001, 0x3003, 0x39FE, 0x0C15
"""Properties of a recipient: name, address, SMTP address, and which of To, Cc and Bcc (1 to 3)."""
DATA, FILE_NAME, SHORT_NAME, MEDIA_TYPE = 0x3701, 0x3707, 0x3704, 0x370E
"""Properties of an attachment: its bytes, long and short file name, media type."""
CONTENT_ID = 0x3712
"""The property by which a body's HTML refers to an attachment."""
SEALED = "application/pgp-encrypted"
ENVELOPES = {"application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/signed", SEALED}
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class Properties(dict[int, tuple[int, bytes]]):
    """Properties by number: their type, and their bytes."""

    def text(self, number: int, pages: "Properties | None" = None) -> str:
        """A property's text; empty where it is absent. ``pages`` says what bytes are in."""
        kind, content = self.get(number, (0, b""))
        if kind == UNICODE:
            return content.decode("utf-16-le", "replace").rstrip("\0")
        if kind not in {STRING8, BINARY}:
            return ""
        is_body = number in {BODY, HTML}
        return decode(
            content.rstrip(b"\0"), page_of(self if pages is None else pages, body=is_body)
        )

    def number(self, number: int) -> int:
        """A property's number; 0 where it is absent."""
        return int.from_bytes(self.get(number, (0, b""))[1][:4], "little")

    def moment(self, number: int) -> str:
        """A point in time, in UTC, as mails write it."""
        kind, content = self.get(number, (0, b""))
        if kind != TIME or len(content) < 8:
            return ""
        ticks = struct.unpack_from("<Q", content)[0]
        try:
            return f"{EPOCH + timedelta(microseconds=ticks // 10):%a, %d %b %Y %H:%M:%S +0000}"
        except OverflowError:
            return ""


@dataclass(frozen=True, slots=True)
class MapiItem:
    """A message or an attachment as it was stored; ``inner`` is a message that was attached."""

    properties: Properties
    recipients: tuple[Properties, ...] = ()
    attachments: tuple["MapiItem", ...] = ()
    inner: "MapiItem | None" = field(default=None)


def page_of(properties: Properties, *, body: bool) -> str | None:
    """The label of the code page that eight-bit texts are in."""
    number = (properties.number(BODY_CODEPAGE) if body else 0) or properties.number(CODEPAGE)
    if number in {0, 1200}:
        return None
    return "utf-8" if number == 65001 else "us-ascii" if number == 20127 else f"cp{number}"


def as_mail(item: MapiItem) -> Message:
    """The message as a mail, with everything that is attached to it."""
    mail = MIMEMultipart("mixed")
    for name, value in _headers(item):
        if value:
            mail[name] = Header(
                " ".join(value.split())[:5000].encode("utf-8", "replace"), "utf-8"
            ).encode()
    texts = MIMEMultipart("alternative")
    for text in _texts(item.properties):
        texts.attach(text)
    mail.attach(texts)
    for attached in item.attachments:
        part = _attached(attached, item.properties)
        if part is not None:
            mail.attach(part)
    return mail


def _headers(item: MapiItem) -> list[tuple[str, str]]:
    found = item.properties
    sent = email.message_from_string(found.text(TRANSPORT_HEADERS).lstrip())
    written = {name: header_of(sent, name) for name in ("From", "To", "Cc", "Date")}
    date = found.moment(SUBMITTED) or found.moment(DELIVERED)
    return [
        ("From", written["From"] or _sender(found)),
        ("To", written["To"] or _people(item, 1) or found.text(DISPLAY_TO)),
        ("Cc", written["Cc"] or _people(item, 2) or found.text(DISPLAY_CC)),
        ("Bcc", _people(item, 3) or found.text(DISPLAY_BCC)),
        ("Date", written["Date"] or date),
        ("Subject", found.text(SUBJECT)),
    ]


def _sender(found: Properties) -> str:
    name = found.text(FROM_NAME) or found.text(SENDER_NAME)
    numbers = (FROM_SMTP, SENDER_SMTP, FROM_ADDRESS, SENDER_ADDRESS)
    return _person(name, [found.text(number) for number in numbers])


def _people(item: MapiItem, kind: int) -> str:
    people = [r for r in item.recipients if (r.number(RECIPIENT_KIND) or 1) == kind]
    return ", ".join(
        _person(r.text(NAME, item.properties), [r.text(SMTP), r.text(ADDRESS)]) for r in people
    )


def _person(name: str, addresses: Iterable[str]) -> str:
    """A name with an address that people write to: not the one within Exchange."""
    address = next((a for a in addresses if "@" in a), "")
    return f"{name} <{address}>" if name and address and name != address else name or address


def _texts(found: Properties) -> list[Message]:
    parts = []
    if found.get(BODY):
        parts.append(_part("text/plain", found.text(BODY).encode("utf-8", "replace"), "utf-8"))
    if found.get(HTML):
        kind, content = found[HTML]
        if kind == BINARY:
            parts.append(_part("text/html", content, page_of(found, body=True)))
        else:
            parts.append(_part("text/html", found.text(HTML).encode("utf-8", "replace"), "utf-8"))
    rtf = compressed_rtf.unpacked(found[RTF][1]) if found.get(RTF) and not parts else b""
    return [*parts, _part("text/rtf", rtf)] if rtf else parts


def _attached(item: MapiItem, pages: Properties) -> Message | None:
    found = item.properties
    name = found.text(FILE_NAME, pages) or found.text(SHORT_NAME, pages) or found.text(NAME, pages)
    if item.inner is not None:
        name = name or item.inner.properties.text(SUBJECT)
        name = name if name.lower().endswith(".eml") else f"{name or 'message'}.eml"
        part = _part("application/octet-stream", as_mail(item.inner).as_bytes())
    elif found.get(DATA, (0, b""))[1]:
        kind = _media_type(found.text(MEDIA_TYPE, pages), name)
        if kind == "multipart/signed":
            return email.message_from_bytes(found[DATA][1])
        part = _part(kind, found[DATA][1])
    else:
        return None
    content_id = found.text(CONTENT_ID, pages)
    shown = bool(content_id) and part.get_content_maintype() == "image"
    part.add_header("Content-Disposition", "inline" if shown else "attachment")
    part.set_param("filename", name or "attachment", "Content-Disposition", charset="utf-8")
    if shown:
        part["Content-ID"] = "<shown>"
    return part


def _media_type(written: str, name: str) -> str:
    """What it says it is, as far as that changes how it is read: signed, or a picture."""
    plain = written.strip().lower()
    if plain in ENVELOPES or name.lower() == "smime.p7m":
        return plain if plain in ENVELOPES else "application/pkcs7-mime"
    is_picture = plain.startswith("image/") and plain[6:].isalnum()
    return plain if is_picture else "application/octet-stream"


def _part(kind: str, content: bytes, charset: str | None = None) -> Message:
    main, _, sub = kind.partition("/")
    part = MIMEBase(main, sub)
    if charset:
        part.set_param("charset", charset)
    part.set_payload(content)
    encoders.encode_base64(part)
    return part
