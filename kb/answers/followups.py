"""A follow-up question made to stand alone. Pure.

«And for part-time staff?» means nothing to a search. Where a language model is connected it writes
the question out; what it writes may only use words that were said. Where none is, or where it says
something else, the words of the question before are carried over.
"""

import re
from collections.abc import Sequence

from kb.text import words
from kb.types.conversations import Turn

MOST_CARRIED = 12
"""Most words of the question before that a follow-up carries."""
SHORT = 3
"""Content words of the longest question that may lean on the one before it."""
MOST_INVENTED = 0.2
"""Share of a rewritten question's content words that nobody has said; more is another question."""
LONGEST = 400
"""Most characters of a question that the model has written out; a longer one is not taken."""
BEGINNINGS = re.compile(
    r"^\s*(?:and|but|so|what about|how about|what if|also|then|why|und|aber|wie steht es"
    r"|was ist mit|sowie|warum|et|mais|qu'en est-il|et pour|pourquoi|e|ma|invece|perch[eé]"
    r"|y|pero|por qu[eé])\b",
    re.IGNORECASE,
)
POINTING = re.compile(
    r"\b(?:it|its|they|them|their|theirs|that|those|this|these|he|him|his|she|her|hers|there|then"
    r"|same|former|latter|one|ones|else|instead"
    r"|er|sie|es|ihm|ihn|ihr|ihre|ihren|ihrer|dies|diese|dieser|dieses|diesem|dort|dann|dafür"
    r"|davon|dazu|darin|dabei|damit|deren|dessen|sein|seine|seinen|seiner|jene|jener|sonst"
    r"|il|elle|ils|elles|lui|leur|leurs|ce|cela|ça|cette|ces|celui|celle|ceux|celles|y|en|son|sa|ses"
    r"|lo|gli|loro|esso|essa|essi|esse|questo|questa|questi|queste|quello|quella|suo|sua|suoi|ci|ne"
    r"|ello|ella|ellos|ellas|eso|esto|ese|esa|su|sus|allí)\b",
    re.IGNORECASE,
)
RULES = (
    "Rewrite the last question so that it can be understood without the conversation. Use only "
    "words from the conversation, keep its language, and write the question alone. If it can be "
    "understood already, repeat it unchanged."
)


def leans(question: str) -> bool:
    """Whether a question seems to lean on the one before it."""
    content = words.content(question)
    if BEGINNINGS.match(question):
        return len(content) <= 2 * SHORT
    if POINTING.search(question):
        return len(content) <= 2 * SHORT
    return len(content) < SHORT


def carried(question: str, turns: Sequence[Turn]) -> str:
    """The question with what it leans on: the one before, as that was searched for."""
    if not turns or not leans(question):
        return question
    known = set(words.content(question))
    before = turns[-1].asked_as
    kept = [w for w in before.split() if _adds(w, known)][:MOST_CARRIED]
    if not kept:
        return question
    return f"{question.strip()} ({' '.join(kept)})"


def _adds(word: str, known: set[str]) -> bool:
    """Whether a word of an earlier question carries a meaning that the new one does not have."""
    content = words.content(word)
    return bool(content) and not set(content) <= known


def messages(question: str, turns: Sequence[Turn]) -> list[dict[str, str]]:
    """What asks a language model to write the question out."""
    said = "\n".join(f"- {turn.question}" for turn in turns[-4:])
    return [
        {"role": "system", "content": RULES},
        {"role": "user", "content": f"Conversation:\n{said}\n\nLast question: {question}"},
    ]


def accepted(written: str, question: str, turns: Sequence[Turn]) -> str | None:
    """What the model wrote, where it is one question in words that were said; else None."""
    lines = [line.strip(" \"'«»“”*") for line in written.strip().splitlines() if line.strip()]
    if len(lines) != 1 or len(lines[0]) > LONGEST:
        return None
    rewritten = re.sub(
        r"^(?:last |rewritten |standalone )?question:\s*", "", lines[0], flags=re.IGNORECASE
    )
    said = set(words.content(" ".join([question, *(f"{t.question} {t.asked_as}" for t in turns)])))
    used = words.content(rewritten)
    invented = [w for w in used if w not in said]
    kept = set(words.content(question)) & set(used)
    lost = bool(words.content(question)) and not kept
    if not used or lost or len(invented) > MOST_INVENTED * len(used):
        return None
    return rewritten
