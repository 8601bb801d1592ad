"""What a bundle is made of: which wheels, which licences, the list of parts, the same tar."""

import hashlib
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import jsonschema_rs
import pytest

from kb.bundle import packing, parts, platforms, resolving, wheels
from kb.bundle.sbom import sbom
from kb.errors import ConfigurationError, UsageError
from tests.parts.processes import missing
from tests.parts.weights import KEPT

HERE = platforms.Target("linux-x86_64", (3, 11))


def wheel(folder: Path, name: str, metadata: str = "", **texts: str) -> Path:
    """A small package."""
    folder.mkdir(parents=True, exist_ok=True)
    package, version = name.split("-")[:2]
    with zipfile.ZipFile(folder / name, "w") as content:
        head = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n{metadata}"
        content.writestr(f"{package}-{version}.dist-info/METADATA", head)
        for path, text in texts.items():
            content.writestr(f"{package}-{version}.dist-info/{path}", text)
    return folder / name


@pytest.mark.parametrize(
    ("target", "best"),
    [
        (HERE, "p-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
        (platforms.Target("linux-x86_64", (3, 13)), "p-1.0-cp310-abi3-manylinux_2_28_x86_64.whl"),
        (platforms.Target("linux-aarch64", (3, 11)), "p-1.0-py3-none-any.whl"),
    ],
)
def test_each_machine_has_the_wheel_that_suits_it_best(tmp_path, target, best):
    for name in (
        "p-1.0-py3-none-any.whl",
        "p-1.0-cp310-abi3-manylinux_2_28_x86_64.whl",
        "p-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "p-1.0-cp311-cp311-manylinux_2_39_x86_64.whl",
        "p-1.0-cp311-cp311-win_amd64.whl",
        "p-2.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        "no wheel.whl",
    ):
        (tmp_path / name).touch()
    shelf = wheels.Shelf(tmp_path, target)
    assert shelf.best("p", "1.0") == tmp_path / best
    assert shelf.best("p", "3.0") is None


@pytest.mark.parametrize("name", ["linux-riscv64", "win32-amd64"])
def test_a_machine_that_nothing_is_built_for_is_told_with_those_that_are(name):
    with pytest.raises(UsageError, match="linux-x86_64, linux-aarch64"):
        platforms.target(name, "3.11")


@pytest.mark.parametrize("python", ["3.10", "3", "three"])
def test_a_python_that_is_too_old_is_told(python):
    if python == "three":
        assert platforms.target("linux-x86_64", "").python >= (3, 11)
    else:
        with pytest.raises(UsageError, match=r"3\.11"):
            platforms.target("linux-x86_64", python)


def test_torch_that_is_brought_along_is_found_for_the_machine_alone(tmp_path):
    (tmp_path / "torch-2.15.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    (tmp_path / "torch-2.15.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl").touch()
    assert resolving.brought_along(tmp_path, HERE) == {"torch": "2.15.0+cpu"}
    with pytest.raises(UsageError, match="holds no wheel of torch for linux-aarch64"):
        resolving.brought_along(tmp_path, platforms.Target("linux-aarch64", (3, 11)))


def test_what_uv_says_is_read_without_its_marks():
    lines = ["# made", "", "My.Package==1.0 ; sys_platform == 'linux'", "other==2!1.0+cpu"]
    assert resolving.pinned(lines) == {"my-package": "1.0", "other": "2!1.0+cpu"}


@pytest.mark.parametrize(
    ("metadata", "texts", "word", "is_spdx", "held"),
    [
        ("License-Expression: MIT\n", {"licenses/LICENSE": "words"}, "MIT", True, "words"),
        ("License: BSD-3-Clause\n", {"COPYING.txt": "words"}, "BSD-3-Clause", False, "words"),
        ("Classifier: License :: OSI Approved :: MIT License\n", {}, "MIT License", False, "MIT"),
        ("", {"license.py": "code"}, "not stated", False, "no text of a licence"),
    ],
)
def test_the_licence_of_a_package_is_what_its_maker_says(
    tmp_path, metadata, texts, word, is_spdx, held
):
    found = parts.of_wheel(wheel(tmp_path, "p-1.0-py3-none-any.whl", metadata, **texts)).licence
    assert (found.word, found.is_spdx) == (word, is_spdx)
    assert held in " ".join(text.decode() for text in found.texts.values())


def test_a_language_model_comes_with_its_licence_or_not_at_all(tmp_path):
    file = tmp_path / "small.gguf"
    file.write_bytes(b"GGUF and more")
    with pytest.raises(UsageError, match=r"small\.gguf\.LICENSE"):
        parts.of_gguf(file)
    (tmp_path / "small.gguf.LICENSE").write_text("\nApache License 2.0\n…")
    made = parts.of_gguf(file)
    assert made.licence.word == "Apache License 2.0"
    assert made.digest == hashlib.sha256(b"GGUF and more").hexdigest()
    file.write_bytes(b"something else")
    with pytest.raises(UsageError, match="no language model's file"):
        parts.of_gguf(file)


def test_a_model_that_is_not_here_is_told_with_the_command_that_adds_it():
    with pytest.raises(ConfigurationError, match="kb models"):
        parts.of_model("nobody-has-it")


def test_the_list_of_parts_fits_the_schema_of_cyclonedx(tmp_path):
    """The schema is the one that CycloneDX's own library ships."""
    package = next(KEPT.glob("cyclonedx_python_lib-*.whl"), None)
    if package is None:
        missing(f"the schema of CycloneDX in {KEPT} (see .ci/run)")
    with zipfile.ZipFile(package) as content:
        names = [n for n in content.namelist() if n.endswith(".schema.json")]
        schemas = {n.rpartition("/")[2]: json.loads(content.read(n)) for n in names}
    registry = jsonschema_rs.Registry(
        [(f"http://cyclonedx.org/schema/{name}", schema) for name, schema in schemas.items()]
    )
    checked = jsonschema_rs.validator_for(
        schemas["bom-1.6.SNAPSHOT.schema.json"], registry=registry, validate_formats=True
    )
    (tmp_path / "x.gguf").write_bytes(b"GGUF")
    (tmp_path / "x.gguf.LICENSE").write_text("MIT")
    every = [
        parts.of_wheel(wheel(tmp_path, "a-1.0-py3-none-any.whl", "License-Expression: MIT\n")),
        parts.of_wheel(wheel(tmp_path, "b-1.0-py3-none-any.whl")),
        parts.of_packaged("english", b"text"),
        parts.of_gguf(tmp_path / "x.gguf"),
    ]
    told = json.loads(sbom("a bundle", every))
    assert [error.message for error in checked.iter_errors(told)] == []
    assert [one["name"] for one in told["components"]] == ["a", "b", "english", "x.gguf"]
    assert list(checked.iter_errors(told | {"specVersion": 1.6})), "the schema is really asked"
    assert sbom("a bundle", every) == sbom("a bundle", every)
    assert sbom("another", every) != sbom("a bundle", every)


def test_the_same_files_make_the_same_tar_whoever_packs_them(tmp_path, monkeypatch):
    (tmp_path / "one").write_bytes(b"1" * 5000)
    first = {"wheels/b": tmp_path / "one", "a": b"2", "install.sh": b"3"}
    packing.pack(tmp_path / "first.tar", "top", packing.with_sums(first, None, ""))
    os.utime(tmp_path / "one", (5, 5))
    (tmp_path / "one").chmod(0o600)
    monkeypatch.setenv("TZ", "Pacific/Apia")
    again = dict(reversed(first.items()))
    packing.pack(tmp_path / "again.tar", "top", packing.with_sums(again, None, ""))
    assert (tmp_path / "first.tar").read_bytes() == (tmp_path / "again.tar").read_bytes()
    with tarfile.open(tmp_path / "first.tar") as tar:
        members = {one.name: one for one in tar.getmembers()}
        sums = tar.extractfile("top/SHA256SUMS").read().decode()
    assert [*members] == ["top/SHA256SUMS", "top/a", "top/install.sh", "top/wheels/b"]
    assert {(m.uid, m.gid, m.uname, m.mtime) for m in members.values()} == {(0, 0, "", 315532800)}
    assert members["top/install.sh"].mode == 0o755
    assert f"{hashlib.sha256(b'1' * 5000).hexdigest()}  wheels/b\n" in sums


def test_a_bundle_that_cannot_be_written_leaves_nothing(tmp_path):
    files = {"a": io.BytesIO(b"").getvalue(), "b": tmp_path / "is not there"}
    with pytest.raises(FileNotFoundError):
        packing.pack(tmp_path / "out.tar", "top", files)
    assert list(tmp_path.iterdir()) == []
