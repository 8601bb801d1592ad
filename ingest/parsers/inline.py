"""What plain text in a mail carries beside itself: soft line breaks, and files in letters."""

import binascii
import re
from email.message import Message

from kb.types.parsed import Member

BROKEN = re.compile(r"(?<=\S)(?<!\n--) \r?\n(?=[^\s>-])")
FILE = re.compile(
    r"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n((?:[ -`]{1,90}\r?\n)+?)end\r?$", re.MULTILINE
)
"""uuencode, as POSIX describes it."""


def flowed(text: str, part: Message) -> str:
    """Lines that a program broke are one again (RFC 3676)."""
    if str(part.get_param("format") or "").lower() != "flowed":
        return text
    joint = "" if str(part.get_param("delsp") or "").lower() == "yes" else " "
    return BROKEN.sub(joint, text)


def files_in(text: str) -> tuple[str, list[Member]]:
    """The text without the files that are written into it, and the files."""
    if "begin " not in text or "\nend" not in text:
        return text, []
    found: list[Member] = []

    def taken(match: re.Match[str]) -> str:
        try:
            lines = [binascii.a2b_uu(line) for line in match.group(2).splitlines()]
        except (binascii.Error, ValueError):
            return match.group(0)
        found.append(Member(name=match.group(1), content=b"".join(lines)))
        return ""

    return FILE.sub(taken, text), found
