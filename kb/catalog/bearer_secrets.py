"""Secrets that let in whoever brings them. They are given out once; only their hashes are kept."""

import hashlib
import secrets


def new_secret() -> str:
    """256 bits as text."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is kept of a secret that nobody can guess."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
