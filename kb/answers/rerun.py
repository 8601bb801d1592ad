"""What has changed between two answers to one question. Pure: two receipts to differences."""

from dataclasses import dataclass
from typing import Any

from kb.types.kept import Receipt


@dataclass(frozen=True, slots=True)
class AnswerChanges:
    """Differences, from the earlier answer to the later one."""

    facts: list[tuple[str, Any, Any]]
    """Name (mode, model, model digest, a setting), before, after."""
    passages_gone: list[str]
    passages_new: list[str]
    sentences_gone: list[str]
    sentences_new: list[str]

    @property
    def nothing(self) -> bool:
        """Whether both came out alike."""
        return not (
            self.facts
            or self.passages_gone
            or self.passages_new
            or self.sentences_gone
            or self.sentences_new
        )


def changes(before: Receipt, after: Receipt) -> AnswerChanges:
    """What is otherwise in ``after``."""
    old, new = _facts(before), _facts(after)
    facts = [(n, old.get(n), new.get(n)) for n in {**old, **new} if old.get(n) != new.get(n)]
    gone, come = _difference(_passages(before), _passages(after))
    unsaid, said = _difference(_sentences(before), _sentences(after))
    return AnswerChanges(facts, gone, come, unsaid, said)


def _facts(receipt: Receipt) -> dict[str, Any]:
    row = receipt.row
    facts = {"mode": row.mode, "model": row.model, "model digest": row.model_digest}
    return facts | dict(row.settings)


def _passages(receipt: Receipt) -> list[tuple[str, int]]:
    """Each passage by what it says and where; those that are gone also by their version."""
    found = []
    for used in receipt.used:
        if used.passage is None:
            path = used.document.path if used.document else "–"
            found.append((path, used.version))
            continue
        chunk = used.passage.chunk
        page = f", {chunk.page}" if chunk.page else ""
        found.append((f"{chunk.path}{page}: {' '.join(used.passage.text.split())[:120]}", 0))
    return found


def _sentences(receipt: Receipt) -> list[tuple[str, int]]:
    return [(s.text, 0) for s in receipt.answer.sentences] if receipt.answer else []


def _difference(
    old: list[tuple[str, int]], new: list[tuple[str, int]]
) -> tuple[list[str], list[str]]:
    """What one has and the other has not, in words: their numbers only tell them apart."""
    return [x for x, n in old if (x, n) not in new], [x for x, n in new if (x, n) not in old]
