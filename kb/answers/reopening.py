"""A kept answer opened again: its passages are read under the rights of the moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from msgspec import structs

from kb.answers import going_on, markdown, prompt, rows
from kb.answers.drafts import with_markers
from kb.catalog import answers, chunks, feedback, ledger, versions
from kb.catalog.database import Connection, current_seq
from kb.errors import NotFoundError
from kb.types.answers import Answer, AnswerNotice, Citation, Sentence
from kb.types.kept import (
    CHANGED,
    CURRENT,
    GONE,
    KeptAnswer,
    KeptPassage,
    KeptSentence,
    Receipt,
    UsedDocument,
    UsedPassage,
)
from kb.types.passages import Passage, StoredChunk
from kb.types.people import Principal

Stored = Mapping[int, StoredChunk]
"""Chunks by their points."""


def kept(connection: Connection, principal: Principal, answer_id: str) -> KeptAnswer:
    """An answer that somebody asked for, or that is theirs to review.

    Raises:
        NotFoundError: there is no such answer, for them.
    """
    found = answers.get(connection, principal, answer_id)
    if found is None:
        found = _reviewed(connection, principal, answer_id)
    if found is None:
        raise NotFoundError("There is no such answer.", detail={"answer": answer_id[:60]})
    return found


def _reviewed(connection: Connection, principal: Principal, answer_id: str) -> KeptAnswer | None:
    """Somebody else's answer, for whoever answers for the documents it was made from."""
    found = answers.by_id(connection, answer_id)
    if found is None or not feedback.is_to_review(connection, found):
        return None
    made_from = [p.version for p in found.passages]
    return found if feedback.concerns(connection, principal, made_from) else None


def receipt(connection: Connection, principal: Principal, row: KeptAnswer) -> Receipt:
    """How an answer came to be, as far as the asker may read it now."""
    stored = _stored(connection, principal, row)
    used = tuple(_used(connection, principal, p, stored) for p in row.passages)
    answer = _revived(row, stored) if may_be_shown(row, used, stored, principal) else None
    messages = _prompt(row, used)
    intact = None if messages is None else prompt.digest(messages) == row.prompt_hash
    return Receipt(row, answer, used, feedback.of_answer(connection, row.id), messages, intact)


def reviewed(
    connection: Connection, principal: Principal, row: KeptAnswer
) -> tuple[Answer | None, Passage | None]:
    """What an answer said, and the nearest of its passages, as far as they may read them now."""
    stored = _stored(connection, principal, row)
    used = tuple(_used(connection, principal, p, stored) for p in row.passages)
    answer = _revived(row, stored) if may_be_shown(row, used, stored, principal) else None
    return answer, next((u.passage for u in used if u.passage is not None), None)


def may_be_shown(
    row: KeptAnswer, used: Iterable[UsedPassage], stored: Stored, principal: Principal
) -> bool:
    """Whether somebody may have an answer's words, by what they may read at this moment.

    Every surface that gives out a kept answer asks here. What went into an answer may speak from
    any of its sentences, cited or not, so all of it has to be theirs to read. What is cited has to
    be there word for word too. To others than who asked, all of it has to be: a document that has
    changed since may have had other readers then.
    """
    cited = {point for c in row.citations for point in c.points}
    enough = {CURRENT, CHANGED} if row.asker == principal.name else {CURRENT}
    return cited <= set(stored) and all(u.state in enough for u in used)


def readable_citations(connection: Connection, principal: Principal, row: KeptAnswer) -> list[int]:
    """Which of an answer's citations somebody may read now, by their index."""
    return _readable(row, _stored(connection, principal, row))


def _readable(row: KeptAnswer, stored: Stored) -> list[int]:
    return [at for at, c in enumerate(row.citations) if set(c.points) <= set(stored)]


def readable_part(connection: Connection, principal: Principal, row: KeptAnswer) -> Answer | None:
    """An answer of those of its quotations that somebody may read now; None: of none."""
    stored = _stored(connection, principal, row)
    left = _readable(row, stored)
    place = {at: new for new, at in enumerate(left)}
    sentences = [
        structs.replace(s, places=tuple(place[at] for at in s.places))
        for s in row.sentences
        if s.places and set(s.places) <= set(place)
    ]
    if not sentences:
        return None
    citations = tuple(row.citations[at] for at in left)
    part = structs.replace(row, sentences=tuple(sentences), citations=citations)
    return _revived(part, stored)


def _stored(connection: Connection, principal: Principal, row: KeptAnswer) -> Stored:
    wanted = {point for c in row.citations for point in c.points}
    wanted |= {point for p in row.passages for point in p.points}
    return chunks.hydrate(connection, principal, sorted(wanted), current_seq(connection))


def _used(
    connection: Connection, principal: Principal, kept: KeptPassage, stored: Stored
) -> UsedPassage:
    version, points = kept.version, kept.points
    read_at = versions.finished_at(connection, version)
    if set(points) <= set(stored):
        passage = replace(passage_at(points, stored), newest=kept.newest)
        return UsedPassage(CURRENT, version, read_at, passage, None)
    document_id = versions.document_of(connection, version)
    document = ledger.one(connection, principal, document_id) if document_id else None
    if document is None:
        return UsedPassage(GONE, version, None, None, None)
    return UsedPassage(CHANGED, version, read_at, None, UsedDocument(document.id, document.path))


def passage_at(points: Sequence[int], stored: Stored) -> Passage:
    """The passage that some chunks are joined to, as it is now."""
    text = "\n".join(stored[p].text for p in points)
    return Passage(stored[points[0]], text, tuple(points), 0.0, 0.0)


def _prompt(row: KeptAnswer, used: Sequence[UsedPassage]) -> tuple[dict[str, str], ...] | None:
    """The prompt as it was sent, built again from the same passages."""
    passages = [u.passage for u in used if u.passage is not None]
    window, answer = row.settings.get("num_ctx"), row.settings.get("num_predict")
    if going_on.CONTINUED in row.settings:  # its second prompt holds an answer that is gone
        return None
    if not row.prompt_hash or len(passages) < len(used) or not window or not answer:
        return None
    return prompt.build(row.asked_as or row.question, passages, window, answer).messages


def _revived(row: KeptAnswer, stored: Stored) -> Answer:
    cited = tuple(
        Citation(c.n, passage_at(c.points, stored), c.start, c.end, c.supported)
        for c in row.citations
    )
    sentences = tuple(_sentence(s, cited) for s in row.sentences)
    form = row.form or ()
    return Answer(
        id=row.id,
        question=row.question,
        text=markdown.written(form, sentences) if form else with_markers(sentences),
        mode=row.mode,
        notice=AnswerNotice(row.notice.code, row.notice.parameters) if row.notice else None,
        sentences=sentences,
        citations=cited,
        passages=(),
        model=row.model,
        seconds=row.seconds,
        asked_as=row.asked_as,
        conversation=row.conversation_id,
        model_digest=row.model_digest,
        prompt_hash=row.prompt_hash,
        settings=row.settings,
        form=form,
    )


def _sentence(kept: KeptSentence, cited: Sequence[Citation]) -> Sentence:
    """A sentence as it was; in answers of earlier releases each citation had its own number."""
    numbers = [c.n for c in cited]
    places = kept.places or tuple(numbers.index(n) for n in kept.citations if n in numbers)
    text = kept.text
    if text is None:
        quoted = cited[places[0]]
        text = rows.said(quoted.passage.text, quoted.start, quoted.end)
    return Sentence(text, kept.citations, kept.supported, places)
