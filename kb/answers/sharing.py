"""What somebody may read of a conversation that another has shared with them."""

from collections.abc import Sequence
from dataclasses import replace

from kb.answers import reopening
from kb.catalog.conversations import shortened
from kb.catalog.database import Connection
from kb.types.conversations import SharedTurn
from kb.types.kept import CURRENT, KeptAnswer
from kb.types.people import Principal


def turn(connection: Connection, principal: Principal, row: KeptAnswer) -> SharedTurn:
    """A question and its answer, under the rights of whoever reads.

    A model's words are shown whole or not at all: any of them may speak of any passage that it was
    given. Of quotations those are shown that may be read. Where none of an answer's sources may be
    read, its question is not told either; where it has none, all that was found has to be readable.
    """
    receipt = reopening.receipt(connection, principal, row)
    withheld = sum(used.state != CURRENT for used in receipt.used)
    readable = reopening.readable_citations(connection, principal, row)
    is_untold = not readable if row.citations else withheld > 0
    if row.asker != principal.name and is_untold:
        return SharedTurn(None, withheld)
    if receipt.answer is None and row.mode == "quotes":
        receipt = replace(receipt, answer=reopening.readable_part(connection, principal, row))
    return SharedTurn(receipt, withheld)


def title(given: str, rows: Sequence[KeptAnswer], turns: Sequence[SharedTurn]) -> str:
    """A conversation's title; where that is a question not to be told, the first one that is."""
    untold = {
        shortened(row.question)
        for row, turn in zip(rows, turns, strict=True)
        if turn.receipt is None
    }
    if given not in untold:
        return given
    told = [turn.receipt.row.question for turn in turns if turn.receipt is not None]
    return shortened(told[0]) if told else ""
