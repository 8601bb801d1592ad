"""Mails: who, to whom, when, about what; the body by unstructured; attachments as members."""

import email
from email import policy
from email.message import EmailMessage, Message
from pathlib import Path

from ingest.parsers import office
from ingest.parsers.detection import MEDIA_TYPES
from kb.errors import FileProblem
from kb.types import Element, Member, Parsed

HEADERS = ("From", "To", "Cc", "Date", "Subject")


def parse(path: Path) -> Parsed:
    """Read a mail.

    Raises:
        FileProblem: it has neither headers nor a body.
    """
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    if not isinstance(message, EmailMessage) or not message.keys():
        raise FileProblem("damaged", what="not a mail")
    headers = [(name, _header(message, name)) for name in HEADERS]
    lines = [f"{name}: {value}" for name, value in headers if value]
    elements = [Element(kind="EmailHeader", text="\n".join(lines))] if lines else []
    elements += _body(message, path.parent)
    return Parsed(
        parser="unstructured+email",
        media_type=MEDIA_TYPES["eml"],
        elements=tuple(elements),
        title=_header(message, "Subject") or None,
        author=_header(message, "From") or None,
        members=tuple(_attachments(message)),
    )


def _header(message: Message, name: str) -> str:
    try:
        return " ".join(str(message.get(name) or "").split())
    except (ValueError, IndexError, AttributeError, TypeError):  # what malformed headers raise
        return ""


def _body(message: EmailMessage, folder: Path) -> list[Element]:
    part = message.get_body(preferencelist=("html", "plain"))
    if part is None:
        return []
    kind = "html" if part.get_content_type() == "text/html" else "txt"
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset()
    try:
        text = content.decode(charset or "utf-8", "replace")
    except LookupError:
        text = content.decode("utf-8", "replace")
    file = folder / f"body.{kind}"
    file.write_text(text, encoding="utf-8")
    return [*office.elements_of(office.PARTITION[kind](file))] if text.strip() else []


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
        if isinstance(payload, bytes) and payload:
            members.append(Member(name=_safe(name), content=payload))
    return members


def _safe(name: str) -> str:
    """Only the last part of a name, without control characters: it is shown, never opened."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:200].strip() or "attachment"
