"""``kb bundle``: all of an installation in one file, for a host without a network."""

from dataclasses import asdict
from pathlib import Path

import click

from kb.bundle.building import MadeBundle, WantedBundle, make
from kb.bundle.platforms import target
from kb.bundle.resolving import NONE
from kb.bundle.wheels import kept_in
from kb.cli.common import Usual, json_option, show
from kb.embedding.pinned import ENGLISH, MULTILINGUAL
from kb.signing import make_key, read_public, read_secret, verify_file

MB = 1_000_000
"""Bytes of a megabyte, as sizes are shown here."""
PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(cls=Usual, usual="make")
def bundle() -> None:
    """One file to install from without a network. kb bundle OUT makes it (kb bundle make --help).

    OUT is a file or a folder. Packages are fetched as pip is set up here, once; all else is here.
    """


@bundle.command("make")
@click.argument("out", type=PATH)
@click.option("--platform", default="", metavar="NAME", help="linux-x86_64 or linux-aarch64.")
@click.option("--python", default="", metavar="VERSION", help="The host's Python, such as 3.11.")
@click.option("--torch", default=NONE, show_default=True, metavar="none|cuda|FOLDER",
              help="none: OpenVINO alone embeds. A folder: a build that you brought.")  # fmt: skip
@click.option("--models", default=f"{ENGLISH},{MULTILINGUAL}", show_default=True, metavar="NAMES",
              help="Embedding models that are on this machine.")  # fmt: skip
@click.option("--gguf", multiple=True, type=FILE, metavar="FILE",
              help="A language model; FILE.LICENSE lies beside it. May be said again.")  # fmt: skip
@click.option("--key", type=PATH, metavar="FILE", help="Your secret key, by which it is signed.")
@click.option("--wheels", type=PATH, metavar="FOLDER", help="Where fetched packages are kept.")
@json_option
def make_one(
    out: Path, platform: str, python: str, torch: str, models: str, gguf: tuple[Path, ...],
    key: Path | None, wheels: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Make a bundle in OUT, a file or a folder."""
    wanted = WantedBundle(
        target(platform, python), torch, [n for n in models.split(",") if n], gguf,
        None if key is None else read_secret(key), wheels or kept_in(),
    )  # fmt: skip
    made = make(out, wanted, lambda line: click.echo(line, err=True))
    show(asdict(made), as_json, lambda _: _lines(made))


def _lines(made: MadeBundle) -> list[str]:
    models = ", ".join([*made.models, *made.gguf])
    by = f"Signed by the key {made.signed}: the signature is in it, and beside it as .minisig."
    return [
        f"{made.file}: {made.bytes / MB:.0f} MB, {made.packages} packages, models: {models}.",
        f"SHA-256 {made.sha256}",
        by if made.signed else "Not signed. A key is made with: kb bundle key FILE",
        f"On the host: tar xf {Path(made.file).name}, then sh install.sh in its folder.",
    ]


@bundle.command("key")
@click.argument("file", type=PATH)
@json_option
def key_(file: Path, as_json: bool) -> None:
    """Make a key to sign with: FILE stays with you, FILE.pub goes to the hosts, by another way."""
    public = file.with_name(f"{file.name}.pub")
    made = make_key(file, public)
    value = {"secret": str(file), "public": str(public), "id": made.name, "key": str(made)}
    lines = [
        f"{file} signs: keep it to yourself.",
        f"{public} checks: give it to whoever installs, apart from the bundle. It is one line:",
        str(made),
    ]
    show(value, as_json, lambda _: lines)


@bundle.command()
@click.argument("file", type=PATH)
@click.option("--key", required=True, metavar="KEY", help="The public key: its file, or its line.")
@json_option
def verify(file: Path, key: str, as_json: bool) -> None:
    """Check a bundle by the signature beside it. Exit 1 if it is not what was signed."""
    public = read_public(Path(key) if Path(key).is_file() else key)
    comment = verify_file(file, public)
    value = {"file": str(file), "key": public.name, "comment": comment}
    show(value, as_json, lambda _: [f"{file} is what the key {public.name} signed: {comment}."])
