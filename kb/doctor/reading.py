"""What reads files: OCR with its languages, LibreOffice, and what files are read within."""

import json
from collections.abc import Iterable
from functools import partial

from kb.doctor.asking import Examined, aside
from kb.doctor.findings import Finding
from kb.files import programs, sandbox
from kb.settings import Settings

PACKAGES = {"chi_sim": "chi-sim", "chi_tra": "chi-tra"}
"""Of tesseract's languages those whose Debian package is spelled otherwise."""
OFFICE = "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui"


async def recognising(asked: Examined) -> Iterable[Finding]:
    """Tesseract, and the languages that are wanted of it."""
    return await aside(partial(_recognising, asked.settings))


def _recognising(settings: Settings) -> list[Finding]:
    wanted = [name for name in settings.ingest.ocr_languages.split("+") if name]
    found = programs.tesseract()
    if found is None:
        return [
            Finding(
                part="ocr", state="better", code="no_tesseract", command=_install(wanted),
            )
        ]  # fmt: skip
    edition, here = programs.tesseract_version(found), programs.tesseract_languages(found)
    usable = [name for name in wanted if name in here]
    missing = [name for name in wanted if name not in here]
    if missing:
        return [
            Finding(
                part="ocr", state="better", version=edition, where=found,
                code="no_languages" if usable else "no_language_at_all",
                detail={"missing": missing, "usable": usable}, command=_install(missing),
            )
        ]  # fmt: skip
    return [
        Finding(
            part="ocr", version=edition, where=found, code="languages", detail={"usable": usable}
        )
    ]


def _install(languages: list[str]) -> str:
    names = [f"tesseract-ocr-{PACKAGES.get(name, name.replace('_', '-'))}" for name in languages]
    return " ".join(["apt-get install tesseract-ocr", *names])


async def office(_: Examined) -> Iterable[Finding]:
    """LibreOffice, which reads old formats."""
    found = programs.libreoffice()
    if found is None:
        return [
            Finding(
                part="office", state="better", code="no_office", command=f"apt-get install {OFFICE}"
            )
        ]
    return [Finding(part="office", version=programs.libreoffice_version(found), where=found)]


async def confined(asked: Examined) -> Iterable[Finding]:
    """What holds for a child that reads a file: such a child is started, and says it."""
    limits = sandbox.Limits(seconds=asked.patience.answering)
    told = json.loads(await aside(partial(sandbox.run, sandbox.told, limits=limits)))
    return [_of_sandbox(told)]


def _of_sandbox(told: dict[str, bool]) -> Finding:
    allow = "sysctl -w user.max_user_namespaces=15000"
    if not told["silent"]:
        return Finding(part="sandbox", state="wrong", code="sandbox_talks", command=allow)
    if not told["apart"]:
        return Finding(part="sandbox", state="better", code="sandbox_limits", command=allow)
    return Finding(part="sandbox", code="sandbox_apart")
