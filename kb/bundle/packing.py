"""A tar file that is the same for the same content: sorted, of one time, nobody's."""

import io
import os
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from kb.bundle.parts import Content, digest_of
from kb.bundle.wheels import BUILT
from kb.signing import ENDING, SecretKey

SUMS = "SHA256SUMS"
PROGRAMS = (".sh",)


def with_sums(
    files: Mapping[str, Content], key: SecretKey | None, comment: str
) -> dict[str, Content]:
    """The files with the list of their SHA-256, as ``sha256sum -c`` reads it, and its signature."""
    lines = [f"{digest_of(content)}  {name}\n" for name, content in sorted(files.items())]
    sums = "".join(lines).encode()
    signed = (
        {} if key is None else {f"{SUMS}{ENDING}": key.sign(io.BytesIO(sums), comment).encode()}
    )
    return {**files, SUMS: sums, **signed}


def pack(out: Path, top: str, files: Mapping[str, Content]) -> None:
    """Write the tar file; until it is whole nothing has its name.

    Raises:
        OSError: something cannot be read, or it cannot be written.
    """
    with tempfile.NamedTemporaryFile(dir=out.parent, prefix=f".{out.name}-", delete=False) as part:
        try:
            with tarfile.open(fileobj=part, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for name, content in sorted(files.items()):
                    _add(tar, f"{top}/{name}", content)
            part.flush()
            os.fsync(part.fileno())
            os.chmod(part.name, 0o644)
            os.replace(part.name, out)
        except BaseException:
            os.unlink(part.name)
            raise


def _add(tar: tarfile.TarFile, name: str, content: Content) -> None:
    told = tarfile.TarInfo(name)
    told.mtime = BUILT
    told.mode = 0o755 if name.endswith(PROGRAMS) else 0o644
    if isinstance(content, bytes):
        told.size = len(content)
        tar.addfile(told, io.BytesIO(content))
        return
    with content.open("rb") as file:
        told.size = os.fstat(file.fileno()).st_size
        tar.addfile(told, file)
