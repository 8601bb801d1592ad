"""Passwords: argon2id, and rules by length and by a list of the worst."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kb.errors import UsageError

LONGEST = 200
"""Most characters of a password."""
_HASHER = PasswordHasher()
"""The library's defaults: RFC 9106's second recommendation (64 MiB, three passes)."""


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")


def hashed(password: str) -> str:
    """The hash that is kept."""
    return _HASHER.hash(_normal(password))


def fits(password: str, kept: str | None) -> bool:
    """Whether a password has the hash that is kept; without one the answer takes as long (S60)."""
    try:
        return _HASHER.verify(kept or _nobodys(), _normal(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def check(password: str, name: str, shortest: int) -> None:
    """Check that a password may be chosen; ``shortest`` is in characters.

    Raises:
        UsageError: too short, too long, or one that is guessed first.
    """
    if len(password) < shortest:
        raise UsageError(
            "A password has at least {shortest} characters; a few words make a good one.",
            code="password_too_short",
            detail={"shortest": shortest},
        )
    if len(password) > LONGEST:
        raise UsageError(
            "A password has at most {limit} characters.",
            code="password_too_long",
            detail={"limit": LONGEST},
        )
    if _is_guessed_first(password, name):
        raise UsageError(
            "This password is one of those that are guessed first. Take another, a few words for "
            "example.",
            code="password_too_common",
        )


def _is_guessed_first(password: str, name: str) -> bool:
    plain = password.casefold()
    letters = re.sub(r"[\W_]+", "", plain)
    bare = re.sub(r"\d+$", "", re.sub(r"^\d+", "", letters))
    core = re.sub(r"[\d\W_]+$", "", plain)
    written = re.sub(r"[\W_]+", "", core.translate(str.maketrans("013457$@", "oleastsa")))
    common = _worst()
    if {plain, letters, bare, written} & common or len(set(letters)) <= 3:
        return True
    if _is_sequence(letters):
        return True
    return name.casefold() in {plain, letters, bare}


def _is_sequence(text: str) -> bool:
    """Whether it walks along the alphabet, the digits or the keyboard, or repeats a few letters."""
    runs = "abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertyuiopasdfghjklzxcvbnm", "1234567890"
    walks = any(text in run * 3 or text[::-1] in run * 3 for run in runs)
    return walks or any(text == (text[:n] * len(text))[: len(text)] for n in (1, 2, 3, 4))


@cache
def _worst() -> frozenset[str]:
    file = Path(__file__).with_name("worst_passwords.txt")
    return frozenset(file.read_text(encoding="utf-8").split())


def _normal(password: str) -> str:
    """A password as the same letters, however typed (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
