"""Installs Commonplace from the folder that this file lies in. Nothing but Python is needed.

It checks the signature where a key is given, and every file by its SHA-256; makes an environment;
installs packages with ``pip --no-index --require-hashes``; puts the models in place; runs
``kb doctor``. It may be run again: what is there is brought to this bundle's state.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from signature import SUMS, check_signature, numbers, refuse, say  # type: ignore[import-not-found] # noqa: E402

KNOWN_FORMAT = 1
"""The version of a bundle's layout that this program installs."""
PART = 1 << 20
"""Bytes that are read at once."""
PROGRAM = "commonplace-kb"
SHARE = Path("share") / "commonplace"


def main() -> int:
    """Install; gives the exit status: 0 done, 1 refused or failed."""
    chosen = arguments()
    told = described()
    check_host(told)
    check_signature(chosen.key, chosen.signed_only)
    check_files()
    if chosen.check_only:
        say("Nothing was installed, as was wished.")
        return 0
    into = Path(chosen.into).expanduser().absolute()
    check_room(into)
    with for_other_accounts():
        make_environment(into)
        install_packages(into)
        put_models(into, told["models"])
        put_language_models(into, told["gguf"])
    return finish(into, told)


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(prog="sh install.sh", description=__doc__)
    parser.add_argument(
        "--into", default="~/commonplace", metavar="DIR",
        help="where it is installed (%(default)s); run again with the same to upgrade",
    )  # fmt: skip
    parser.add_argument(
        "--key", metavar="KEY",
        help="the builder's public key, had from elsewhere: its file, or its one line",
    )  # fmt: skip
    parser.add_argument(
        "--signed-only", action="store_true",
        help="refuse a bundle whose signature cannot be checked",
    )  # fmt: skip
    parser.add_argument("--check-only", action="store_true", help="check the files, and end")
    return parser.parse_args()


def described() -> dict[str, object]:
    """What the bundle says of itself."""
    try:
        told = json.loads((HERE / "bundle.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        refuse(f"bundle.json cannot be read ({error}). Unpack the bundle again.")
    if told["format"] != KNOWN_FORMAT:
        refuse("This bundle is of another kind. Use the install.sh that came with it.")
    found: dict[str, object] = told
    return found


def check_host(told: dict[str, object]) -> None:
    """Whether the bundle is for this machine."""
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if here != told["python"]:
        refuse(
            f"This bundle is for Python {told['python']}, and {sys.executable} is {here}. Name the "
            f"right one (PYTHON=python{told['python']} sh install.sh), or have a bundle made for "
            f"this one (kb bundle --python {here})."
        )
    if platform.machine() != told["machine"]:
        refuse(
            f"This bundle is for {told['machine']}, and this machine is {platform.machine()}. Have "
            f"one made for it (kb bundle --platform linux-{platform.machine()})."
        )
    libc, version = platform.libc_ver()
    if libc != "glibc" or numbers(version) < numbers(str(told["glibc"])):
        refuse(
            f"This bundle needs glibc {told['glibc']} or a later one, and here is "
            f"{libc or 'another C library'} {version}. Take a newer system, such as Debian 12."
        )


def check_files() -> None:
    """Compare every file with its SHA-256."""
    say("Comparing every file with its SHA-256 …")
    damaged = [name for digest, name in listed() if digest_of(HERE / name) != digest]
    if damaged:
        refuse(
            f"Damaged or missing: {', '.join(damaged[:5])}"
            f"{f' and {len(damaged) - 5} more' * (len(damaged) > 5)}. Copy the bundle anew, and "
            "unpack it again. Nothing was installed."
        )


def listed() -> list[list[str]]:
    """Each file of the bundle, with its SHA-256 before it."""
    try:
        lines = (HERE / SUMS).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        refuse(f"{SUMS} cannot be read ({error.strerror}). Unpack the bundle again.")
    return [line.split("  ", 1) for line in lines]


def digest_of(file: Path) -> str:
    """The SHA-256 of a file; empty: it cannot be read."""
    digest = hashlib.sha256()
    try:
        with file.open("rb") as content:
            while part := content.read(PART):
                digest.update(part)
    except OSError:
        return ""
    return digest.hexdigest()


def check_room(into: Path) -> None:
    """Whether there is room, and nothing else in the way."""
    if into.exists() and not into.is_dir():
        refuse(f"{into} is a file. Name a folder: --into DIR.")
    if into.is_dir() and any(into.iterdir()) and not (into / "pyvenv.cfg").is_file():
        refuse(f"{into} holds other files. Name an empty folder, or a new one: --into DIR.")
    above = next(one for one in (into, *into.parents) if one.exists())
    if not os.access(str(above), os.W_OK):
        refuse(f"{above} cannot be written by this account. Name another folder: --into DIR.")
    size = sum((HERE / name).stat().st_size for _, name in listed())
    free = shutil.disk_usage(str(above)).free
    if free < 4 * size and not (into / "pyvenv.cfg").is_file():
        refuse(f"{above} has {free >> 20} MB free, and {4 * size >> 20} MB are needed.")


@contextlib.contextmanager
def for_other_accounts() -> Iterator[None]:
    """What root installs, other accounts may read, whatever root's mask: no secret is in it."""
    if os.geteuid() != 0:
        yield
        return
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def make_environment(into: Path) -> None:
    """Make the environment, or take the one of an earlier run."""
    python = into / "bin" / "python"
    if (into / "pyvenv.cfg").is_file() and python.exists():
        if not runs(python, f"sys.version_info[:2] == {tuple(sys.version_info[:2])}"):
            refuse(
                f"{into} was made with another Python. Move it away, or name another: --into DIR."
            )
        if runs(python, "importlib.util.find_spec('pip')"):
            say(f"Upgrading what is in {into} …")
            return
    say(f"Making an environment in {into} …")
    done = subprocess.run(
        [sys.executable, "-m", "venv", str(into)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = " ".join((done.stderr + done.stdout).split())
        refuse(
            f"Python could not make an environment: {why} "
            "(Debian: apt install python3-venv; then run this again.)"
        )


def runs(python: Path, what: str) -> bool:
    """Whether something is so of an environment; one that was only begun has no pip."""
    check = f"import sys, importlib.util; raise SystemExit(not ({what}))"
    return subprocess.run([str(python), "-I", "-c", check], check=False).returncode == 0


def install_packages(into: Path) -> None:
    """Install the packages; the program itself anew even where its release is there."""
    say("Installing the packages; this takes a minute or two …")
    pip(into, str(HERE / "requirements.txt"))
    lines = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "own.txt"
        own.write_text("\n".join(one for one in lines if one.startswith(f"{PROGRAM}==")))
        pip(into, str(own), "--force-reinstall")


def pip(into: Path, requirements: str, *more: str) -> None:
    """Run the environment's pip, whatever is set up for pip on this machine."""
    command = [
        str(into / "bin" / "python"), "-m", "pip", "--isolated", "--disable-pip-version-check",
        "install", "--quiet", "--no-index", "--no-deps", "--require-hashes", "--no-cache-dir",
        "--find-links", str(HERE / "wheels"), "-r", requirements, *more,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        refuse(
            f"pip could not install the packages: {' '.join(done.stderr.split()[-80:])} Run this "
            "again once that is mended; what was done is kept."
        )


def put_models(into: Path, names: object) -> None:
    """Put the embedding models beside the program, of the files that were compared alone."""
    shelf = into / SHARE / "models"
    for name in list(names):  # type: ignore[call-overload]
        shelf.mkdir(parents=True, exist_ok=True)
        working, place = shelf / f".{name}.writing", shelf / name
        shutil.rmtree(str(working), ignore_errors=True)
        above = f"models/{name}/"
        for held in [one for _, one in listed() if one.startswith(above)]:
            target = working / held[len(above) :]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(HERE / held), str(target))
        keep_times(working)
        shutil.rmtree(str(place), ignore_errors=True)
        working.rename(place)


def keep_times(folder: Path) -> None:
    """Files have the times that the register knows them by, however they were unpacked."""
    kept = json.loads((folder / "commonplace.json").read_text(encoding="utf-8"))["files"]
    for name, told in kept.items():
        os.utime(str(folder / name), (told["modified"], told["modified"]))


def put_language_models(into: Path, names: object) -> None:
    """Put language models' files where ``kb models import`` finds them."""
    for name in list(names):  # type: ignore[call-overload]
        folder = into / SHARE / "gguf"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(HERE / "gguf" / name), str(folder / f".{name}"))
        (folder / f".{name}").rename(folder / name)


def finish(into: Path, told: dict[str, object]) -> int:
    """Look at every part, and say how to go on."""
    kb = into / "bin" / "kb"
    done = subprocess.run([str(kb), "doctor"], check=False)
    say("")
    say(f"Commonplace {told['version']} is installed in {into}.")
    if done.returncode:
        say("Look at what is marked ✗ above; the line under each says what mends it.")
    kb_typed = shlex.quote(str(kb))
    say(f"To start:  {kb_typed} serve        To try it with sample documents:  {kb_typed} demo")
    for name in list(told["gguf"]):  # type: ignore[call-overload]
        file = shlex.quote(str(into / SHARE / "gguf" / name))
        say(f"Language model, once Ollama runs:  {kb_typed} models import {file}")
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
