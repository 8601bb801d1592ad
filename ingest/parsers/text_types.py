"""What unstructured would fetch from the network, replaced: its sentence and word tools.

``unstructured.nlp.tokenize`` loads spaCy (which loads torch: 740 MB) and downloads an English
model. This module takes its place before unstructured is imported. It has no tagger; what a verb
is good for in unstructured (telling a sentence from a heading) is decided by the closed-class
words and endings of four languages.
"""

import re
import sys
import types

from kb.text import sentences

VERBS = frozenset(
    """
    is are was were be been being am has have had does do did will would shall should can could may
    might must says said provides include includes requires require takes gets goes comes
    ist sind war waren wird werden wurde wurden hat haben hatte hatten kann können konnte muss
    müssen soll sollen darf dürfen gilt gelten beträgt betragen erfolgt liegt bleibt gibt macht
    est sont était étaient sera seront a ont avait avaient peut peuvent doit doivent fait font va
    vont faut reste dispose
    è sono era erano sarà saranno ha hanno aveva avevano può possono deve devono fa fanno viene
    vengono va vanno resta
    es son fue fueron tiene tienen puede pueden debe deben hay está están
    """.split()
)
ENDINGS = ("ed", "ing", "ieren", "iert", "ent")
WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")


def sent_tokenize(text: str) -> list[str]:
    """Sentences of a text."""
    return [text[s:e] for s, e in sentences.spans(str(text))]


def word_tokenize(text: str) -> list[str]:
    """Words and punctuation marks of a text."""
    return WORD.findall(str(text))


def pos_tag(text: str) -> list[tuple[str, str]]:
    """Words, each tagged as a verb (VB) or anything else (NN)."""
    return [(w, "VB" if _is_verb(w) else "NN") for w in word_tokenize(text)]


def _is_verb(word: str) -> bool:
    lower = word.casefold()
    return lower in VERBS or (word == lower and len(lower) > 5 and lower.endswith(ENDINGS))


def install() -> None:
    """Put this module in the place of unstructured's own, before anything imports that."""
    replacement = types.ModuleType("unstructured.nlp.tokenize")
    for function in (sent_tokenize, word_tokenize, pos_tag):
        setattr(replacement, function.__name__, function)
    sys.modules["unstructured.nlp.tokenize"] = replacement
