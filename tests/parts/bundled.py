"""A bundle, and what it was installed into where no way leads out: once for all who want it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from kb import signing
from tests.parts.processes import HANGING
from tests.parts.weights import KEPT

ROOT = Path(__file__).parents[2]
INSTALLING = """
set -eu
unset PYTHONPATH
cd "$1"/*/ && sh install.sh --key "$2" --signed-only --into "$3"
"""


def made(out: Path, **environment: str) -> dict:
    """``kb bundle`` as a builder types it; the packages are those that CI keeps."""
    done = subprocess.run(
        [
            sys.executable, "-m", "kb", "bundle", str(out), "--wheels", str(KEPT),
            "--key", str(out.parent / "key"), "--json",
        ],
        capture_output=True, text=True, cwd=ROOT, timeout=HANGING,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def without_a_way_out(home: Path, *command: str) -> tuple[subprocess.CompletedProcess, dict]:
    """A command on a bare host of this home; how it ended, and what it tried to reach."""
    report = home / "tried.report"
    done = subprocess.run(
        [sys.executable, "-m", "kb.silence.sinkhole", str(report), *command],
        capture_output=True, text=True, timeout=HANGING,
        env={
            "PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT), "KB_LLM__PROVIDER": "none", "KB_EMBEDDING__MODEL": "english",
            "KB_ENGINES__START_SECONDS": "600", "XDG_CONFIG_DIRS": str(_uncompiled(home)),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done, json.loads(report.read_text())


def _uncompiled(home: Path) -> Path:
    """What has pip compile nothing, which takes a minute; the installer's pip reads no variable.

    "no" is how pip's configuration says yes to ``--no-compile``.
    """
    (home / "xdg/pip").mkdir(parents=True, exist_ok=True)
    (home / "xdg/pip/pip.conf").write_text("[install]\nno-compile = no\n")
    return home / "xdg"


@pytest.fixture(scope="session")
def bundle():
    """On a disk: temporary folders of tests may lie in memory, of which this would take gigabytes."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="kb-bundle-") as name:
        folder = Path(name)
        signing.make_key(folder / "key", folder / "key.pub")
        yield SimpleNamespace(folder=folder, told=made(folder / "first.tar"))


@pytest.fixture(scope="session")
def installed(bundle):
    """The host's home, the program's folder in it, what the installer said, and tried to reach."""
    unpacked, home = bundle.folder / "a folder", bundle.folder / "home"
    into = home / "common place"
    for folder in (unpacked, home):
        folder.mkdir()
    subprocess.run(["tar", "xf", str(bundle.folder / "first.tar")], cwd=unpacked, check=True)
    key = signing.read_public(bundle.folder / "key.pub")
    typed = ("/bin/sh", "-c", INSTALLING, "sh", str(unpacked), str(key), str(into))
    done, told = without_a_way_out(home, *typed)
    return SimpleNamespace(
        home=home, into=into, unpacked=unpacked, key=key, said=done.stdout, told=told
    )
