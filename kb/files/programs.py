"""Programs of the system that read files for us, where they are installed."""

import shutil
import subprocess
from pathlib import Path

TESSERACT_SECONDS = 20.0
"""Seconds that tesseract has to tell its version, and as many to tell its languages."""
LIBREOFFICE = ("soffice", "libreoffice")


def libreoffice() -> str | None:
    """The path of LibreOffice's program; None where it is not installed."""
    return next((path for name in LIBREOFFICE if (path := shutil.which(name))), None)


def libreoffice_version(program: str) -> str:
    """LibreOffice's version by a file beside it, which takes seconds to start; empty: none."""
    told = Path(program).resolve().parent / "bootstraprc"
    try:
        lines = told.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.split()[-1] for line in lines if line.startswith("ProductKey=")), "")


def tesseract() -> str | None:
    """The path of tesseract, which recognises text; None where it is not installed."""
    return shutil.which("tesseract")


def tesseract_version(program: str) -> str:
    """Tesseract's version, by its own word."""
    said = _said(program, "--version").splitlines()
    return said[0].removeprefix("tesseract").strip() if said else ""


def tesseract_languages(program: str) -> frozenset[str]:
    """The languages that it has, by its own names (``eng``)."""
    return frozenset(_said(program, "--list-langs").split()[1:])


def _said(program: str, option: str) -> str:
    """What it says to an option.

    Raises:
        TimeoutError: it says nothing.
    """
    try:
        done = subprocess.run(
            [program, option],
            capture_output=True, text=True, check=False, timeout=TESSERACT_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{program} says nothing") from error
    return done.stdout
