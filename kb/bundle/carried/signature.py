"""Checks, on the host, who made a bundle: by minisign, else by openssl 3."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.minisig"
ID, RAW = 8, 32
"""Bytes of a key's number, and of an Ed25519 public key."""
DER_OF_ED25519 = bytes.fromhex("302a300506032b6570032100")
"""What stands before a raw key where openssl reads it."""
SIGNED_HASHED = b"ED"
TRUSTED = "trusted comment: "


def check_signature(key: str | None, signed_only: bool) -> None:
    """Check the list of sums by the builder's key; where it cannot be, say so or refuse."""
    lacking = "" if (HERE / SIGNATURE).is_file() else "This bundle is not signed"
    if not lacking and key is None:
        lacking = "No key was given (--key), so nobody knows who made this bundle"
    if not lacking and checker() is None:
        lacking = (
            "There is neither minisign nor openssl 3 here to check the signature (Debian: apt "
            "install minisign)"
        )
    if lacking and signed_only:
        refuse(f"{lacking}. Nothing was installed, since --signed-only was wished.")
    if lacking:
        say(f"NOT CHECKED: {lacking}. Damage is found, somebody's change is not.")
        return
    public = public_key(str(key))
    by_minisign(public) if checker() == "minisign" else by_openssl(public)
    say(f"Signed by the key {base64.b64decode(public)[2 : 2 + ID][::-1].hex().upper()}.")


def checker() -> str | None:
    """What can check a signature here."""
    if shutil.which("minisign"):
        return "minisign"
    if shutil.which("openssl"):
        command = [shutil.which("openssl") or "", "version"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        if said.stdout.split()[1:2] and numbers(said.stdout.split()[1])[:1] >= [3]:
            return "openssl"
    return None


def public_key(key: str) -> str:
    """The one line of a key, which may be in a file."""
    text = key
    if os.path.exists(key):
        lines = Path(key).read_text(encoding="utf-8", errors="replace").split("\n")
        text = next((line for line in reversed(lines) if line.strip()), "")
    try:
        whole = len(base64.b64decode(text.strip(), validate=True)) == 2 + ID + RAW
    except ValueError:
        whole = False
    if not whole:
        refuse(f"{key} is no public key of minisign's, nor a file with one.")
    return text.strip()


def by_minisign(public: str) -> None:
    """Check with minisign."""
    command = ["minisign", "-Vm", str(HERE / SUMS), "-P", public]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        wrongly_signed()


def by_openssl(public: str) -> None:
    """Check with openssl what minisign would: the digest, then the trusted comment."""
    lines = (HERE / SIGNATURE).read_text(encoding="utf-8", errors="replace").split("\n")
    key = base64.b64decode(public)
    try:
        own, both = base64.b64decode(lines[1]), base64.b64decode(lines[3])
    except (ValueError, IndexError):
        wrongly_signed()
    is_of_key = own[:2] == SIGNED_HASHED and own[2 : 2 + ID] == key[2 : 2 + ID]
    if not is_of_key or not lines[2].startswith(TRUSTED):
        wrongly_signed()
    comment = lines[2][len(TRUSTED) :].encode()
    digest = hashlib.blake2b((HERE / SUMS).read_bytes()).digest()
    signature = own[2 + ID :]
    for content, of in ((digest, signature), (signature + comment, both)):
        if not openssl_takes(key[2 + ID :], content, of):
            wrongly_signed()


def openssl_takes(raw: bytes, content: bytes, signature: bytes) -> bool:
    """Whether a signature is this key's of the content."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"key": DER_OF_ED25519 + raw, "content": content, "signature": signature}
        for name, held in files.items():
            (Path(folder) / name).write_bytes(held)
        command = [
            "openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key",
            "-rawin", "-in", "content", "-sigfile", "signature",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, check=False, cwd=folder)
    return done.returncode == 0


def wrongly_signed() -> NoReturn:
    """Refuse, since the signature is not the key's."""
    refuse(
        f"{SUMS} is not what that key signed. The bundle was changed, or is another builder's. "
        "Nothing was installed."
    )


def numbers(version: str) -> list[int]:
    """2.36 as [2, 36]."""
    return [int(n) for n in version.split(".") if n.isdigit()]


def say(text: str) -> None:
    """A line for whoever installs."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def refuse(why: str) -> NoReturn:
    """End, and say why."""
    sys.stderr.write(f"install.sh: {why}\n")
    raise SystemExit(1)
