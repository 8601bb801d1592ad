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


def convert(path: Path, kind: str, target: str) -> Path:
    """A copy of the file in the new format ``target``, in a temporary folder.

    Raises:
        FileProblem: LibreOffice is not installed, or it could not read the file.
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
    done = subprocess.run(
        [
            office, f"-env:UserInstallation={profile.parent.as_uri()}", "--headless",
            "--norestore", "--nolockcheck", "--nodefault", "--nologo",
            "--convert-to", target, "--outdir", str(folder / "out"), str(source),
        ],
        capture_output=True,
        check=False,
        env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    converted = folder / "out" / f"file.{target}"
    if not converted.exists():
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()[-200:]
        raise FileProblem("damaged", what=f"LibreOffice: {said or 'could not read it'}")
    return converted
