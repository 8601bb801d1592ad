"""Signatures in minisign's format: ``minisign -Vm FILE`` checks what is signed here.

Ed25519 signs the BLAKE2b digest of a file, of any size. A second signature covers the first one and
a line of text, the trusted comment. Keys are minisign's files; a secret key has mode 0600 and no
password (``minisign -G -W``), since a service or a build signs with it and nobody is there to type.
"""

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kb.errors import ConflictError, PermanentError, UsageError

ENDING = ".minisig"
"""Behind the name of a file: where its signature is looked for."""
UNTRUSTED, TRUSTED = "untrusted comment: ", "trusted comment: "
OF_KEY, OF_FILE, OF_DIGEST = b"Ed", b"Ed", b"ED"
"""What begins a key; a signature of a file as it is (minisign before 0.10), and of its digest."""
ID, RAW, SIGNATURE = 8, 32, 64
"""Bytes of a key's number, of an Ed25519 key, and of a signature."""
WITHOUT_PASSWORD, CHECKED_BY = b"\0\0", b"B2"
SALT_AND_COSTS = bytes(48)
"""What a key with a password is opened by; without one it is nothing."""
LARGEST = 10_000
"""Bytes of a key or a signature; they have hundreds."""
PART = 1 << 20
"""Bytes that are read at once."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class PublicKey:
    """By which anybody checks; ``id`` says which key a signature is of."""

    id: bytes
    raw: bytes

    @property
    def name(self) -> str:
        """The id as minisign shows it."""
        return self.id[::-1].hex().upper()

    def __str__(self) -> str:
        """One line, as ``minisign -P`` takes it."""
        return _written(OF_KEY + self.id + self.raw)


@dataclass(frozen=True, slots=True)
class SecretKey:
    """By which its owner signs."""

    public: PublicKey
    seed: bytes

    def __repr__(self) -> str:
        """Without the secret, which is not to stand in a log."""
        return f"SecretKey({self.public.name})"

    def sign(self, content: BinaryIO, comment: str) -> str:
        """The text of a signature. The same content and comment give the same text.

        Raises:
            UsageError: the comment is more than one line.
        """
        if not comment.isprintable():
            raise UsageError("A trusted comment is one line of text.", code="wrong_comment")
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        own = key.sign(_digest(content))
        over_both = key.sign(own + comment.encode())
        return (
            f"{UNTRUSTED}signature by the key {self.public.name}\n"
            f"{_written(OF_DIGEST + self.public.id + own)}\n"
            f"{TRUSTED}{comment}\n{_written(over_both)}\n"
        )


def make_key(secret: Path, public: Path) -> PublicKey:
    """Make a key, and write its two files. Neither may exist.

    Raises:
        ConflictError: there is such a file.
        OSError: they cannot be written; neither is left.
    """
    seed, named = secrets.token_bytes(RAW), secrets.token_bytes(ID)
    key = PublicKey(named, _public_of(seed))
    written = OF_KEY + WITHOUT_PASSWORD + CHECKED_BY + SALT_AND_COSTS
    written += named + seed + key.raw + _checksum(named, seed + key.raw)
    _write_new(secret, f"{UNTRUSTED}minisign secret key\n{_written(written)}\n", 0o600)
    try:
        _write_new(public, f"{UNTRUSTED}minisign public key {key.name}\n{key}\n", 0o644)
    except BaseException:
        secret.unlink()
        raise
    return key


def read_secret(file: Path) -> SecretKey:
    """Read a secret key, which minisign may have made.

    Raises:
        UsageError: it is none, cannot be read, has a password, or others can read it.
    """
    content, mode = _line_of(file, "a secret key")
    if mode & OTHERS:
        raise UsageError(
            "Others can read the secret key {file}. Once you are sure that nobody did: chmod 600",
            code="key_open", detail={"file": str(file)},
        )  # fmt: skip
    start = len(OF_KEY + WITHOUT_PASSWORD + CHECKED_BY + SALT_AND_COSTS)
    kind, password, checked = content[:2], content[2:4], content[4:6]
    named, pair = content[start : start + ID], content[start + ID : start + ID + 2 * RAW]
    if kind != OF_KEY or checked != CHECKED_BY or len(content) != start + ID + 3 * RAW:
        raise _unreadable(file, "a secret key")
    if password != WITHOUT_PASSWORD:
        raise UsageError(
            "The secret key {file} has a password. Take it off a copy (minisign -C -W -s COPY), "
            "or make a key without one.",
            code="key_has_password", detail={"file": str(file)},
        )  # fmt: skip
    key = SecretKey(PublicKey(named, _public_of(pair[:RAW])), pair[:RAW])
    if key.public.raw != pair[RAW:]:
        raise _unreadable(file, "a secret key")
    return key


def read_public(key: str | Path) -> PublicKey:
    """Read a public key: its file, or its one line.

    Raises:
        UsageError: it is none, or cannot be read.
    """
    if isinstance(key, Path):
        content, _ = _line_of(key, "a public key")
    else:
        content = _read(key) or b""
    if content[:2] != OF_KEY or len(content) != len(OF_KEY) + ID + RAW:
        raise _unreadable(key, "a public key")
    return PublicKey(content[2 : 2 + ID], content[2 + ID :])


def sign_file(file: Path, key: SecretKey, comment: str) -> Path:
    """Write the signature of a file beside it, and give its path.

    Raises:
        OSError: the file cannot be read, or the signature not be written.
    """
    with file.open("rb") as content:
        text = key.sign(content, comment)
    beside = file.with_name(file.name + ENDING)
    beside.write_text(text, encoding="utf-8")
    return beside


def verify_file(file: Path, key: PublicKey) -> str:
    """Check a file by the signature beside it, and give the trusted comment.

    Raises:
        UsageError: there is no such file, or no signature.
        PermanentError: as :func:`verify`.
    """
    beside = file.with_name(file.name + ENDING)
    try:
        with file.open("rb") as content:
            return verify(content, beside.read_text(encoding="utf-8"), key, str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "{file} or its signature {signature} cannot be read: {reason}.",
            code="signature_unread",
            detail={"file": str(file), "signature": str(beside), "reason": _why(error)},
        ) from error


def verify(content: BinaryIO, signature: str, key: PublicKey, name: str = "The content") -> str:
    """Check content by a signature's text, and give the trusted comment.

    Raises:
        PermanentError: the text is no signature, is another key's, or is not of this content.
    """
    named, own, comment, over_both = _parts(signature, name)
    if named != key.id:
        raise PermanentError(
            "{file} is signed by the key {found}, not by {wanted}.",
            code="signature_of_another_key",
            detail={"file": name, "found": PublicKey(named, b"").name, "wanted": key.name},
        )
    checked = Ed25519PublicKey.from_public_bytes(key.raw)
    try:
        checked.verify(own, _digest(content))
        checked.verify(over_both, own + comment.encode())
    except InvalidSignature as error:
        raise PermanentError(
            "{file} is not what was signed: it, or its signature, was changed since.",
            code="signature_wrong", detail={"file": name},
        ) from error  # fmt: skip
    return comment


def _parts(signature: str, name: str) -> tuple[bytes, bytes, str, bytes]:
    """The key's id, the signature of the content, the trusted comment, the signature of both."""
    lines = signature.splitlines()
    if len(lines) != 4 or not lines[2].startswith(TRUSTED):
        raise _no_signature(name, "it has not the four lines of one")
    own, over_both = _read(lines[1]), _read(lines[3])
    if own is None or over_both is None or len(over_both) != SIGNATURE:
        raise _no_signature(name, "its lines cannot be read")
    if own[:2] == OF_FILE:
        raise _no_signature(name, "it is of the old kind (minisign -l): sign anew without -l")
    if own[:2] != OF_DIGEST or len(own) != len(OF_DIGEST) + ID + SIGNATURE:
        raise _no_signature(name, "it is of another kind")
    return own[2 : 2 + ID], own[2 + ID :], lines[2].removeprefix(TRUSTED), over_both


def _no_signature(name: str, why: str) -> PermanentError:
    return PermanentError(
        "The signature of {file} cannot be used: {reason}.",
        code="signature_unreadable", detail={"file": name, "reason": why},
    )  # fmt: skip


def _unreadable(key: str | Path, what: str) -> UsageError:
    return UsageError(
        "{file} is not {what} of minisign's.",
        code="key_unreadable", detail={"file": str(key), "what": what},
    )  # fmt: skip


def _line_of(file: Path, what: str) -> tuple[bytes, int]:
    """What the second line of a key's file holds, and the file's mode."""
    try:
        with file.open("rb") as opened:
            mode, text = os.fstat(opened.fileno()).st_mode, opened.read(LARGEST).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The key {file} cannot be read: {reason}.",
            code="key_unreadable", detail={"file": str(file), "reason": _why(error)},
        ) from error  # fmt: skip
    found = _read([*text.splitlines(), "", ""][1])
    if found is None:
        raise _unreadable(file, what)
    return found, mode


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "it is no text"


def _public_of(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _digest(content: BinaryIO) -> bytes:
    """BLAKE2b, which minisign takes of a file before it is signed."""
    digest = hashlib.blake2b()
    while part := content.read(PART):
        digest.update(part)
    return digest.digest()


def _checksum(named: bytes, pair: bytes) -> bytes:
    """What minisign tells a wrong password by; it leaves it out where there is none."""
    return hashlib.blake2b(OF_KEY + named + pair, digest_size=RAW).digest()


def _written(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _read(line: str) -> bytes | None:
    """What a line of base64 holds; None: it is none."""
    with contextlib.suppress(binascii.Error, ValueError):
        return base64.b64decode(line.strip(), validate=True)
    return None


def _write_new(file: Path, text: str, mode: int) -> None:
    """Write a file that nobody else may read for a moment."""
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise ConflictError(
            "{file} is there already. A key is not written over: name another file.",
            code="key_exists", detail={"file": str(file)},
        ) from error  # fmt: skip
    with os.fdopen(opened, "w", encoding="utf-8") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())
