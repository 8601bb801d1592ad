"""Everything that an installation needs, put into one file."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from kb import __version__
from kb.bundle import parts, resolving, wheels
from kb.bundle.packing import pack, with_sums
from kb.bundle.parts import BundlePart, Content, as_json
from kb.bundle.platforms import LIBC, Target
from kb.bundle.sbom import sbom
from kb.embedding.pinned import ENGLISH, PINNED
from kb.errors import UsageError
from kb.signing import SecretKey, sign_file

FORMAT = 1
"""The version of how a bundle is laid out; whoever changes that raises it."""
CARRIED = ("install.sh", "install.py", "signature.py", "README.txt")
SOURCES = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class WantedBundle:
    """What is to be in a bundle; ``torch`` is none, cuda, or a folder."""

    target: Target
    torch: str
    models: Sequence[str]
    gguf: Sequence[Path]
    key: SecretKey | None
    kept_in: Path


@dataclass(frozen=True, slots=True)
class MadeBundle:
    """A bundle that was made; sizes in bytes, ``signed`` names the key."""

    file: str
    bytes: int
    sha256: str
    signed: str | None
    packages: int
    models: list[str]
    gguf: list[str]


def make(out: Path, wanted: WantedBundle, tell: Callable[[str], None]) -> MadeBundle:
    """Make a bundle; ``tell`` is told what is done.

    Raises:
        UsageError: what is wanted cannot be, or the sources are not here.
        RetryableError: packages cannot be resolved, fetched, built.
        OSError: it cannot be written.
    """
    sources = _sources()
    label = f"commonplace-{__version__}-{wanted.target.label}"
    file = out / f"{label}.tar" if out.is_dir() else out
    with tempfile.TemporaryDirectory() as working:
        packages = _wheels(sources, wanted, Path(working), tell)
        models = _models(sources, wanted.models)
        every = [*packages, *models, *map(parts.of_gguf, wanted.gguf)]
        tell("Packing …")
        files = dict(_files(label, wanted, every))
        pack(file, label, with_sums(files, wanted.key, label))
    if wanted.key is not None:
        sign_file(file, wanted.key, label)
    return MadeBundle(
        str(file), file.stat().st_size, parts.digest_of(file),
        wanted.key.public.name if wanted.key else None,
        len(packages), [*wanted.models], [one.name for one in wanted.gguf],
    )  # fmt: skip


def _sources() -> Path:
    """The checkout that this program runs from.

    Raises:
        UsageError: it runs from an installation.
    """
    if not all((SOURCES / name).is_file() for name in ("pyproject.toml", "constraints.txt")):
        raise UsageError(
            "A bundle is made in a checkout of the sources (make setup; make bundle), and this "
            "program was installed without them.",
            code="no_sources",
        )
    return SOURCES


def _unpacked(names: Sequence[str]) -> list[str]:
    """The models that lie in folders: the English one is in its package."""
    return [name for name in names if name != ENGLISH]


def _models(sources: Path, names: Sequence[str]) -> list[BundlePart]:
    licence = (sources / "LICENSE").read_bytes()
    packaged = [parts.of_packaged(name, licence) for name in names if name == ENGLISH]
    return [*packaged, *(parts.of_model(name) for name in _unpacked(names))]


def _wheels(
    sources: Path, wanted: WantedBundle, working: Path, tell: Callable[[str], None]
) -> list[BundlePart]:
    tell(f"Resolving the packages for {wanted.target.label} …")
    pins = resolving.resolved(sources, wanted.target, wanted.torch)
    if ENGLISH not in wanted.models:
        pins.pop(PINNED[ENGLISH].distribution)
    brought = [Path(wanted.torch)] if wanted.torch not in {resolving.NONE, resolving.CUDA} else []
    shelf = wheels.Shelf(wanted.kept_in, wanted.target, *brought)
    tell(f"{len(pins)} packages; what is not in {wanted.kept_in} is fetched …")
    found = shelf.files(pins, sources / "constraints.txt")
    return [parts.of_wheel(one) for one in [*found, wheels.own_wheel(sources, working)]]


def _files(
    label: str, wanted: WantedBundle, every: Sequence[BundlePart]
) -> Iterator[tuple[str, Content]]:
    for name in CARRIED:
        yield name, resources.files("kb.bundle").joinpath("carried", name).read_bytes()
    yield "bundle.json", as_json(_described(wanted))
    yield "requirements.txt", _requirements(every)
    yield "sbom.cdx.json", sbom(label, every)
    for part in every:
        yield from part.files.items()
        for name, text in part.licence.texts.items():
            yield f"{part.folder_of_licences}/{name}", text


def _described(wanted: WantedBundle) -> dict[str, object]:
    """What the installer on the host reads."""
    return {
        "format": FORMAT,
        "version": __version__,
        "machine": wanted.target.machine,
        "python": wanted.target.version,
        "glibc": f"2.{LIBC}",
        "torch": wanted.torch if wanted.torch in {resolving.NONE, resolving.CUDA} else "brought",
        "models": _unpacked(wanted.models),
        "gguf": [file.name for file in wanted.gguf],
    }


def _requirements(every: Sequence[BundlePart]) -> bytes:
    """Each package with its one release and the SHA-256 of its wheel, as pip wants them."""
    lines = [
        f"{one.name}=={one.version} --hash=sha256:{one.digest}\n"
        for one in every
        if one.kind == "library"
    ]
    return "".join(sorted(lines)).encode()
