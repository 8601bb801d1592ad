"""Which packages a bundle holds, and in which release: uv resolves it, for the host to come."""

import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from kb.bundle.platforms import Target
from kb.errors import RetryableError, UsageError
from kb.models import wheels

NONE, CUDA = "none", "cuda"
NEVER = 'python_version < "0"'
OF_TORCH = ("torch", "sentence-transformers")
"""What only the torch runtime needs. The package of the English model asks for them, and is read as
a file of data here."""
Pins = dict[str, str]
"""Releases by the name of the package."""


def resolved(sources: Path, target: Target, torch: str) -> Pins:
    """The packages that the program needs on that machine; ``torch`` as ``kb bundle`` takes it.

    Raises:
        UsageError: a folder that was brought along has no torch for that machine.
        RetryableError: uv is not here, or cannot resolve it.
    """
    constraints = (sources / "constraints.txt").read_text(encoding="utf-8").splitlines()
    overrides = (sources / "overrides.txt").read_text(encoding="utf-8").splitlines()
    if torch == NONE:
        overrides += [f"{name} ; {NEVER}" for name in OF_TORCH]
    elif torch != CUDA:
        brought = brought_along(Path(torch), target)
        constraints = [line for line in constraints if _name(line) not in brought]
        overrides += [f"{name}=={release}" for name, release in brought.items()]
    found = [torch] if torch not in {NONE, CUDA} else []
    return _compiled(sources, target, constraints, overrides, found)


def brought_along(folder: Path, target: Target) -> Pins:
    """The packages of a folder that somebody brought, torch among them.

    Raises:
        UsageError: it is no folder, or has no torch for that machine.
    """
    fitting, found = set(target.tags()), {}
    for file in sorted(folder.glob("*.whl")):
        try:
            name, release, _, tags = parse_wheel_filename(file.name)
        except InvalidWheelFilename:
            continue
        if tags & fitting:
            found[str(name)] = str(release)
    if "torch" not in found:
        raise UsageError(
            f"{folder} holds no wheel of torch for {target.name} with Python {target.version}. "
            "Say --torch none, --torch cuda, or a folder that has one.",
            code="no_torch",
        )
    return found


def _name(line: str) -> str:
    text = line.partition("#")[0].strip()
    return canonicalize_name(Requirement(text).name) if text else ""


def _compiled(
    sources: Path, target: Target, constraints: list[str], overrides: list[str], found: list[str]
) -> Pins:
    with tempfile.TemporaryDirectory() as folder:
        files = {"--constraint": constraints, "--override": overrides}
        told = []
        for option, lines in files.items():
            file = Path(folder) / f"{option.strip('-')}.txt"
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            told += [option, str(file)]
        done = subprocess.run(
            [
                *uv(), "pip", "compile", str(sources / "pyproject.toml"), *told,
                "--python-platform", target.for_uv, "--python-version", target.version,
                "--no-header", "--no-annotate", "--quiet",
                *(f"--find-links={one}" for one in found),
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise RetryableError(
            f"The packages for {target.label} could not be resolved: {last(done.stderr)}",
            code="not_resolved",
        )
    return pinned(done.stdout.splitlines())


def pinned(lines: Iterable[str]) -> Pins:
    """``name==release`` in each line; the marks behind it are for other machines."""
    wanted = (Requirement(line) for line in lines if line.strip() and not line.startswith("#"))
    return {canonicalize_name(one.name): next(iter(one.specifier)).version for one in wanted}


def uv() -> list[str]:
    """The command that starts uv.

    Raises:
        RetryableError: it is not here.
    """
    return tool("uv")


def tool(wanted: str) -> list[str]:
    """The command that starts ``uv`` or ``pip``.

    Raises:
        RetryableError: it is not here.
    """
    found = next((command for name, command in wheels.tools() if name == wanted), None)
    if found is None:
        raise RetryableError(
            f"A bundle is made with uv and pip, and {wanted} is not here. make setup brings them.",
            code="tool_missing",
        )
    return found


def last(said: str) -> str:
    """The end of what a tool said, in one line."""
    return " ".join(said.split()[-80:])
