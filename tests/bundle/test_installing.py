"""A bundle is made, and installed where no way leads out; the program does its work there."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from kb import samples, signing
from tests.parts.processes import HANGING
from tests.parts.weights import KEPT

pytestmark = [pytest.mark.slow, pytest.mark.real]
ROOT = Path(__file__).parents[2]
READ = ("staff-handbook.docx", "depot-inspection-scan.pdf", "it-notes.md")
TYPED = """
set -eu
unset PYTHONPATH
cd "$1"/*/ && sh install.sh --key "$2" --signed-only --into "$HOME/common place"
sh install.sh --into "$HOME/common place" >"$HOME/again.txt"
kb="$HOME/common place/bin/kb"
"$kb" source add handbook "$HOME/documents"
"$kb" ingest --json >"$HOME/ingest.json"
"$kb" ask --json "How many days of paid leave does a full-time employee have?" >"$HOME/ask.json"
"$kb" doctor --json >"$HOME/doctor.json"
"$kb" models verify --json >"$HOME/models.json"
"$HOME/common place/bin/python" -c "import torch" 2>"$HOME/torch.txt" || true
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


@pytest.fixture(scope="module")
def bundle():
    """On a disk: temporary folders of tests may lie in memory, of which this would take gigabytes."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="kb-bundle-") as name:
        folder = Path(name)
        signing.make_key(folder / "key", folder / "key.pub")
        yield SimpleNamespace(folder=folder, told=made(folder / "first.tar"))


def test_the_same_sources_and_wheels_make_the_same_bundle(bundle):
    again = made(bundle.folder / "again.tar", TZ="Pacific/Apia", LC_ALL="C", PYTHONHASHSEED="7")
    assert again["sha256"] == bundle.told["sha256"]
    with (bundle.folder / "again.tar").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == again["sha256"]
    (bundle.folder / "again.tar").unlink()


def test_the_signature_beside_it_is_the_builders(bundle):
    key = signing.read_public(bundle.folder / "key.pub")
    assert key.name == bundle.told["signed"]
    assert signing.verify_file(bundle.folder / "first.tar", key).startswith("commonplace-")


def test_it_says_nothing_of_where_it_was_made_and_has_every_licence(bundle):
    with tarfile.open(bundle.folder / "first.tar") as tar:
        names = [member.name.partition("/")[2] for member in tar]
        own = {n for n in names if "/" not in n}
        top = tar.getnames()[0].partition("/")[0]
        texts = {n: tar.extractfile(f"{top}/{n}").read() for n in sorted(own)}
    said = b"\n".join(texts.values())
    for never in (
        str(ROOT),
        str(Path.home()),
        str(bundle.folder),
        "pypi.org",
        "pythonhosted",
        "://local",
    ):
        assert never.encode() not in said.replace(b"pkg:pypi", b""), never
    packages = [line.split("==")[0] for line in texts["requirements.txt"].decode().splitlines()]
    assert "commonplace-kb" in packages
    assert not {"torch", "sentence-transformers", "spacy", "openvino-telemetry"} & {*packages}
    listed = {one["name"] for one in json.loads(texts["sbom.cdx.json"])["components"]}
    assert listed == {*packages, "english", "multilingual"}
    for name in listed:
        assert any(n.startswith(f"licences/{name}") for n in names), name


def test_it_is_installed_without_a_network_and_reads_and_answers_there(bundle):
    unpacked, home = bundle.folder / "a folder", bundle.folder / "home"
    for folder in (unpacked, home / "documents"):
        folder.mkdir(parents=True)
    for name in READ:
        shutil.copy(samples.documents() / name, home / "documents")
    subprocess.run(["tar", "xf", str(bundle.folder / "first.tar")], cwd=unpacked, check=True)
    report, key = bundle.folder / "report.json", signing.read_public(bundle.folder / "key.pub")
    done = subprocess.run(
        [
            sys.executable, "-m", "kb.silence.sinkhole", str(report), "/bin/sh", "-c", TYPED,
            "sh", str(unpacked), str(key),
        ],
        capture_output=True, text=True, timeout=HANGING,
        env={
            "PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT), "KB_LLM__PROVIDER": "none", "KB_EMBEDDING__MODEL": "english",
            "KB_ENGINES__START_SECONDS": "600", "PIP_NO_COMPILE": "1",
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = {one.name: one.read_text() for one in home.glob("*.*") if one.is_file()}
    assert f"Signed by the key {key.name}." in done.stdout
    assert "NOT CHECKED: No key was given" in said["again.txt"]
    assert "Upgrading what is in" in said["again.txt"]
    assert json.loads(said["ingest.json"])["indexed"] == len(READ)
    answered = json.loads(said["ask.json"])
    assert "28 days" in " ".join(one["quote"] for one in answered["citations"])
    assert answered["citations"][0]["document"] == "staff-handbook.docx"
    doctor = {one["part"]: one for one in json.loads(said["doctor.json"])["parts"]}
    assert doctor["program"]["where"].startswith(str(home))
    assert "openvino" in doctor["embedder"]["version"]
    assert {doctor[part]["state"] for part in ("embedder", "index", "catalog", "data")} == {"ok"}
    kept = {one["name"]: one["changed"] for one in json.loads(said["models.json"])["models"]}
    assert not any(kept.values())
    assert {*kept} == {"english", "multilingual"}
    assert "No module named 'torch'" in said["torch.txt"]
    told = json.loads(report.read_text())
    assert (told["control"], told["tried"]) == (True, {}), "what was tried on purpose was seen"
