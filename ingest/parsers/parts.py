"""The parts of a mail, leaf by leaf: what is its text, in reading order, and what is a file.

Every leaf that is not the text is a member, however deep it lies. Of alternatives the last that
has text is the text; files and calendars within the others are kept, too.
"""

import copy
import email
import mimetypes
import re
import string
import zlib
from base64 import b64decode
from email import policy
from email.errors import MessageError
from email.message import Message

from ingest.parsers import calendars, detection, envelopes, inline, office, pictures
from ingest.parsers.encoding import decode
from ingest.parsers.headers import charset_of, filename_of
from ingest.parsers.names import safe_name
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Element, Member

AS_IT_IS = policy.default.clone(refold_source="none", cte_type="8bit")
MAILS = {"message/rfc822", "message/global", "message/news"}
SEALED = {"multipart/encrypted", "application/pgp-encrypted"}
RICH = {"text/rtf", "application/rtf"}
MAX_DEPTH = 60
"""Most levels of parts within one another."""
ARMOUR = re.compile(
    r"^-----BEGIN PGP MESSAGE-----\r?$[^-]*+(?:-----END PGP MESSAGE-----\r?$|\Z)", re.MULTILINE
)
"""An encrypted text within a text (RFC 9580, 6.2)."""
ENVELOPES = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
BORDER = re.compile(r"^--([!-~][ -~]{0,69}?)[ \t]*\r?\n[!-9;-~]+:", re.MULTILINE)
"""A line that begins a part: headers follow it."""
LETTERS = f"{string.ascii_letters}{string.digits}+/=".encode()
"""Letters of base64."""
ENOUGH_LETTERS, LONG_WORD = 0.95, 60
"""What says that it is base64 is, if so large a share of it is letters, or if so many stand at its
start; text has blanks. Behind it a list may have put a text of its own."""
FEW_STRANGE = 8
"""Bytes of control that a short text may have; more make it a picture or an archive."""
SHARE = 4
"""Another version of the text wins over the last one when it has so many times its words."""


class MailUnpacking:
    """What came out of a mail so far."""

    def __init__(self, options: Options, *, is_page: bool = False) -> None:
        self._options = options
        self._is_page = is_page
        self._room = options.max_expanded
        self._calendars: dict[str, Element] = {}
        self.members: list[Member] = []
        self.encrypted = False
        self.left_out = 0
        self.pictures = 0

    def read(self, message: Message) -> list[Element]:
        """The text of a mail; its files are in ``members`` afterwards."""
        return [*self._text(message, 0), *self._calendars.values()]

    def _text(self, part: Message, depth: int) -> list[Element]:
        kind = part.get_content_type()
        if depth > MAX_DEPTH:
            self.left_out += 1
            return []
        if kind in SEALED:
            self.encrypted = True
            return []
        if kind in ENVELOPES:
            return self._envelope(part, depth)
        if part.get_content_maintype() == "message":
            self._message(part, kind)
            return []
        if part.is_multipart():
            if kind == "multipart/alternative":
                return self._one_of(_children(part), depth)
            return [e for p in _children(part) for e in self._text(p, depth + 1)]
        if part.get_content_maintype() == "multipart":
            return self._text(_mended(part), depth + 1)
        return self._leaf(part, kind)

    def _one_of(self, parts: list[Message], depth: int) -> list[Element]:
        """The text of alternatives. Those that only repeat it in another form are no files."""
        best: list[Element] = []
        for part in _versions(parts):
            found = self._text(part, depth + 1)
            if _words(found) * SHARE >= max(1, _words(best)):
                best = found
        return best

    def _leaf(self, part: Message, kind: str) -> list[Element]:
        content, name = _content(part), filename_of(part)
        is_shown = part.get_content_disposition() != "attachment" and (self._is_page or not name)
        if is_shown and detection.is_text(content, detection.STRANGE_BY_NAME, FEW_STRANGE):
            if kind == "text/html":
                return office.elements_of_text(decode(content, charset_of(part)), "html")
            if kind == "text/plain":
                return self._plain_text(part, decode(content, charset_of(part)))
            if kind in RICH and content.startswith(b"{\\rtf"):
                return office.elements_of_rtf(content)
            if kind == "text/calendar" and self._calendar(decode(content, charset_of(part))):
                return []
        if not self._is_page:
            self._keep(part, content, name)
        return []

    def _plain_text(self, part: Message, text: str) -> list[Element]:
        plain, sealed = ARMOUR.subn("", text)
        self.encrypted |= sealed > 0
        shown, files = inline.files_in(inline.flowed(plain, part))
        for file in files:
            self._keep(part, file.content, file.name)
        return office.elements_of_text(shown, "txt")

    def _calendar(self, text: str) -> bool:
        """Whether there are entries in a calendar; they come after the text, each once."""
        try:
            found = calendars.entries(text)
        except FileProblem:
            return False
        self._calendars.update({e.text: e for e in found})
        return bool(found)

    def _envelope(self, part: Message, depth: int) -> list[Element]:
        """A signed envelope holds a part of the mail, or the file that it is named after."""
        name, content = filename_of(part), _content(part)
        try:
            inner = envelopes.opened(content, max(0, self._room))
        except envelopes.Sealed:
            self.encrypted = True
            return []
        except (ValueError, zlib.error):
            self._keep(part, content, name)
            return []
        self._room -= len(inner)
        own = name[:-4] if name.lower().endswith(".p7m") else ""
        if "." in own:
            self._keep(part, inner, own)
            return []
        return self._text(email.message_from_bytes(inner), depth + 1)

    def _message(self, part: Message, kind: str) -> None:
        """A mail within the mail is a file; so is what a server reports of a delivery."""
        inner, name = _children(part), filename_of(part)
        try:
            content = b"\n".join(m.as_bytes(policy=AS_IT_IS) for m in inner) or _content(part)
        except (MessageError, LookupError, ValueError, TypeError):  # what malformed headers raise
            self.left_out += 1
            return
        if kind in MAILS:
            self._keep(part, _plain(part, content), name or f"{self._next()}.eml")
        else:
            self._keep(part, content, name or f"{kind.rpartition('/')[2]}.txt")

    def _next(self) -> str:
        return f"message-{len(self.members) + 1}"

    def _keep(self, part: Message, content: bytes, name: str) -> None:
        if not content.strip():
            return
        if _is_decoration(part, content):
            self.pictures += 1
            return
        self._room -= len(content)
        if self._room < 0 or len(self.members) >= self._options.max_members:
            self.left_out += 1
            return
        member = Member(name=safe_name(name or self._number(part)), content=content)
        if member not in self.members:
            self.members.append(member)

    def _number(self, part: Message) -> str:
        ending = mimetypes.guess_extension(part.get_content_type()) or ""
        return f"attachment-{len(self.members) + 1}{ending}"


def _versions(parts: list[Message]) -> list[Message]:
    """Alternatives that are read: not the fourth form of a text that is there as text or page."""
    usual = [p for p in parts if p.get_content_type() in {"text/plain", "text/html"}]
    forms = [p for p in parts if p.get_content_maintype() == "text" and not filename_of(p)]
    forms = [p for p in forms if p.get_content_type() != "text/calendar" and p not in usual]
    return [p for p in parts if not usual or p not in forms]


def _words(elements: list[Element]) -> int:
    return sum(len(e.text.split()) for e in elements)


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [p for p in payload if isinstance(p, Message)] if isinstance(payload, list) else []


def _mended(part: Message) -> Message:
    """Parts whose border is not the one that is named: the one that there is, else the text."""
    content = part.get_payload()
    body = content if isinstance(content, str) else ""
    border = BORDER.search(body)
    if border is None:
        return _as_text(body)
    head = f'Content-Type: multipart/mixed; boundary="{border[1]}"\n\n'
    read = email.message_from_bytes(f"{head}{body}".encode("utf-8", "surrogateescape"))
    return read if read.is_multipart() else _as_text(body)


def _as_text(body: str) -> Message:
    made = Message()
    made["Content-Type"] = "text/plain"
    made.set_payload(body)
    return made


def _content(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return b""
    how = str(part.get("Content-Transfer-Encoding") or "").strip().lower()
    if how != "base64":
        return payload
    plain = copy.copy(part)
    del plain["Content-Transfer-Encoding"]
    raw = plain.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return payload
    joined = b"".join(raw.splitlines())
    others = joined.translate(None, LETTERS)
    is_base64 = len(others) <= (1 - ENOUGH_LETTERS) * len(joined)
    if not is_base64 and joined[:LONG_WORD].translate(None, LETTERS):
        return raw
    return _as_far_as_written(joined) if payload == joined else payload


def _as_far_as_written(joined: bytes) -> bytes:
    """What base64 says that the library left as it is: it was cut within a group of four."""
    letters = joined.translate(None, bytes(set(range(256)) - set(LETTERS))).rstrip(b"=")
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return b64decode(letters + b"=" * (-len(letters) % 4))


def _plain(part: Message, content: bytes) -> bytes:
    """A mail that was encoded once more, as no standard allows."""
    how = str(part.get("Content-Transfer-Encoding") or "").strip().lower()
    if how not in {"base64", "quoted-printable"}:
        return content
    holder = Message()
    holder["Content-Transfer-Encoding"] = how
    holder.set_payload(content.decode("ascii", "surrogateescape"))
    inner = _content(holder)
    return inner if b":" in inner[:2000] else content


def _is_decoration(part: Message, content: bytes) -> bool:
    """A picture in the text that is too small to be read (a logo in a signature)."""
    is_shown = part.get("Content-ID") and part.get_content_disposition() != "attachment"
    is_picture = part.get_content_maintype() == "image"
    return is_picture and bool(is_shown) and pictures.is_small(content)
