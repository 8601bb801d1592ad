"""The labelled pairs of sentences and passages: true ones by hand, wrong ones by rule."""

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

VALUED = Path(__file__).parent / "support_values.jsonl"
LABELLED = Path(__file__).parent / "support.jsonl"
MONTHS = {"March": "August", "April": "October", "May": "November", "October": "February",
          "November": "June", "Juni": "Oktober", "Mai": "November", "September": "Februar",
          "December": "July"}  # fmt: skip
OTHERS = ("Brandstetter", "Kassel", "Okonkwo", "Vermeulen")
NEGATED = (
    (r"\b(is|are|was|were|can|may|must|will) (?!not)", r"\1 not "),
    (r"\b(ist|sind|wird|werden|beträgt|darf|muss|müssen|gilt|kostet|erhält) (?!nicht)", r"\1 nicht "),
    (r"\b(est|sont) (?!pas)", r"n'\1 pas "),
    (r"\b(costa|scende|si paga) ", r"non \1 "),
    (r"\b(not|nicht|pas|non) ", ""),
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    document: str
    sentence: str
    passage: str
    kind: str

    @property
    def is_true(self) -> bool:
        return self.kind == "true"


def pairs() -> list[Pair]:
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    chance = random.Random(7)
    found = []
    for row in rows:
        document, sentence, passage = row["document"], row["sentence"], row["passage"]
        found.append(Pair(document, sentence, passage, "true"))
        for kind, wrong in changed(sentence, chance):
            found.append(Pair(document, wrong, passage, kind))
        same = sorted({r["passage"] for r in rows if r["document"] == document} - {passage})
        if same:
            found.append(Pair(document, sentence, chance.choice(same), "other passage"))
        foreign = sorted({r["passage"] for r in rows if r["language"] != row["language"]})
        found.append(Pair(document, sentence, chance.choice(foreign), "other language"))
    return found


def changed(sentence: str, chance: random.Random) -> list[tuple[str, str]]:
    found = []
    numbers = list(re.finditer(r"\d+", sentence))
    if numbers:
        at = chance.choice(numbers)
        other = str(int(at.group()) + chance.choice((1, 2, 5, 10)))
        found.append(("number", sentence[: at.start()] + other + sentence[at.end() :]))
    for month, other in MONTHS.items():
        if f" {month}" in sentence:
            found.append(("date", sentence.replace(f" {month}", f" {other}", 1)))
            break
    names = [m for m in re.finditer(r"(?<=\w )[A-Z][a-z]{3,}", sentence) if m.group() not in MONTHS]
    if names:
        at = chance.choice(names)
        found.append(
            ("name", sentence[: at.start()] + chance.choice(OTHERS) + sentence[at.end() :])
        )
    for pattern, replacement in NEGATED:
        negated = re.sub(pattern, replacement, sentence, count=1)
        if negated != sentence:
            found.append(("negation", negated))
            break
    return found


def halves() -> tuple[list[Pair], list[Pair]]:
    """By document: one half to calibrate, the other to report."""
    documents = sorted({p.document for p in pairs()})
    calibrating = set(documents[::2])
    return (
        [p for p in pairs() if p.document in calibrating],
        [p for p in pairs() if p.document not in calibrating],
    )


@dataclass(frozen=True)
class Valued:
    """A sentence about a value or a role, and whether its passage ``holds`` it.

    ``half``: it was written "before" the rules stood or "after", and read once then.
    """

    half: str
    kind: str
    language: str
    passage: str
    sentence: str
    holds: bool


def valued() -> list[Valued]:
    rows = VALUED.read_text(encoding="utf-8").splitlines()
    return [Valued(**json.loads(row)) for row in rows]
