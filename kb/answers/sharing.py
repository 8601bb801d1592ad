"""What somebody may read of a conversation that another has shared with them."""

from collections.abc import Sequence
from dataclasses import replace

from kb.answers import reopening
from kb.catalog.conversations import shortened
from kb.catalog.database import Connection
from kb.types.answers import Answer, AnswerNotice
from kb.types.conversations import Conversation, SharedTurn
from kb.types.kept import CURRENT, KeptAnswer
from kb.types.people import Principal

PINNED = {"pinned", "pinned_alike"}
"""Notices of answers that somebody has pinned."""
EDITIONS = {"edition", "newest"}
"""Parameters of a notice that tell of an edition: the newest one may have other readers."""


def turns(
    connection: Connection, principal: Principal, rows: Sequence[KeptAnswer]
) -> tuple[SharedTurn, ...]:
    """The questions of a conversation with their answers, under the rights of whoever reads.

    A model that was asked a question which leans on earlier ones was told of them too: after one
    that is not told, its words are not shown.
    """
    found: list[SharedTurn] = []
    for row in rows:
        one = _turn(connection, principal, row)
        is_after_untold = any(before.receipt is None for before in found)
        if one.receipt is not None and is_after_untold and row.asked_as and row.mode != "quotes":
            one = replace(one, receipt=replace(one.receipt, answer=None))
        found.append(one)
    return tuple(found)


def _turn(connection: Connection, principal: Principal, row: KeptAnswer) -> SharedTurn:
    """A question and its answer.

    A model's words are shown whole or not at all: any of them may speak of any passage that it was
    given. Of quotations those are shown that may be read. Where none of an answer's sources may be
    read, its question is not told either; where it has none, all that was found has to be readable.
    """
    receipt = reopening.receipt(connection, principal, row)
    withheld = sum(used.state != CURRENT for used in receipt.used)
    if row.asker != principal.name and _is_untold(connection, principal, row, withheld):
        return SharedTurn(None, withheld)
    if receipt.answer is None and row.mode == "quotes":
        receipt = replace(receipt, answer=reopening.readable_part(connection, principal, row))
    if receipt.answer is not None and row.asker != principal.name:
        receipt = replace(receipt, answer=_of_its_editions(receipt.answer))
    return SharedTurn(receipt, withheld)


def _is_untold(
    connection: Connection, principal: Principal, row: KeptAnswer, withheld: int
) -> bool:
    """Whether a question is not for them.

    A pinned answer that cites nothing speaks of a document all the same, of which none is known.
    """
    if row.citations:
        return not reopening.readable_citations(connection, principal, row)
    return withheld > 0 or (row.notice is not None and row.notice.code in PINNED)


def _of_its_editions(answer: Answer) -> Answer:
    """Without what its notice says of the newest edition, whose readers may be others."""
    notice = answer.notice
    if notice is None or not EDITIONS & set(notice.parameters):
        return answer
    if notice.code == "earlier_edition":
        return replace(answer, notice=None)
    left = {name: value for name, value in notice.parameters.items() if name not in EDITIONS}
    return replace(answer, notice=AnswerNotice(notice.code, left))


def title(found: Conversation, rows: Sequence[KeptAnswer], told: Sequence[SharedTurn]) -> str:
    """A conversation's title as others see it.

    It is the first question, unless somebody has given it another. Where that question is not to be
    told, or is not here any more, so that nobody can say, the first one that is told stands for it.
    """
    questions = [shortened(t.receipt.row.question) for t in told if t.receipt is not None]
    untold = {
        shortened(row.question)
        for row, turn in zip(rows, told, strict=True)
        if turn.receipt is None
    }
    has_first = bool(rows) and rows[0].asked_at == found.started_at
    if found.title in questions or (has_first and found.title not in untold):
        return found.title
    return questions[0] if questions else ""
