"""Answers on their way out: what they said, as far as whoever takes them along may read it now."""

from collections.abc import Iterator

import msgspec

from kb.answers import reopening
from kb.catalog import leaving
from kb.catalog.database import Connection
from kb.leaving.choosing import Chosen
from kb.rights import access
from kb.types.answers import Answer
from kb.types.kept import KeptAnswer
from kb.types.leaving import LeftAnswer
from kb.types.points import version_of


def answers_of(connection: Connection, chosen: Chosen) -> Iterator[LeftAnswer]:
    """The answers that go along: a person's own; all of them; or those of the chosen sources.

    From a part of a knowledge base no answer goes along that was made from another part.
    """
    for kept in leaving.answers_of(connection, chosen.choice.person):
        made_from = leaving.documents_of_versions(connection, {p.version for p in kept.passages})
        if chosen.choice.named and not _is_made_of(kept, made_from, chosen):
            continue
        one = _left(connection, kept, made_from, chosen)
        if one is not None:
            yield one


def _is_made_of(kept: KeptAnswer, made_from: dict[int, int], chosen: Chosen) -> bool:
    """Of quotations that is what they quote; in a model's words any passage may speak."""
    numbers = {p.version for p in kept.passages}
    if kept.mode == "quotes":
        numbers = {version_of(point) for one in kept.citations for point in one.points}
    return bool(numbers) and all(made_from.get(number) in chosen.ids for number in numbers)


def _left(
    connection: Connection, kept: KeptAnswer, made_from: dict[int, int], chosen: Chosen
) -> LeftAnswer | None:
    """None where a person may not have an answer's words any more: :mod:`kb.answers.reopening`."""
    reader = chosen.choice.person or access.owner()
    answer = reopening.receipt(connection, reader, kept).answer
    if answer is None and chosen.choice.person is not None:
        return None
    return LeftAnswer(
        id=kept.id,
        conversation=kept.conversation_id,
        asker=kept.asker,
        asked_at=kept.asked_at,
        question=kept.question,
        said=answer.text if answer else kept.text or None,
        cited=_cited(answer) if answer else [],
        opinions=leaving.opinions_of(connection, kept.id),
        made_from={str(v): d for v, d in made_from.items() if d in chosen.ids},
        kept=msgspec.to_builtins(kept),
    )


def _cited(answer: Answer) -> list[str]:
    """Each citation: its number, the path, the page, the words."""
    found = []
    for one in answer.citations:
        chunk = one.passage.chunk
        page = f", {chunk.page}" if chunk.page else ""
        found.append(f"[{one.n}] {chunk.source}: {chunk.path}{page}: {one.quote}")
    return found
