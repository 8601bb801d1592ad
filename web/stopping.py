"""Answers that are being written, by the words with which their askers may stop them."""

from weakref import WeakValueDictionary

from kb.types.asking import Stop

LONGEST = 100
"""Most characters of the word by which an answer may be stopped."""


class Stops:
    """Those of this process. What another one writes is found by its turn (kb/together/turns.py).

    An answer's stop is forgotten with the answer.
    """

    def __init__(self) -> None:
        self._writing: WeakValueDictionary[tuple[str, str], Stop] = WeakValueDictionary()

    def begun(self, asker: str, word: str | None) -> Stop | None:
        """What is set when the asker says the word; None where none was agreed."""
        if not word or len(word) > LONGEST:
            return None
        return self._writing.setdefault((asker, word), Stop())

    def stop(self, asker: str, word: str) -> bool:
        """Stop an answer; False where none is being written under this word."""
        found = self._writing.get((asker, word))
        if found is not None:
            found.set()
        return found is not None
