"""The points of an index that an earlier release built get their languages, as fusion reads them.

They are the catalog's: nothing is read or embedded again. Until then they count as unknown.
"""

from collections.abc import Awaitable, Callable

from kb.catalog import generations
from kb.catalog.database import Catalog
from kb.index.base import Index
from kb.index.generation import LANGUAGES, knows_languages, name_of
from kb.types.index import Generation

POINTS = 10_000
"""Points that get their language in one call to the index."""


async def tell(catalog: Catalog, index: Index, generation: Callable[[], Awaitable[str]]) -> None:
    """Tell the live generation the languages of its points, once.

    ``generation`` opens the live one, and says its name. Stopped in the middle, it begins again the
    next time.
    """
    live = await catalog.read(_without_languages, catalog)
    if live is None or await generation() != name_of(live.id):
        return  # where another one has become live, it is looked at the next time
    for language, points in (await catalog.read(_by_language, catalog)).items():
        for start in range(0, len(points), POINTS):
            part = points[start : start + POINTS]
            await index.set_languages(name_of(live.id), {language: part})
    await index.flush(name_of(live.id))
    await catalog.write(_told, catalog, live)


def _without_languages(catalog: Catalog) -> Generation | None:
    """The live generation, if its points lack their languages."""
    with catalog.reading() as connection:
        live = generations.live(connection)
    return None if live is None or knows_languages(live.description) else live


def _by_language(catalog: Catalog) -> dict[str, list[int]]:
    with catalog.reading() as connection:
        return generations.points_by_language(connection)


def _told(catalog: Catalog, live: Generation) -> None:
    with catalog.writing() as connection:
        generations.describe(connection, live.id, live.description | {LANGUAGES: True})
