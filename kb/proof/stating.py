"""The statement: what was erased, where was looked again, what remains. JSON, and a signature."""

import io
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kb import __version__, failpoints, signing
from kb.errors import PermanentError, RetryableError, UsageError
from kb.files.places import PUBLIC, SECRET, SIGNING
from kb.proof.remaining import iso
from kb.types.purges import Erased, PlaceLook, Purge, Remaining

FORMAT = "commonplace-erasure-statement"
VERSION = 1
"""The version of a statement's form; a statement of a later one is not read."""


class Installation(msgspec.Struct, frozen=True):
    """Where it was erased; ``catalog`` is the catalog's own number, ``key`` the signing key's."""

    program: str
    catalog: str
    database: str
    index: str
    key: str


class Statement(msgspec.Struct, frozen=True):
    """A statement. ``format`` and ``version`` say what kind of file this is."""

    format: str
    version: int
    statement: int
    installation: Installation
    erased_by: str
    begun_at: str
    ended_at: str
    erased: Erased
    audit_entries: list[int]
    looked_again: list[PlaceLook]
    remains: list[Remaining]


def statement(
    purge: Purge,
    installation: Installation,
    ended_at: float,
    entries: Sequence[int],
    looks: Sequence[PlaceLook],
    remains: Sequence[Remaining],
) -> Statement:
    """The statement of an erasing."""
    return Statement(
        FORMAT, VERSION, purge.id, installation, purge.by, iso(purge.begun_at), iso(ended_at),
        purge.erased, list(entries), list(looks), list(remains),
    )  # fmt: skip


def installation_of(
    catalog: int, database: str, index: str, key: signing.PublicKey
) -> Installation:
    """Where it was erased."""
    return Installation(f"commonplace-kb {__version__}", str(catalog), database, index, key.name)


def written(stated: Statement) -> str:
    """A statement as it stands in its file: indented, to be read."""
    return msgspec.json.format(msgspec.json.encode(stated), indent=2).decode() + "\n"


def read(file: Path) -> Statement:
    """The statement in a file.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Statement)
    except OSError as error:
        raise UsageError(
            "{file} cannot be read: {reason}.", code="statement_unread",
            detail={"file": str(file), "reason": error.strerror or str(error)},
        ) from error  # fmt: skip
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _none(file) from error
    if found.format != FORMAT:
        raise _none(file)
    if found.version > VERSION:
        raise PermanentError(
            f"{file} is of version {found.version}, and this release reads up to {VERSION}.",
            code="statement_too_new",
        )
    return found


def _none(file: Path) -> UsageError:
    return UsageError(
        "{file} is no statement of kb purge --proof.", code="no_statement",
        detail={"file": str(file)},
    )  # fmt: skip


def public_key(data: Path) -> signing.PublicKey | None:
    """The installation's public key; None: it has signed nothing yet."""
    file = data / SIGNING / PUBLIC
    return signing.read_public(file) if file.exists() else None


def key_of(data: Path) -> signing.SecretKey:
    """The installation's own key, which is made where there is none.

    Raises:
        UsageError: its file is damaged, or open to others.
    """
    folder = data / SIGNING
    secret, public = folder / SECRET, folder / PUBLIC
    if not secret.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        public.unlink(missing_ok=True)  # of a key that was broken off, or is lost
        signing.make_key(secret, public)
    return signing.read_secret(secret)


def signature(text: str, key: signing.SecretKey, name: str) -> str:
    """The signature of a statement's text."""
    return key.sign(io.BytesIO(text.encode()), name)


def check_place(file: Path) -> None:
    """Check before anything is erased that a statement can be written there.

    A signature without its file does not matter: a delivery that was broken off leaves it.

    Raises:
        UsageError: there is such a file, or no such folder.
    """
    if file.exists():
        raise UsageError(
            "{file} is there already. Name another file for the statement.",
            code="statement_exists", detail={"file": str(file)},
        )  # fmt: skip
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise UsageError(
            "No statement can be written into {folder}. Name a folder that is there and yours.",
            code="statement_folder", detail={"folder": str(file.parent)},
        )  # fmt: skip


def deliver(file: Path, text: str, signed: str) -> None:
    """Write the statement and, beside it, its signature. The statement comes last, and whole.

    Raises:
        RetryableError: they cannot be written.
    """
    try:
        _write(_beside(file), signed)
        failpoints.reached("purge_half_delivered")
        _write(file, text)
    except OSError as error:
        raise RetryableError(
            f"The statement cannot be written to {file}: {error.strerror}. It is kept; write it "
            "with the same command.",
            code="statement_unwritten",
        ) from error


def _write(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.new")
    with draft.open("w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)


def _beside(file: Path) -> Path:
    return file.with_name(file.name + signing.ENDING)
