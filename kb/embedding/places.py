"""Where models lie: in the data directory, in the program's environment, in a package.

A model that was added lies in a folder of its own, by its name, on one of two shelves: in the data
directory (``embedding.models_dir``), which everybody may fill who may run commands there; and in
the environment in which the program is installed, which an installer fills (``make setup``, the
container's image). The first is looked at first. What was written down when a model was added lies
in its folder (:class:`ModelManifest`).
"""

import contextlib
import importlib.util
import re
import sys
from pathlib import Path

import msgspec

from kb.embedding.pinned import ENGLISH, PINNED
from kb.errors import ConfigurationError
from kb.settings import Embedding

BUNDLED = "bundled"
BESIDE_PROGRAM = Path(sys.prefix) / "share" / "commonplace" / "models"
MANIFEST = "commonplace.json"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""A name in the register; a path has a ``/`` in it."""


class KeptFile(msgspec.Struct, frozen=True):
    """A file of a model: its SHA-256, its size in bytes, and when it was written (Unix seconds).

    Finer times are lost in the layers of a container's image.
    """

    sha256: str
    size: int
    modified: int


class ModelManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What was written down of a model when it was added.

    ``origin`` is where its weights came from; ``files`` are by path within the folder.
    """

    name: str
    title: str
    origin: str
    note: str = ""
    files: dict[str, KeptFile]


def shelves(settings: Embedding) -> tuple[Path, ...]:
    """The folders in which models lie that were added, whether or not they exist."""
    own = (Path(settings.models_dir),) if settings.models_dir else ()
    return (*own, BESIDE_PROGRAM)


def added(settings: Embedding, name: str) -> Path | None:
    """The folder of a model that was added under this name."""
    if not NAME.fullmatch(name):
        return None
    folders = (shelf / name for shelf in shelves(settings))
    return next((folder for folder in folders if (folder / MANIFEST).is_file()), None)


def manifest_of(folder: Path) -> ModelManifest | None:
    """What was written down of a model; None: it was not added by the register.

    Raises:
        ConfigurationError: it is damaged.
    """
    file = folder / MANIFEST
    try:
        return msgspec.json.decode(file.read_bytes(), type=ModelManifest)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error}. Add the model again.",
            code="model_changed",
            detail={"file": str(file)},
        ) from error


def packaged() -> Path | None:
    """The folder of the English model in its package; None: the package is not installed."""
    spec = importlib.util.find_spec(PINNED[ENGLISH].module)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "model"


def name_of(settings: Embedding) -> str:
    """The name of one model, by the settings of it alone; where they name none, the English one."""
    return ENGLISH if settings.model in {BUNDLED, ""} else settings.model


def folder_of(settings: Embedding) -> Path:
    """The folder of the configured model.

    Raises:
        ConfigurationError: there is none.
    """
    name = name_of(settings)
    folder = added(settings, name)
    if folder is None and name == ENGLISH:
        folder = packaged()
    if folder is not None:
        return folder
    if name in PINNED:
        raise ConfigurationError(
            f"The {name} model is not here. This fetches it: kb models add {name}",
            code="model_not_found",
            detail={"model": name},
        )
    with contextlib.suppress(OSError):  # a name that is too long for a path
        if Path(name).is_dir():
            return Path(name)
    raise ConfigurationError(
        f"The embedding model {name} is neither a model of the register (kb models list) nor a "
        "folder on this machine. Add it (kb models add, kb models pull), or name a folder.",
        code="model_not_found",
        detail={"model": name},
    )
