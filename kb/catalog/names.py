"""File names, searched beside the text of the documents."""

import re
import unicodedata
from pathlib import PurePosixPath

from sqlalchemy import Connection, bindparam, delete, func, select

from kb.catalog.arrays import among_given
from kb.catalog.database import insert_ignoring
from kb.catalog.rights import readable_given
from kb.catalog.tables import documents, name_tokens
from kb.types.people import Principal

MEMBER = " › "
"""Between a container's path and its member's, as people see it."""
_FREQUENCY = (
    select(name_tokens.c.token, func.count())
    .where(among_given(name_tokens.c.token, "words"))
    .group_by(name_tokens.c.token)
)
_NAMED = (
    select(name_tokens.c.document_id, name_tokens.c.token)
    .join(documents, documents.c.id == name_tokens.c.document_id)
    .where(among_given(name_tokens.c.token, "words"), documents.c.version.is_not(None))
    .where(readable_given())
)


MOST_NAMES = 5_000
"""Names that have a question's rarest word, beyond which no name is taken for the question."""
MOST_CALLED, MOST_WORDS = 20, 20
"""Most documents whose name a question may be; and most words of a question that may be one."""
_HAVING_ALL = (
    select(name_tokens.c.document_id, documents.c.path)
    .join(documents, documents.c.id == name_tokens.c.document_id)
    .where(among_given(name_tokens.c.token, "words"), documents.c.version.is_not(None))
    .where(readable_given())
    .group_by(name_tokens.c.document_id, documents.c.path)
    .having(func.count() == bindparam("count"))
    .limit(MOST_NAMES)
)


def words_of(text: str) -> list[str]:
    """The words of a file name or a question: folded, split at case changes and digits."""
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])", " ", text)
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    return re.findall(r"\d+|[^\W\d_]+", plain)


def index(connection: Connection, document_id: int, path: str) -> None:
    """Store the words of a document's file name, in place of those it had."""
    name = PurePosixPath(path.rpartition(MEMBER)[2]).name
    words = {w[:80] for w in words_of(name) if len(w) > 1}
    connection.execute(delete(name_tokens).where(name_tokens.c.document_id == document_id))
    rows = [{"token": w, "document_id": document_id} for w in sorted(words)]
    insert_ignoring(connection, name_tokens, rows)


def called(connection: Connection, principal: Principal, question: str) -> frozenset[int]:
    """Documents whose file's name the question is, with its ending or without."""
    asked = words_of(question)
    words = sorted({w[:80] for w in asked if len(w) > 1})
    if not words or len(asked) > MOST_WORDS:
        return frozenset()
    frequency = dict(connection.execute(_FREQUENCY, {"words": words}).tuples().all())
    if min((frequency.get(w, 0) for w in words), default=0) not in range(1, MOST_NAMES):
        return frozenset()
    given = {"words": words, "tokens": sorted(principal.tokens), "count": len(words)}
    found = connection.execute(_HAVING_ALL, given).tuples().all()
    return frozenset([d for d, path in found if asked in _spelled(path)][:MOST_CALLED])


def _spelled(path: str) -> tuple[list[str], list[str]]:
    """A file's name as words: whole, and without its ending."""
    name = PurePosixPath(path.rpartition(MEMBER)[2])
    return words_of(name.name), words_of(name.stem)


def named(connection: Connection, principal: Principal, question: str) -> dict[int, float]:
    """Documents whose file name has the question's words: id to share of the name's weight.

    A word weighs less the more names have it; words of one letter do not count.
    """
    words = {w[:80] for w in words_of(question) if len(w) > 1}
    if not words:
        return {}
    frequency = dict(connection.execute(_FREQUENCY, {"words": list(words)}).tuples().all())
    telling = {w: 1.0 / n for w, n in frequency.items() if n <= 50}
    if not telling:
        return {}
    given = {"words": list(telling), "tokens": sorted(principal.tokens)}
    scores: dict[int, float] = {}
    for document_id, token in connection.execute(_NAMED, given).tuples():
        scores[document_id] = scores.get(document_id, 0.0) + telling[token]
    return scores
