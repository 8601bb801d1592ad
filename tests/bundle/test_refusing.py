"""What the installer refuses before it changes anything: run as the host runs it, on a small bundle."""

import platform
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


def unpacked(folder: Path, key=None, **told) -> Path:
    """A bundle that holds the installer and one more file, as tar unpacks it."""
    said = {
        "format": FORMAT, "version": "1.0", "machine": platform.machine(), "python": PYTHON,
        "glibc": "2.17", "torch": "none", "models": [], "gguf": [],
    }  # fmt: skip
    carried = resources.files("kb.bundle") / "carried"
    files = {name: (carried / name).read_bytes() for name in CARRIED}
    files |= {"bundle.json": parts.as_json(said | told), "wheels/one.whl": b"a wheel"}
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
    for given in (public, str(tmp_path / "key.pub")):
        status, said = install(folder, CHECK, "--signed-only", "--key", given, tools=(checker,))
        assert (status, f"Signed by the key {key.public.name}." in said) == (0, True), said
    other = signing.make_key(tmp_path / "other", tmp_path / "other.pub")
    status, said = install(folder, CHECK, "--key", str(other), tools=(checker,))
    assert (status, "not what that key signed" in said) == (1, True), said
    signature = folder / "SHA256SUMS.minisig"
    signature.write_text(signature.read_text().replace("for a test", "for no test"))
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
