"""Outlook's mails (.msg) by oxmsg, made into the same elements as any other mail."""

from pathlib import Path

from oxmsg import Message

from ingest.parsers import office
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.mail import header_elements
from ingest.parsers.names import safe_name
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Element, Member, Parsed

ENCRYPTED = ("IPM.Note.SMIME", "IPM.Note.Secure")


def parse(path: Path, kind: str, _options: Options) -> Parsed:
    """Read a mail.

    Raises:
        FileProblem: it cannot be read.
    """
    try:
        message = Message.load(str(path))
        headers = _headers(message)
        members = tuple(_attachments(message))
    except (OSError, KeyError, ValueError, IndexError, AttributeError) as error:
        raise FileProblem("damaged", what=f"Outlook mail: {error}") from error
    encrypted = (message.message_class or "").startswith(ENCRYPTED)
    encrypted = encrypted and "Signed" not in message.message_class
    return Parsed(
        parser="unstructured+oxmsg",
        media_type=MEDIA_TYPES[kind],
        elements=(*header_elements(headers.items()), *_body(message)),
        title=headers["Subject"] or None,
        author=headers["From"] or None,
        members=() if encrypted else members,
        problem="mail_encrypted" if encrypted else None,
    )


def _headers(message: Message) -> dict[str, str]:
    to = ", ".join(f"{r.name} <{r.email_address}>".strip() for r in message.recipients)
    return {
        "From": message.sender or message.message_headers.get("From", ""),
        "To": to,
        "Date": f"{message.sent_date:%Y-%m-%d %H:%M}" if message.sent_date else "",
        "Subject": " ".join((message.subject or "").split()),
    }


def _body(message: Message) -> list[Element]:
    if message.html_body:
        found = office.elements_of_text(message.html_body, "html")
        if found:
            return found
    return office.elements_of_text(message.body or "", "txt")


def _attachments(message: Message) -> list[Member]:
    return [
        Member(name=safe_name(a.file_name or f"attachment-{n}"), content=a.file_bytes)
        for n, a in enumerate(message.attachments, 1)
        if a.attached_by_value and a.file_bytes
    ]
