"""Mails: sender, recipients, date and subject; the body by unstructured; attachments as members."""

import email
from collections.abc import Iterable
from email import policy
from email.message import EmailMessage, Message
from pathlib import Path

from ingest.parsers import office
from ingest.parsers.encoding import decode, unmarked_utf16
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.names import safe_name
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Element, Member, Parsed

HEADERS = ("From", "To", "Cc", "Date", "Subject")


def parse(path: Path, kind: str, _options: Options) -> Parsed:
    """Read a mail, or a web page that was saved as one (MHTML).

    Raises:
        FileProblem: it has neither headers nor a body.
    """
    message = email.message_from_bytes(_narrow(path.read_bytes()), policy=policy.default)
    if not isinstance(message, EmailMessage) or not message.keys():
        raise FileProblem("damaged", what="not a mail")
    is_mail = kind == "eml"
    headers = [(name, header_of(message, name)) for name in HEADERS] if is_mail else []
    encrypted = _is_encrypted(message)
    body = [] if encrypted else _body(message)
    return Parsed(
        parser="unstructured+email",
        media_type=MEDIA_TYPES[kind],
        elements=(*header_elements(headers), *body),
        title=header_of(message, "Subject") or None,
        author=header_of(message, "From") or None,
        members=tuple(_attachments(message)) if is_mail and not encrypted else (),
        problem="mail_encrypted" if encrypted else None,
    )


def _narrow(content: bytes) -> bytes:
    """A mail in single bytes, as mails are made; some programs save them as UTF-16."""
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff")) or unmarked_utf16(content)
    return decode(content).encode() if is_wide else content


def header_of(message: Message, name: str) -> str:
    """A header on one line; empty where it is absent or malformed."""
    try:
        return " ".join(str(message.get(name) or "").split())
    except (ValueError, IndexError, AttributeError, TypeError):  # what malformed headers raise
        return ""


def header_elements(headers: Iterable[tuple[str, str]]) -> list[Element]:
    """Sender, recipients, date and subject, as one element."""
    lines = [f"{name}: {value}" for name, value in headers if value]
    return [Element(kind="EmailHeader", text="\n".join(lines))] if lines else []


def _is_encrypted(message: EmailMessage) -> bool:
    kind = message.get_content_type()
    is_smime = kind in {"application/pkcs7-mime", "application/x-pkcs7-mime"}
    is_signed = str(message.get_param("smime-type") or "").startswith("signed")
    return kind == "multipart/encrypted" or (is_smime and not is_signed)


def _body(message: EmailMessage) -> list[Element]:
    part = message.get_body(preferencelist=("html", "plain"))
    if part is None:
        return []
    kind = "html" if part.get_content_type() == "text/html" else "txt"
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    return office.elements_of_text(_decoded(content, part.get_content_charset()), kind)


def _decoded(content: bytes, charset: str | None) -> str:
    try:
        return content.decode(charset or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _attachments(message: EmailMessage) -> list[Member]:
    members: list[Member] = []
    for number, part in enumerate(message.iter_attachments(), 1):
        name = part.get_filename() or f"attachment-{number}"
        payload = part.get_payload(decode=True)
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload()
            first = inner[0] if isinstance(inner, list) and inner else None
            payload = first.as_bytes() if isinstance(first, Message) else b""
            name = part.get_filename() or f"message-{number}.eml"
        if isinstance(payload, bytes) and payload and not _is_decoration(part):
            members.append(Member(name=safe_name(name), content=payload))
    return members


def _is_decoration(part: Message) -> bool:
    """A picture that the text shows in its place (a logo in a signature)."""
    is_shown = part.get("Content-ID") and part.get_content_disposition() != "attachment"
    return part.get_content_maintype() == "image" and bool(is_shown)
