"""Questions that compare two things, and the same question of each of them alone. Pure.

"What is the difference between the day ticket and the annual ticket?" is nearest to whatever speaks
of tickets in general; what only one of them is told in may be far down.
"""

import re

NAME = r"(?:[\"„“«][^\"”“»]{2,60}[\"”“»]|[A-ZÀ-Þ\d][\w./-]*(?:\s+[A-ZÀ-Þ\d][\w./-]*){0,4})"
"""What stands in quotation marks, or words with a capital or a digit."""
THING = r"[^?!.,;:]{2,80}?"
END = r"(?=\s*(?:[?!.,;:]|$))"
AND = r"(?:and|und|et|ed?|y)"
WITH = rf"(?:{AND}|with|to|mit|avec|à|con|a)"
COMPARE = r"compar(?:e[rsz]?|a|ar|ing)|vergleich(?:en?|t)|confront(?:a|are|o)"
VERSUS = (
    r"versus|vs\.?|compared\s+(?:to|with)|im\s+vergleich\s+(?:zu|mit|zum|zur)|par\s+rapport\s+(?:à|au)"
    r"|rispetto\s+(?:a|al|alla)|frente\s+a|en\s+comparación\s+con"
)
DIFFER = r"(?:differ|unterschie|diff[eé]ren|diferenc|scelta|choice|wahl|choix)\w*"
PATTERNS = (
    re.compile(
        rf"(?i)\b{DIFFER}\s+(?P<what>(?:\w+\s+){{0,3}})(?:between|zwischen|entre|tra|fra)\s+"
        rf"(?P<one>{THING})\s+{AND}\s+(?P<other>{THING}){END}"
    ),
    re.compile(
        rf"(?i)\b(?:{COMPARE})\s+(?!{WITH}\b)(?P<what>)(?P<one>{THING})\s+{WITH}\s+(?P<other>{THING}){END}"
    ),
    re.compile(rf"(?<![\w./-])(?P<one>{NAME})\s+(?i:{VERSUS})\s+(?P<other>{NAME})"),
    re.compile(rf"(?<=\s)(?P<one>{NAME})\s+(?i:or|oder|ou|od?|oppure|u)\s+(?P<other>{NAME})"),
)


def of_each(question: str) -> tuple[str, ...]:
    """The question with the one thing alone, and with the other one; empty: it compares nothing.

    Words that say no more than that two things are compared are left out: each passage about other
    differences has them.
    """
    for pattern in PATTERNS:
        found = pattern.search(question)
        if found is not None:
            groups = found.groupdict()
            before = question[: found.start("one" if "what" not in groups else 0)]
            before, after = before + groups.get("what", ""), question[found.end("other") :]
            return tuple(f"{before}{groups[name]}{after}" for name in ("one", "other"))
    return ()
