"""Which models embed: those that the settings name; else the index's; else what is here.

Everything else in this room deals with one model at a time, by the settings of that model alone
(:func:`each`).
"""

from collections.abc import Sequence

import msgspec

from kb.embedding import places
from kb.embedding.pinned import ENGLISH, MULTILINGUAL
from kb.settings import Embedding

OWN = Embedding()
"""By which a model's digest and prompts are its own."""


def named(settings: Embedding) -> tuple[str, ...]:
    """The models that the settings name, by the register's names; none: it is left open."""
    said = settings.models or ((settings.model,) if settings.model else ())
    return tuple(dict.fromkeys(ENGLISH if n == places.BUNDLED else n for n in said))


def here(settings: Embedding) -> tuple[str, ...]:
    """What a new knowledge base is built with where the settings leave it open."""
    if places.added(settings, MULTILINGUAL) is None:
        return (ENGLISH,)
    return (MULTILINGUAL, ENGLISH)


def names(settings: Embedding) -> tuple[str, ...]:
    """The models that embed by these settings: those that they name, else what is here."""
    return named(settings) or here(settings)


def using(settings: Embedding, wanted: Sequence[str]) -> Embedding:
    """The settings with the ``wanted`` models named."""
    return msgspec.structs.replace(settings, model="", models=tuple(wanted))


def each(settings: Embedding) -> tuple[Embedding, ...]:
    """The settings of each model by itself, in order.

    A digest and prompts that somebody has set are the first one's; others have their own.
    """
    first, *others = names(settings)
    own = msgspec.structs.replace(
        settings,
        sha256=OWN.sha256,
        query_prompt=OWN.query_prompt,
        passage_prompt=OWN.passage_prompt,
    )
    return (_alone(settings, first), *(_alone(own, name) for name in others))


def alone(settings: Embedding, name: str) -> Embedding:
    """The settings of a model by itself, had they named it; a digest that is set is another's."""
    return _alone(msgspec.structs.replace(settings, sha256=OWN.sha256), name)


def _alone(settings: Embedding, name: str) -> Embedding:
    return msgspec.structs.replace(settings, model=name, models=())
