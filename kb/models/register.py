"""The register: every model that is here, how others come in, and how one goes."""

import asyncio
import errno
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from kb.embedding import models, places
from kb.embedding.pinned import PINNED
from kb.errors import ConflictError, ModelError, NotFoundError, UsageError
from kb.llm.base import LanguageModel, Stock
from kb.models import adding, disk, serving, shelf
from kb.models.adding import Added
from kb.models.registered import Listing, Registered, VerifiedModel
from kb.settings import Embedding, Settings

Note = Callable[..., None]
"""Notes in the audit log what is done to which model, with details by name."""
GGUF = b"GGUF"
"""With which a language model's file begins."""


class Register:
    """The models of a data directory, of the program's environment, and of the model server."""

    def __init__(
        self,
        settings: Settings,
        model: Callable[[], LanguageModel | None],
        note: Note,
        used: Callable[[], Embedding],
        tuned: Callable[[], list[Registered]],
    ) -> None:
        """``model`` gives the language model, ``used`` settings with the embedding models named.

        ``tuned`` gives what was learned here.
        """
        self._settings = settings
        self._used = used
        self._tuned = tuned
        self._shelf = Path(settings.embedding.models_dir)
        self._derived = models.derived_dir(settings)
        self._model = model
        self._note = note

    def on_disk(self) -> list[Registered]:
        """The models on this machine's disks."""
        return list(disk.registered(self._used(), self._derived))

    async def embedding(self) -> list[Registered]:
        """The embedding models on this machine's disks with which nothing is wrong."""
        found = await asyncio.to_thread(self.on_disk)
        return [m for m in found if m.purpose == "embedding" and m.dimension and not m.problem]

    def _here(self) -> list[Registered]:
        return [*self.on_disk(), *self._tuned()]

    async def listing(self) -> Listing:
        """Every model; those of the model server as far as it answers at once."""
        found = await asyncio.to_thread(self._here)
        model = await asyncio.to_thread(self._model)
        if model is None:
            return Listing(tuple(found))
        try:
            served = await serving.served(model)
        except ModelError as error:
            return Listing(tuple(found), error.message)
        return Listing((*found, *served))

    async def find(self, name: str) -> Registered:
        """A model by its name. The model server is asked where none on a disk has it.

        Raises:
            NotFoundError: there is none.
        """
        found = await asyncio.to_thread(self._here)
        listing = Listing(tuple(found))
        if name not in {model.name for model in found}:
            listing = await self.listing()
        for model in listing.models:
            if model.name in {name, f"{name}:latest"}:
                return model
        raise _unknown(name, [model.name for model in listing.models], listing.missing)

    def add(self, what: str, *, name: str | None, file: Path | None, for_all: bool) -> Added:
        """Add a model that this program knows, by its name (``file``: its package), or a folder's.

        ``for_all``: into the program's environment, for every data directory.

        Raises:
            UsageError: it is no model, may not come in, or its name cannot be.
            ConflictError: there is one of this name.
            PermanentError: a package is not what it must be.
            RetryableError: it could not be fetched or written.
        """
        onto = places.BESIDE_PROGRAM if for_all else self._shelf
        mode = shelf.EVERYBODYS if for_all else shelf.OURS
        before = partial(self._added, "model.add", for_all=for_all)
        pinned = PINNED.get(what)
        if pinned is not None and name is None:
            return adding.add_pinned(pinned, onto, file, mode, before)
        if file is not None or pinned is not None:
            raise UsageError(
                f"--from goes with {' or '.join(PINNED)}, and these keep their names.",
                code="wrong_use",
            )
        return adding.add_folder(Path(what), onto, name, mode, before)

    def pull(self, repository: str, name: str | None) -> Added:
        """Fetch a model from the model hub; raises as :func:`kb.models.adding.pull`."""
        return adding.pull(repository, self._shelf, name, partial(self._added, "model.pull"))

    def _added(self, action: str, made: Path, *, for_all: bool = False) -> None:
        """Note that a model is about to appear. An installer has no data directory yet."""
        manifest = places.manifest_of(made)
        if manifest is None or (for_all and not self._settings.data.exists()):
            return
        kept = manifest.files.get(models.WEIGHTS)
        digest = kept.sha256 if kept else None
        self._note(action, manifest.name, sha256=digest, origin=manifest.origin, for_all=for_all)

    def verify(self, name: str | None) -> Iterator[VerifiedModel]:
        """Read every file of a model, or of all, and compare it with what was written down.

        Raises:
            NotFoundError: no model on a disk has this name.
        """
        found = self.on_disk()
        if name is not None and name not in {model.name for model in found}:
            raise _unknown(name, [model.name for model in found])
        for model in found:
            if name in {None, model.name}:
                yield disk.verified(model, self._derived)

    async def removable(self, name: str) -> Registered:
        """A model that may be removed, as far as the settings tell.

        Raises:
            NotFoundError: there is none.
            ConflictError: it is in use.
            UsageError: something else keeps it, and removes it.
        """
        model = await self.find(name)
        if model.keeper == "catalog":
            return model
        if model.in_use:
            raise in_use(name, "passages or answers are made with it (embedding.models, llm.model)")
        if model.keeper == "server":
            raise UsageError(
                f"The model server keeps {name}: ollama rm {name} removes it.", code="not_ours"
            )
        if model.keeper not in {"data", "program"}:
            raise UsageError(
                f"{name} lies in {model.where}, which is not the register's to remove.",
                code="not_ours",
            )
        return model

    def remove(self, model: Registered) -> None:
        """Remove a model (:meth:`removable`).

        Raises:
            ConflictError: something lies there that was not made here.
            RetryableError: its shelf cannot be written to.
        """
        note = partial(self._note, "model.remove", model.name, sha256=model.digest)
        shelf.remove(Path(model.where), note)

    async def bring_in(self, file: Path, name: str | None) -> str:
        """Bring a language model's file (GGUF) into the model server; gives the model's name.

        Raises:
            UsageError: it is no such file, or the server takes none in.
            ConflictError: the server has a model of this name.
            ModelError: the server does not answer, or refuses it.
        """
        _check_gguf(file)
        called = name or file.stem.lower()
        server = await asyncio.to_thread(self._model)
        if not isinstance(server, Stock):
            raise UsageError(
                "Language models are brought into Ollama, and llm.provider names none.",
                code="not_ours",
            )
        if {called, f"{called}:latest"} & {model.name for model in await server.stock()}:
            raise ConflictError(
                f"The model server has a model {called} already. Give another --name.",
                code="model_exists",
                detail={"model": called},
            )
        digest = await server.bring_in(file, called)
        noted = partial(self._note, "model.import", called, sha256=digest, origin=file.name)
        await asyncio.to_thread(noted)
        return called


def in_use(name: str, why: str) -> ConflictError:
    """The error that a model cannot be removed."""
    return ConflictError(
        f"{name} is in use: {why}. It was not removed.",
        code="model_in_use",
        detail={"model": name},
    )


def _check_gguf(file: Path) -> None:
    try:
        if not file.is_file():
            raise FileNotFoundError(errno.ENOENT, "there is no such file")
        with file.open("rb") as opened:
            begins = opened.read(len(GGUF))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", code="not_a_model") from error
    if begins != GGUF:
        raise UsageError(
            f"{file} ({file.stat().st_size:,} bytes) is no language model's file (GGUF).",
            code="not_a_model",
            detail={"file": str(file)},
        )


def _unknown(name: str, known: list[str], missing: str = "") -> NotFoundError:
    said = f"There is no model {name}. There are: {', '.join(known) or 'none'}. {missing}"
    return NotFoundError(
        said.strip(),
        code="model_unknown",
        detail={"model": name},
    )
