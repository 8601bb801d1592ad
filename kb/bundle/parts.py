"""What a bundle is made of: each part with its files, its licence, and what it is for the SBOM."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from kb.bundle import licences
from kb.bundle.licences import Licence
from kb.bundle.wheels import BUILT, named
from kb.embedding import places
from kb.embedding.pinned import PINNED
from kb.errors import ConfigurationError, UsageError
from kb.settings import Embedding

GGUF = b"GGUF"
Content = Path | bytes
"""A file that lies here, or what is to be in one."""


@dataclass(frozen=True, slots=True)
class BundlePart:
    """``files`` are by their path within the bundle; ``digest`` is the SHA-256 of the main one."""

    kind: Literal["library", "machine-learning-model"]
    name: str
    version: str
    digest: str
    licence: Licence
    files: Mapping[str, Content]

    @property
    def folder_of_licences(self) -> str:
        """Where the texts of its licence lie in the bundle."""
        return f"licences/{self.name}-{self.version}" if self.version else f"licences/{self.name}"


def of_wheel(wheel: Path) -> BundlePart:
    """A package."""
    name, version = named(wheel)
    files = {f"wheels/{wheel.name}": wheel}
    return BundlePart("library", name, version, digest_of(wheel), licences.of_wheel(wheel), files)


def of_model(name: str) -> BundlePart:
    """An embedding model that was added on this machine, ready to be used.

    Raises:
        ConfigurationError: there is none of this name here.
    """
    folder = places.folder_of(Embedding(model=name))
    manifest = places.manifest_of(folder)
    if manifest is None:
        raise ConfigurationError(
            f"{name} is no model of the register on this machine (kb models list). Add it first: "
            f"kb models add {name}",
            code="model_not_found",
        )
    # Whoever installs it gets files of this time, and the register tells by it that none changed.
    kept = {k: msgspec.structs.replace(v, modified=BUILT) for k, v in manifest.files.items()}
    told = msgspec.json.encode(msgspec.structs.replace(manifest, files=kept))
    files: dict[str, Content] = {f"models/{name}/{path}": folder / path for path in sorted(kept)}
    files[f"models/{name}/{places.MANIFEST}"] = msgspec.json.format(told)
    digest = next((v.sha256 for k, v in kept.items() if k.endswith(".safetensors")), "")
    return BundlePart("machine-learning-model", name, "", digest, _of_model(name, folder), files)


def of_packaged(name: str, apache: bytes) -> BundlePart:
    """A pinned model that lies in a package of the bundle, for the list of parts and its licence.

    The package has a licence of its own, which is not the model's: ``apache`` is the text of that.
    """
    pinned = PINNED[name]
    text = f"{pinned.title} ({pinned.origin}) is under {pinned.licence}:\n\n".encode() + apache
    own = Licence(pinned.licence, False, {"LICENSE": text})
    return BundlePart("machine-learning-model", name, "", pinned.weights, own, {})


def _of_model(name: str, folder: Path) -> Licence:
    found = licences.of_model(folder)
    pinned = PINNED.get(name)
    return dataclasses.replace(found, word=pinned.licence) if pinned else found


def of_gguf(file: Path) -> BundlePart:
    """A language model's file, with the text of its licence beside it.

    Raises:
        UsageError: it is none, or the licence is not there.
    """
    licence = file.with_name(f"{file.name}.LICENSE")
    try:
        with file.open("rb") as content:
            is_one = content.read(len(GGUF)) == GGUF
        text = licence.read_bytes() if is_one else b""
    except OSError as error:
        raise UsageError(
            f"{error.filename} cannot be read: {error.strerror}. A language model goes into a "
            f"bundle with the text of its licence beside it: {licence.name}",
            code="gguf_unusable",
        ) from error
    if not is_one:
        raise UsageError(f"{file} is no language model's file (GGUF).", code="gguf_unusable")
    first = next((line.strip() for line in text.decode(errors="replace").splitlines() if line), "")
    own = Licence(first[:80] or licences.UNTOLD, False, {licence.name: text})
    return BundlePart("machine-learning-model", file.name, "", digest_of(file), own,
                {f"gguf/{file.name}": file})  # fmt: skip


def digest_of(content: Content) -> str:
    """The SHA-256 of a file."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_json(value: object) -> bytes:
    """JSON, the same of the same."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
