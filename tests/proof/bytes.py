"""A look for bytes in every file of a folder, packed ones unpacked: written for these tests alone."""

import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import zstandard


def places(folder: Path, needles: dict[str, bytes]) -> dict[str, set[str]]:
    """In which files (relative) each needle stands, by the needle's name."""
    found: dict[str, set[str]] = {name: set() for name in needles}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        for content in _every_form(path.read_bytes()):
            for name, needle in needles.items():
                if needle in content:
                    found[name].add(str(path.relative_to(folder)))
    for folder_name, _, names in os.walk(folder):
        for file in names:
            for name, needle in needles.items():
                if needle in os.fsencode(file):
                    found[name].add(str(Path(folder_name, file).relative_to(folder)))
    return found


def _every_form(content: bytes) -> Iterator[bytes]:
    yield content
    if content[:4] == zstandard.FRAME_HEADER:
        content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
        yield content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from _every_form(archive.read(name))
    if content[:2] == b"\x1f\x8b":
        yield zlib.decompress(content, 31)
