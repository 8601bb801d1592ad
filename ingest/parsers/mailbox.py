"""A mailbox file: every mail in it is a member, called by its number and subject."""

import email
import mailbox
from pathlib import Path

from ingest.parsers.headers import header_of
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.names import safe_name
from ingest.parsers.options import Options
from kb.types.parsed import Member, Parsed


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Take the mails out, in their order."""
    members: list[Member] = []
    left_out, room = 0, options.max_expanded
    box = mailbox.mbox(path, create=False)
    try:
        for number, key in enumerate(box.iterkeys(), 1):
            content = box.get_bytes(key)
            room -= len(content)
            if room < 0 or len(members) >= options.max_members:
                left_out += 1
                continue
            members.append(Member(name=_name(number, content), content=content))
    finally:
        box.close()
    return Parsed(
        parser="mailbox",
        media_type=MEDIA_TYPES[kind],
        elements=(),
        members=tuple(members),
        problem="members_left_out" if left_out else None,
        problem_parameters={"members": left_out} if left_out else {},
    )


def _name(number: int, content: bytes) -> str:
    subject = header_of(email.message_from_bytes(content), "Subject")
    return safe_name(f"{number:04d} {subject[:80]}".strip() + ".eml")
