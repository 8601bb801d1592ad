"""Old formats by LibreOffice, inside the sandbox, with a profile of its own that runs nothing."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from kb.errors import FileProblem
from kb.files import programs

PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update">
<prop oor:name="Link" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""LibreOffice's settings here: no macros, no active content, no links followed."""


program = programs.libreoffice


def convert(path: Path, kind: str, target: str, seconds: float | None = None) -> Path:
    """A copy of the file in the new format ``target``, in a temporary folder.

    Without a bound in ``seconds`` it may take as long as the process that asks for it.

    Raises:
        FileProblem: LibreOffice is not installed, it could not read the file, or it took longer.
    """
    office = program()
    if office is None:
        raise FileProblem("needs_libreoffice", what=kind)
    folder = Path(tempfile.mkdtemp(prefix="office-"))
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(PROFILE)
    source = folder / f"file.{kind}"
    shutil.copyfile(path, source)
    said = folder / "said"
    command = [
        office, f"-env:UserInstallation={profile.parent.as_uri()}", "--headless",
        "--norestore", "--nolockcheck", "--nodefault", "--nologo",
        "--convert-to", target, "--outdir", str(folder / "out"), str(source),
    ]  # fmt: skip
    with said.open("wb") as answer:  # no pipe: what it starts may hold one when it has been ended
        try:
            subprocess.run(
                command, stdout=answer, stderr=answer, check=False, timeout=seconds,
                env={**os.environ, "HOME": str(folder)},
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise FileProblem("parser_timeout", seconds=round(error.timeout)) from error
    converted = folder / "out" / f"file.{target}"
    if not converted.exists():
        lines = said.read_bytes().decode("utf-8", "replace").strip().splitlines()
        words = "; ".join(line for line in lines if not line.startswith("Warning"))[-200:]
        raise FileProblem("damaged", what=f"LibreOffice: {words or 'could not read it'}")
    return converted
