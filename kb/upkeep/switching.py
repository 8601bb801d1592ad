"""Switching: a generation beside the live one goes live, and that one is kept in its place."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from kb import failpoints
from kb.catalog import generations
from kb.catalog.database import Catalog, Connection, hold_seq
from kb.embedding import chosen
from kb.embedding.client import Embeddings
from kb.errors import ConflictError
from kb.index.generation import name_of
from kb.index.remote import RemoteIndex
from kb.settings import Embedding
from kb.types.swaps import Followed
from kb.upkeep.beside import AT_ONCE, Beside, missing_in, one_of
from kb.upkeep.loading import Vectors, awaited, keep_vectors

ONE_MODELS = ("sha256", "query_prompt", "passage_prompt")
"""Settings that are one model's alone."""
Note = Callable[[Connection, Followed], None]
"""Writes down a switch, in its transaction."""


@dataclass(frozen=True, slots=True)
class Switched:
    """The generation that is live now, its models, and how long publishing waited for the step."""

    generation: str
    models: tuple[str, ...]
    seconds: float


class Switcher:
    """Switches between the generations of one data directory."""

    def __init__(self, catalog: Catalog, index: RemoteIndex, beside: Beside) -> None:
        self._catalog = catalog
        self._index = index
        self._beside = beside

    async def switch(self, number: int, note: Note) -> Switched:
        """Go live with a generation beside the live one, which is kept in its place.

        What is new is brought in first; then, in one transaction, the last of it, and one row is
        switched. ``note`` writes down who did it in the same transaction.

        Raises:
            ConflictError: it is not beside the live one any more.
            ConfigurationError: a model of it is not here, or is another by now.
        """
        one = await self._catalog.read(self._one, number)
        embeddings = self._beside.models_of(one)
        await self._beside.bring(one, embeddings)
        await embeddings.describe()  # its process is there when the first question comes
        loop, begun = asyncio.get_running_loop(), time.monotonic()
        await asyncio.to_thread(self._switch, loop, one, embeddings, note)
        failpoints.reached("switched")
        return Switched(name_of(number), embeddings.names, time.monotonic() - begun)

    def _one(self, number: int) -> Followed:
        with self._catalog.reading() as connection:
            return one_of(connection, number)

    def _switch(
        self, loop: asyncio.AbstractEventLoop, one: Followed, embeddings: Embeddings, note: Note
    ) -> None:
        """Runs in a thread, which holds the transaction while the loop works on the index."""
        done = partial(awaited, loop)
        unkept: list[Vectors] = []
        with self._catalog.writing() as connection:
            hold_seq(connection)  # nothing is published from here on
            missing = missing_in(connection, one.id)
            for start in range(0, len(missing), AT_ONCE):
                part = missing[start : start + AT_ONCE]
                unkept.append(done(self._beside.load(one, embeddings, part, keep=False)))
            if missing:
                done(self._index.flush(name_of(one.id)))
            generations.go_live(connection, one.id)
            note(connection, one)
        if any(unkept):
            keep_vectors(self._catalog, *unkept)


def check_left_open(settings: Embedding) -> None:
    """Check that the settings leave to the index which models embed.

    Raises:
        ConflictError: they do not.
    """
    named = ["models (or embedding.model)"] if chosen.named(settings) else []
    own = [name for name in ONE_MODELS if getattr(settings, name) != getattr(chosen.OWN, name)]
    said = [f"embedding.{name}" for name in (*named, *own)]
    if said:
        raise ConflictError(
            "The settings say which model embeds: {settings}. Take that out, and try again: the "
            "index keeps the models that it was built with until they are swapped.",
            code="models_named",
            detail={"settings": said},
        )
