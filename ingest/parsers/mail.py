"""Mails: who, to whom, when, about what; the text by unstructured; every other part as a member."""

import email
from collections.abc import Iterable
from email.message import Message
from pathlib import Path

from ingest.parsers import dates
from ingest.parsers.encoding import decode, unmarked_utf16
from ingest.parsers.headers import header_of
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.noticing import counted
from ingest.parsers.options import Options
from ingest.parsers.parts import MailUnpacking
from kb.errors import FileProblem
from kb.types.parsed import Element, Notice, Parsed

HEADERS = ("From", "To", "Cc", "Bcc", "Date", "Subject")


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Read a mail, or a web page that was saved as one (MHTML).

    Raises:
        FileProblem: it has neither headers nor a body.
    """
    try:
        message = email.message_from_bytes(_narrow(path.read_bytes()))
        if not message.keys():
            raise FileProblem("damaged", what="not a mail")
        return parsed(message, kind, options)
    except RecursionError as error:
        raise FileProblem("damaged", what="mail: nested too deeply") from error


def parsed(message: Message, kind: str, options: Options) -> Parsed:
    """A mail's parts as elements and members; its bytes were read already."""
    is_mail = kind != "mhtml"
    headers = [(name, header_of(message, name)) for name in HEADERS] if is_mail else []
    unpacking = MailUnpacking(options, is_page=not is_mail)
    body = unpacking.read(message)
    problem, parameters = _problem(unpacking)
    return Parsed(
        parser="unstructured+email",
        media_type=MEDIA_TYPES[kind],
        elements=(*header_elements(headers), *body),
        title=header_of(message, "Subject") or None,
        author=header_of(message, "From") or None,
        sent=_sent(message) if is_mail else None,
        created=None if is_mail else dates.of_header(header_of(message, "Date")),
        members=tuple(unpacking.members),
        problem=problem,
        problem_parameters=parameters,
        notices=_notices(unpacking),
    )


def _sent(message: Message) -> float | None:
    """When it was sent; of a mail that does not say so, when the last server received it."""
    sent = dates.of_header(header_of(message, "Date"))
    if sent is not None:
        return sent
    received = str((message.get_all("Received") or [""])[0]).rpartition(";")[2]
    return dates.of_header(received.strip())


def _problem(unpacking: MailUnpacking) -> tuple[str | None, dict[str, int]]:
    if unpacking.encrypted:
        return "mail_encrypted", {}
    if unpacking.left_out:
        return "members_left_out", {"members": unpacking.left_out}
    return None, {}


def _notices(unpacking: MailUnpacking) -> tuple[Notice, ...]:
    return counted(Notice("pictures_left_out", {"pictures": unpacking.pictures}))


def _narrow(content: bytes) -> bytes:
    """A mail in single bytes, as mails are made; some programs save them as UTF-16."""
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff")) or unmarked_utf16(content)
    return decode(content).encode() if is_wide else content.lstrip(b"\xef\xbb\xbf").lstrip(b"\r\n")


def header_elements(headers: Iterable[tuple[str, str]]) -> list[Element]:
    """Sender, recipients, date and subject, as one element."""
    lines = [f"{name}: {value}" for name, value in headers if value]
    return [Element(kind="EmailHeader", text="\n".join(lines))] if lines else []
