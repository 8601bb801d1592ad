"""A bundle is made, and installed where no way leads out; the program does its work there."""

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from kb import samples, signing
from tests.parts.bundled import ROOT, made, without_a_way_out

pytestmark = [pytest.mark.slow, pytest.mark.real]
READ = ("staff-handbook.docx", "depot-inspection-scan.pdf", "it-notes.md")
TYPED = """
set -eu
unset PYTHONPATH
cd "$1"/*/ && sh install.sh --into "$HOME/common place" >"$HOME/again.txt"
kb="$HOME/common place/bin/kb"
"$kb" source add handbook "$HOME/documents"
"$kb" ingest --json >"$HOME/ingest.json"
"$kb" ask --json "How many days of paid leave does a full-time employee have?" >"$HOME/ask.json"
"$kb" doctor --json >"$HOME/doctor.json"
"$kb" models verify --json >"$HOME/models.json"
"$HOME/common place/bin/python" -c "import torch" 2>"$HOME/torch.txt" || true
"""


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


def test_it_is_installed_without_a_network_and_reads_and_answers_there(installed):
    home = installed.home
    (home / "documents").mkdir()
    for name in READ:
        shutil.copy(samples.documents() / name, home / "documents")
    _, told = without_a_way_out(home, "/bin/sh", "-c", TYPED, "sh", str(installed.unpacked))
    said = {one.name: one.read_text() for one in home.glob("*.*") if one.is_file()}
    assert f"Signed by the key {installed.key.name}." in installed.said
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
    for one in (installed.told, told):
        assert (one["control"], one["tried"]) == (True, {}), "what was tried on purpose was seen"
