"""What the installer refuses before it changes anything: run as the host runs it, on a small bundle."""

import os
import platform
import stat
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from kb import signing
from kb.bundle import packing, parts
from kb.bundle.building import CARRIED, FORMAT
from tests.parts.processes import missing

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def key(tmp_path):
    signing.make_key(tmp_path / "key", tmp_path / "key.pub")
    return signing.read_secret(tmp_path / "key")


def unpacked(folder: Path, key=None, more=(), **told) -> Path:
    """A bundle that holds the installer, one more file and ``more``, as tar unpacks it."""
    said = {
        "format": FORMAT, "version": "1.0", "machine": platform.machine(), "python": PYTHON,
        "glibc": "2.17", "torch": "none", "models": [], "gguf": [],
    }  # fmt: skip
    carried = resources.files("kb.bundle") / "carried"
    files = {name: (carried / name).read_bytes() for name in CARRIED}
    files |= {"bundle.json": parts.as_json(said | told), "wheels/one.whl": b"a wheel"}
    files |= dict(more)
    packing.pack(folder / "small.tar", "a bundle", packing.with_sums(files, key, "for a test"))
    subprocess.run(["tar", "xf", "small.tar"], cwd=folder, check=True)
    return folder / "a bundle"


def install(folder: Path, *arguments: str, tools: tuple[str, ...] = ()) -> tuple[int, str]:
    """Run the installer with no other programs than these beside the system's shell."""
    own = folder.parent / "bin"
    own.mkdir(exist_ok=True)
    for name in ("dirname", "sh", *tools):
        if not (own / name).exists():
            (own / name).symlink_to(f"/usr/bin/{name}")
    done = subprocess.run(
        ["/bin/sh", str(folder / "install.sh"), *arguments],
        capture_output=True, text=True, env={"PATH": str(own), "PYTHON": sys.executable},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


CHECK = "--check-only"


def test_a_whole_bundle_is_taken_and_one_without_a_signature_is_said_or_refused(tmp_path):
    folder = unpacked(tmp_path)
    status, said = install(folder, CHECK)
    assert (status, "NOT CHECKED: This bundle is not signed" in said) == (0, True), said
    status, said = install(folder, CHECK, "--signed-only")
    assert (status, "not signed" in said) == (1, True), said


@pytest.mark.parametrize("checker", ["minisign", "openssl"])
def test_a_signature_is_checked_by_what_the_host_has(tmp_path, key, checker):
    if not Path(f"/usr/bin/{checker}").exists():
        missing(checker)
    folder, public = unpacked(tmp_path, key), str(key.public)
    (tmp_path / "line.pub").write_text(public + "\n")
    for given in (public, str(tmp_path / "key.pub"), str(tmp_path / "line.pub")):
        status, said = install(folder, CHECK, "--signed-only", "--key", given, tools=(checker,))
        assert (status, f"Signed by the key {key.public.name}." in said) == (0, True), said
    other = signing.make_key(tmp_path / "other", tmp_path / "other.pub")
    status, said = install(folder, CHECK, "--key", str(other), tools=(checker,))
    assert (status, "not what that key signed" in said) == (1, True), said
    signature = folder / "SHA256SUMS.minisig"
    whole = signature.read_text()
    for changed in (
        whole.replace("for a test", "for no test"),
        whole.replace("trusted comment: for", "mistrusted comm: for", 1),
        whole[: len(whole) // 2],
    ):
        signature.write_text(changed)
        status, said = install(folder, CHECK, "--key", public, tools=(checker,))
        assert (status, "not what that key signed" in said) == (1, True), said


@pytest.mark.parametrize("checker", ["minisign", "openssl"])
def test_sums_that_somebody_made_anew_are_not_the_keys(tmp_path, key, checker):
    folder = unpacked(tmp_path, key)
    (tmp_path / "other").mkdir()
    changed = unpacked(tmp_path / "other")
    (folder / "SHA256SUMS").write_bytes((changed / "SHA256SUMS").read_bytes() + b"\n")
    status, said = install(folder, CHECK, "--key", str(key.public), tools=(checker,))
    assert (status, "not what that key signed" in said) == (1, True), said


def test_a_host_without_a_checker_or_a_key_is_said_or_refused(tmp_path, key):
    folder = unpacked(tmp_path, key)
    for given, why in ((("--key", str(key.public)), "apt install minisign"), ((), "--key")):
        status, said = install(folder, CHECK, *given)
        assert (status, "NOT CHECKED" in said, why in said) == (0, True, True), said
        status, said = install(folder, CHECK, "--signed-only", *given)
        assert (status, why in said) == (1, True), said


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_damaged_file_is_refused_by_its_name(tmp_path, how):
    folder = unpacked(tmp_path)
    file = folder / "wheels" / "one.whl"
    file.write_bytes(b"A wheel") if how == "changed" else file.unlink()
    status, said = install(folder, "--into", str(tmp_path / "into"))
    assert (status, "Damaged or missing: wheels/one.whl." in said) == (1, True), said
    assert not (tmp_path / "into").exists()


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"python": "3.9"}, "PYTHON=python3.9 sh install.sh"),
        ({"machine": "riscv64"}, "kb bundle --platform"),
        ({"glibc": "9.1"}, "glibc 9.1 or a later one"),
        ({"format": 99}, "another kind"),
    ],
)
def test_a_host_that_it_is_not_for_is_told_what_to_do(tmp_path, told, why):
    status, said = install(unpacked(tmp_path, **told), CHECK)
    assert (status, why in said) == (1, True), said


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    folder, into = unpacked(tmp_path), tmp_path / "into"
    into.mkdir()
    (into / "letter.txt").write_text("mine")
    status, said = install(folder, "--into", str(into))
    assert (status, "holds other files" in said) == (1, True), said
    assert [one.name for one in into.iterdir()] == ["letter.txt"]


def test_without_python_it_says_so(tmp_path):
    done = subprocess.run(
        ["/bin/sh", str(unpacked(tmp_path) / "install.sh")],
        capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "PYTHON": "python-of-nobody"},
    )  # fmt: skip
    assert (done.returncode, "python3-venv" in done.stderr) == (1, True)


def step(folder: Path, what: str, *arguments: str) -> str:
    """One step of the installer that lies in a bundle, by itself."""
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c",
         f"import sys; sys.path.insert(0, {str(folder)!r}); import install, os\n"
         f"from pathlib import Path\n{what}", *arguments],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_that_is_not_in_the_list_does_not_come_in_with_a_model(tmp_path):
    model = {"commonplace.json": b'{"files": {"deep/a": {"modified": 315532800}}}', "deep/a": b"A"}
    folder = unpacked(tmp_path, more={f"models/m/{n}": held for n, held in model.items()})
    (folder / "models/m/deep/slipped.py").write_text("evil")
    step(folder, "install.put_models(Path(sys.argv[1]), ['m'])", str(tmp_path / "into"))
    shelf = tmp_path / "into/share/commonplace/models"
    found = {str(one.relative_to(shelf)) for one in shelf.rglob("*") if one.is_file()}
    assert found == {"m/commonplace.json", "m/deep/a"}
    assert (shelf / "m/deep/a").stat().st_mtime == 315532800


@pytest.mark.slow
def test_an_environment_that_was_only_begun_is_made_whole(tmp_path):
    """As a host without python3-venv leaves it, or somebody who stopped it."""
    folder, into = unpacked(tmp_path), tmp_path / "into"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(into)], check=True)
    make = "install.make_environment(Path(sys.argv[1]))"
    assert "Making an environment" in step(folder, make, str(into))
    subprocess.run([str(into / "bin/python"), "-m", "pip", "--version"], check=True)
    assert "Upgrading what is in" in step(folder, make, str(into))


def test_what_root_installs_others_may_read(tmp_path):
    what = "os.umask(0o077)\nwith install.for_other_accounts(): Path(sys.argv[1]).touch()\n"
    said = step(unpacked(tmp_path), f"{what}print(oct(os.umask(0)))", str(tmp_path / "one"))
    assert said == "0o77\n", "afterwards it is as it was"
    is_root = os.geteuid() == 0
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == (0o644 if is_root else 0o600)
