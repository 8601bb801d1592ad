"""Hits are ranked by a question that was moved, and read by the question as it is.

What ``kb tune`` has learned brings right passages before others. How near a passage is, and so
whether there is evidence, stays the model's own matter: a moved question is nearer to what looks
like a right passage, right or not, and no scale makes that undone for every question alike
(docs/retrieval.md has what came of trying).
"""

from collections.abc import Mapping

import msgspec

from kb.embedding.adapting import Tuning
from kb.embedding.questions import QuestionVectors
from kb.index.base import AskedBy, Hits, IndexQuery
from kb.index.remote import RemoteIndex


def asked(embedded: QuestionVectors, tuning: Tuning | None) -> QuestionVectors:
    """A question as it is put to the index."""
    return embedded if tuning is None else tuning.of(embedded)


async def ranked(
    index: RemoteIndex, generation: str, query: IndexQuery, own: Mapping[str, AskedBy]
) -> Hits:
    """What a query finds, with similarities and standings by the question's ``own`` vectors.

    The index is asked for them where the query's are others.

    Raises:
        EngineError: the index does not answer.
    """
    hits = await index.query(generation, query)
    if not hits.similarity or all(v.vector == own[n].vector for n, v in query.vectors.items()):
        return hits
    plainly = msgspec.structs.replace(
        query, vectors=dict(own), lists={}, only=sorted(hits.similarity), limit=len(hits.similarity)
    )
    found = await index.query(generation, plainly)
    name, moved = next(iter(query.vectors.items()))
    by_others = {point: _read_by(own[name], moved, told) for point, told in hits.similarity.items()}
    return msgspec.structs.replace(
        hits, similarity=by_others | found.similarity, standing=found.standing
    )


def _read_by(own: AskedBy, moved: AskedBy, cosine: float) -> float:
    """A cosine of the moved question as one that reads the same by the question's own scale.

    It stands for passages without a vector of this model. Where the model tells nothing apart, all
    of them are as near as unrelated ones.
    """
    apart = moved.related - moved.unrelated
    share = (cosine - moved.unrelated) / apart if apart else 0.0
    return own.unrelated + share * (own.related - own.unrelated)
