"""Outlook's mails (.msg): their storages by oxmsg, made into a mail and read like any other."""

import struct
from pathlib import Path

import msgspec
from olefile import OleFileIO
from oxmsg.storage import Storage

from ingest.parsers import mail, mapi
from ingest.parsers.damage import damaged
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.mapi import MapiItem, Properties
from ingest.parsers.options import Options
from kb.types.parsed import Parsed

PROPERTIES = "__properties_version1.0"
ATTACHMENT, RECIPIENT = "__attach_version1.0_#", "__recip_version1.0_#"
INNER = "__substg1.0_3701000D"
TOP, WITHIN, OTHER = 32, 24, 8
"""Bytes before the first property: of a file's message, of an attached one, of anything else."""
VARIABLE = {mapi.UNICODE, mapi.STRING8, mapi.BINARY}
MAX_DEPTH = 20
"""Most messages within one another."""
ENCRYPTED = ("ipm.note.smime", "ipm.note.secure")


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Read a mail.

    Raises:
        FileProblem: it cannot be read.
    """
    try:
        with OleFileIO(str(path)) as container:
            storage = Storage.from_ole(container)
    except (OSError, KeyError, ValueError, IndexError, AttributeError) as error:
        raise damaged("Outlook mail", error) from error
    item = _message(storage, TOP, 0)
    read = mail.parsed(mapi.as_mail(item), kind, options)
    is_sealed = _is_encrypted(item) and read.problem is None and not read.members
    return msgspec.structs.replace(
        read,
        parser="unstructured+oxmsg",
        media_type=MEDIA_TYPES[kind],
        problem="mail_encrypted" if is_sealed else read.problem,
    )


def _is_encrypted(item: MapiItem) -> bool:
    """Its class says so; what is only signed was opened."""
    message_class = item.properties.text(mapi.CLASS).lower()
    return message_class.startswith(ENCRYPTED) and "signed" not in message_class


def _message(storage: Storage, head: int, depth: int) -> MapiItem:
    attached = [s for s in storage.storages if s.name.startswith(ATTACHMENT)]
    recipients = [s for s in storage.storages if s.name.startswith(RECIPIENT)]
    return MapiItem(
        properties=_properties(storage, head),
        recipients=tuple(_properties(r, OTHER) for r in recipients),
        attachments=tuple(_attachment(a, depth + 1) for a in attached if depth < MAX_DEPTH),
    )


def _attachment(storage: Storage, depth: int) -> MapiItem:
    inner = next((s for s in storage.storages if s.name == INNER), None)
    return MapiItem(
        properties=_properties(storage, OTHER),
        inner=_message(inner, WITHIN, depth) if inner is not None else None,
    )


def _properties(storage: Storage, head: int) -> Properties:
    """Fixed values stand in one stream, others each in a stream that is called by their number."""
    streams = {s.name: s.bytes_ for s in storage.streams}
    fixed = streams.get(PROPERTIES, b"")
    found = Properties()
    for at in range(head, len(fixed) - 15, 16):
        kind, number = struct.unpack_from("<HH", fixed, at)
        if kind not in VARIABLE:
            found[number] = (kind, fixed[at + 8 : at + 16])
    for name, content in streams.items():
        if name.startswith("__substg1.0_") and len(name) == 20:
            number, kind = int(name[12:16], 16), int(name[16:], 16)
            if kind in VARIABLE:
                found[number] = (kind, content)
    return found
