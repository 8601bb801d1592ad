"""Second factor: time-based one-time passwords (RFC 6238: SHA-1, six digits, 30 seconds)."""

import base64
import hashlib
import hmac
import secrets
import struct
import time
from urllib.parse import quote

STEP_SECONDS, DIGITS, DRIFT = 30, 6, 1
"""Length of a time step; digits of a code; steps by which a clock may be off, either way."""


def new_secret() -> str:
    """A new secret: 160 bits in base32, as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def address(secret: str, name: str) -> str:
    """The ``otpauth:`` address of a secret, which an authenticator app reads from a picture."""
    return f"otpauth://totp/Commonplace:{quote(name)}?secret={secret}&issuer=Commonplace"


def code(secret: str, step: int) -> str:
    """The code of a time step (RFC 4226, section 5.3)."""
    key = base64.b32decode(secret)
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    place = digest[-1] & 15
    number = struct.unpack(">I", digest[place : place + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(secret: str, given: str, used: int | None, now: float | None = None) -> int | None:
    """The time step that a code is of; None where it is of none, or of one that was used.

    None as well where ``secret`` is not in base32: a form may bring anything.
    """
    if not _is_secret(secret):
        return None
    current = int((time.time() if now is None else now) // STEP_SECONDS)
    plain = "".join(given.split()).encode()
    for step in range(current - DRIFT, current + DRIFT + 1):
        expected = code(secret, step).encode()
        if hmac.compare_digest(expected, plain) and (used is None or step > used):
            return step
    return None


def _is_secret(text: str) -> bool:
    try:
        return len(base64.b32decode(text)) > 0
    except ValueError:
        return False
