"""Whether a model says that the documents do not hold the answer. Pure.

The rule: the words of ``prompt.ABSTAINED`` are a statement of their own, and the first or the last
of the answer. Within a sentence, or between others, they are what the sentence is about.
"""

import re

from kb.answers import prompt, runs
from kb.types.forms import Form

LABEL = re.compile(r"(?:(?:answer|antwort|réponse|risposta|respuesta)\s*:)?", re.IGNORECASE)
AROUND = " \t.!:;…\"'«»„“”*_`-–—()[]"


def says_no(form: Form) -> bool:
    """Whether an answer of this form abstains."""
    said = _statements(form)
    return bool(said) and any(_is_no(text) for text in (said[0], said[-1]))


def _is_no(text: str) -> bool:
    bare = LABEL.sub("", text.strip(AROUND), count=1)
    return " ".join(bare.strip(AROUND).split()).casefold() == prompt.ABSTAINED.casefold()


def _statements(form: Form) -> list[str]:
    """What is said, sentence by sentence and row by row."""
    found: list[str] = []
    for block in form:
        said = [runs.plain(said.runs) for said in block.said]
        whole = " ".join(said)
        found += [whole] if _is_no(whole) else said
        for item in block.items:
            found += _statements(item)
        found += [" ".join(runs.plain(cell) for cell in row.cells) for row in block.rows]
    return [text for text in found if any(c.isalnum() for c in text)]
