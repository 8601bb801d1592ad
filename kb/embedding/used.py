"""Which models are used at a moment, and the process that has them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from kb.embedding import chosen, models
from kb.embedding.distance.client import DistantEmbedder
from kb.embedding.models import ModelFiles
from kb.engines.calling import EngineClient
from kb.engines.sockets import run_dir
from kb.settings import Embedding, Settings

TELLING = 6
"""Digits that name the folder of an embedder's socket by its models: few, since a path is short."""


@dataclass(frozen=True, slots=True)
class UsedModel:
    """A model that embeds: its ``name`` in settings and register, and the settings of it alone.

    ``fingerprint`` is that of everything that its vectors depend on; calls name it by that.
    ``earlier`` are fingerprints of the same vectors by earlier releases.
    """

    name: str
    settings: Embedding
    fingerprint: str
    earlier: tuple[str, ...]
    files: ModelFiles


class EmbedderCaller(Protocol):
    """What an embedder is called by: its process on this host, or those of other hosts."""

    async def call(self, call: str, *, seconds: float = 600.0, **arguments: Any) -> Any:
        """Send a call by name; raises ``KbError``."""

    async def call_where_it_runs(self, call: str, *, seconds: float = 10.0) -> Any:
        """Send a call without arguments; None where no embedder runs now."""

    async def leave(self) -> None:
        """Ask it to end, where it is ours alone."""

    async def close(self) -> None:
        """Close the connections."""


@dataclass(frozen=True, slots=True)
class Use:
    """What is used at a moment: some models, and who is called for their vectors."""

    settings: Settings
    models: tuple[UsedModel, ...]
    engine: EmbedderCaller


def use_of(settings: Settings) -> Use:
    """The models that these settings name, or leave to what is here, and who has them.

    Raises:
        ConfigurationError: one is not here; its weights may be where other hosts embed.
    """
    embedding = chosen.using(settings.embedding, chosen.names(settings.embedding))
    used: dict[str, UsedModel] = {}
    for one in chosen.each(embedding):
        key, earlier = models.fingerprint(one), models.earlier_fingerprints(one)
        used.setdefault(key, UsedModel(one.model, one, key, earlier, models.find(one)))
    settings = msgspec.structs.replace(settings, embedding=embedding)
    return Use(settings, tuple(used.values()), _caller(settings, used))


def _caller(settings: Settings, used: Mapping[str, UsedModel]) -> EmbedderCaller:
    if settings.engines.embedder_url:
        wanted = {key: model.files.name for key, model in used.items()}
        return DistantEmbedder(settings.engines, wanted)
    for model in used.values():
        models.check_whole(model.files)
    return EngineClient(
        "embedder",
        "kb.embedding.process",
        settings,
        models.engine_fingerprint(settings.embedding),
        _folder(settings, sorted(used)),
    )


def _folder(settings: Settings, fingerprints: Sequence[str]) -> Path:
    """Of the socket: other models have another one.

    So both can be asked while one replaces the other. Another release, or other settings, take the
    place of an embedder of the same models.
    """
    shared = settings.engines.embedder_dir
    folder = Path(shared) if shared else run_dir(settings.data / "run")
    return folder / hashlib.sha256("+".join(fingerprints).encode()).hexdigest()[:TELLING]
