"""Redacting: words of what is erased leave the audit log, and the lists of what was asked.

These are the documents' names, the questions that were answered from them, wherever such a
question stands (a page notes what it was asked for, too), and whatever quotes what is erased.
"""

import re
import time
from pathlib import Path
from typing import Any

from kb.audit import spools
from kb.catalog import audit, purges, questions, runs, vouching
from kb.catalog.database import Catalog, Connection
from kb.proof.marks import SHORTEST, Finder, telling
from kb.proof.planning import path_sha256
from kb.types.purges import Marks, Purge

WAIT_SECONDS = 30.0
"""For how long looks that wait on disk may take to get into the log."""
STEP_SECONDS = 0.2
"""Seconds between two looks whether something waits still."""
WITHIN = re.compile(r"/documents/(\d+)/")
"""The address of a look within a document, by the document's number."""


def redact(catalog: Catalog, purge: Purge, spool: Path, wait: float = WAIT_SECONDS) -> list[int]:
    """Take names and questions out of entries; returns the numbers of those entries.

    Looks that are on disk still, on their way into the log, are waited for.
    """
    until = time.monotonic() + wait
    while spools.waiting_in(spool) and time.monotonic() < until:
        time.sleep(STEP_SECONDS)
    with catalog.reading() as connection:
        words = Words(connection, purge)
        wanted = audit.redactable(connection, words.blanked)
        asked = questions.told(connection, words.is_told)
    with catalog.writing() as connection:
        audit.redact(connection, wanted, words.blanked)
        questions.blank(connection, asked)
        runs.forget_paths(connection)
    return wanted


def unredacted(catalog: Catalog, purge: Purge) -> list[int]:
    """The entries in which a name or a question of what was erased stands."""
    with catalog.reading() as connection:
        return audit.redactable(connection, Words(connection, purge).blanked)


def rare(connection: Connection, purge: Purge) -> Marks | None:
    """The marks that stand in nothing that stays: only these tell that something was left."""
    if purge.marks is None:
        return None
    ids = [one.answer for one in purge.erased.answers]
    others = purges.others(connection, purge.erased.ids, purge.erased.numbers, ids)
    return telling(purge.marks, others)


class Words:
    """What is to be taken out, found by a walk along the log."""

    def __init__(self, connection: Connection, purge: Purge) -> None:
        marks = rare(connection, purge)
        self._finder = None if marks is None or not marks.each else Finder(marks)
        self._versions, self._ids = set(purge.erased.numbers), set(purge.erased.ids)
        self._names, self._began_with = purge.erased.names, purge.began_with
        self._questions: set[str] = set()
        self._quoting: set[int] = set()
        for part in audit.texts(connection):
            self._look_at(part)

    def is_told(self, text: str) -> bool:
        """Whether a text is one of these questions, the beginning of one, or quotes."""
        if text in self._questions or self._quotes(text):
            return True
        is_long = len(text) >= SHORTEST
        return is_long and any(one.startswith(text) for one in self._questions)

    def blanked(self, said: dict[str, Any]) -> dict[str, Any] | None:
        """What is left of an entry; None: it stays as it is."""
        target, detail = str(said.get("target", "")), said.get("detail") or {}
        if not isinstance(detail, dict):  # somebody has altered it
            return None
        left = dict(detail)
        if self._is_asked_of(detail):
            left["question"] = ""
        if isinstance(query := detail.get("query"), dict):
            left["query"] = {k: "" if self._is_of(target, v) else v for k, v in query.items()}
        if said.get("seq") in self._quoting:
            left = {key: self._unquoted(value) for key, value in left.items()}
        if target and (self._names_one(said, detail, target) or self._is_quoting(said, target)):
            target = ""
        if left == detail and target == said.get("target", ""):
            return None
        return said | {"target": target, "detail": left | {"redacted": True}}

    def _look_at(self, part: dict[int, str]) -> None:
        if self._quotes("\n".join(part.values())):
            self._quoting |= {seq for seq, text in part.items() if self._quotes(text)}
        for text in part.values():
            said = vouching.said_in(text)
            if self._is_asked_of(said["detail"]):
                self._heard(str(said["detail"]["question"]))
            if said.get("action") == "pin.add" and said["detail"].get("document") in self._ids:
                self._heard(said["target"])

    def _heard(self, question: str) -> None:
        if question:
            self._questions |= {question, questions.plain(question) or ""}

    def _is_asked_of(self, detail: dict[str, Any]) -> bool:
        """Whether it has a question that was answered from what is erased."""
        shown = detail.get("shown")
        if not detail.get("question") or not isinstance(shown, list):
            return False
        return any(one[1] in self._versions for one in shown if isinstance(one, list) and one[1:])

    def _is_of(self, address: str, value: Any) -> bool:
        """Whether a page was asked for words of it: these very words, or some within it."""
        within = WITHIN.match(address)
        is_within = within is not None and int(within[1]) in self._ids
        return is_within or (isinstance(value, str) and self.is_told(value))

    def _names_one(self, said: dict[str, Any], detail: dict[str, Any], target: str) -> bool:
        number = detail.get("id", detail.get("document"))
        is_named = path_sha256(target) in self._names
        if number is None:
            return is_named
        return number in self._ids and (is_named or said["seq"] <= self._began_with)

    def _is_quoting(self, said: dict[str, Any], text: str) -> bool:
        return said.get("seq") in self._quoting and self._quotes(text)

    def _unquoted(self, value: Any) -> Any:
        if isinstance(value, str):
            return "" if self._quotes(value) else value
        if isinstance(value, dict):
            return {key: self._unquoted(one) for key, one in value.items()}
        return [self._unquoted(one) for one in value] if isinstance(value, list) else value

    def _quotes(self, text: str) -> bool:
        return self._finder is not None and self._finder.is_in(text)
