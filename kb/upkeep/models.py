"""Models, and what the catalog knows of them: how one goes, and the register by itself."""

import asyncio
from typing import Any

from kb.audit.log import noted
from kb.backup.upgrading import has_catalog, opened
from kb.catalog.database import Catalog
from kb.embedding import chosen
from kb.index.generation import built_with
from kb.llm.adapters import adapter
from kb.models.register import Register, in_use
from kb.models.registered import Registered
from kb.rights import access
from kb.settings import Embedding, Settings
from kb.tuning.tunings import Tunings
from kb.upkeep.publishing import Publisher


class Removal:
    """How a model goes, whoever keeps it."""

    def __init__(
        self, catalog: Catalog, register: Register, tunings: Tunings, publisher: Publisher
    ) -> None:
        self._catalog = catalog
        self._register = register
        self._tunings = tunings
        self._publisher = publisher

    async def remove(self, name: str) -> None:
        """Remove a model from the register.

        Raises:
            NotFoundError: there is none of this name.
            ConflictError: the settings name it, or the index was built with it.
            UsageError: something else keeps it.
            RetryableError: its folder cannot be written to.
        """
        model = await self._register.removable(name)
        if model.keeper == "catalog":
            await self._catalog.write(self._tunings.remove, access.owner(), name)
            return
        if model.dimension and await self._catalog.read(self._publisher.was_built_with, name):
            raise in_use(name, "the index was built with it, or one that is kept or being built")
        await asyncio.to_thread(self._register.remove, model)


def register_of(settings: Settings) -> Register:
    """The register of models by itself: it works where the configured model is not here, or broken.

    The catalog is opened to note what changes, to see what was learned, and where the settings name
    no model, to see with which the index was built.
    """

    def note(action: str, target: str, **detail: Any) -> None:
        with opened(settings) as catalog, catalog.writing() as connection:
            noted(connection, access.owner(), action, target, **detail)

    def used() -> Embedding:
        own = settings.embedding
        described = None
        if has_catalog(settings) and not chosen.named(own):
            with opened(settings) as catalog:
                described = catalog.described
        return chosen.using(own, chosen.names(own) if described is None else built_with(described))

    def tuned() -> list[Registered]:
        if not has_catalog(settings):
            return []
        with opened(settings) as catalog:
            return Tunings(catalog).registered()

    return Register(settings, lambda: adapter(settings), note, used, tuned)
