"""Names of people, groups and folders: which look alike, and which cannot be taken. Pure.

What looks alike is judged by a short table of letters (Unicode's TR 39 in small). It finds the
usual tricks, not every pair of similar shapes.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from kb.errors import UsageError

RESERVED = frozenset({"everyone", "owner", "system", "anonymous"})
"""Words that rules and the audit log use themselves."""
LONGEST = 100
"""Most characters of a name."""
FORBIDDEN = ",:/\\"
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Categories of characters that a reader cannot see or tell apart."""
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""What is not seen either, of other categories (Unicode's Default_Ignorable_Code_Point; Braille's
blank)."""
MIXED = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE")
"""Scripts that share shapes; a name keeps to one of them."""
_ALIKE = {
    **dict(
        zip(
            "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
            "\u0475\u0433\u043a\u043c\u043d\u0442\u0432\u044c\u04cf\u0501",
            "aeopcyxijshdqwvrkmhtbbld",
            strict=True,
        )
    ),
    **dict(
        zip(
            "\u03b1\u03b2\u03b3\u03b5\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03c9",
            "abyenikuvoptuxw",
            strict=True,
        )
    ),
    **dict(zip("\u0585\u057d\u0570\u0578\u0581\u0575", "ouhngj", strict=True)),
    **dict(zip("01|\u0131\u0142", "ollil", strict=True)),
}
"""Letters and digits, folded, by the Latin letter that they look like."""
_TABLE = str.maketrans(_ALIKE)


@lru_cache(maxsize=50_000)
def fold(text: str) -> str:
    """A text without what differs between systems only: case, composition, width, the unseen."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(c for c in _BLANK.sub("", plain) if unicodedata.category(c) != "Cf")


@lru_cache(maxsize=50_000)
def skeleton(text: str) -> str:
    """What a text looks like: two with the same skeleton cannot be told apart by eye."""
    return fold(text.replace("I", "l")).translate(_TABLE)


def alike(one: str, other: str) -> bool:
    """Whether two names are easily taken for each other."""
    return fold(one) == fold(other) or skeleton(one) == skeleton(other)


def like(taken: Iterable[str], name: str) -> str | None:
    """The first name of those taken that a new one is easily taken for."""
    return next((one for one in taken if alike(one, name)), None)


def is_name(name: str) -> bool:
    """Whether a name can be taken."""
    try:
        check(name)
    except UsageError:
        return False
    return True


def check_source(name: str) -> None:
    """Check that a source's name can stand in a URL, in a list, and on a command line.

    Raises:
        UsageError: it cannot.
    """
    if not name.strip() or len(name) > 100 or any(c in name for c in "/\\\0\n\r\t,"):
        raise UsageError(
            "The name of a source has 1 to 100 characters, no slash, comma or tab.",
            detail={"name": name[:100]},
        )
    if name.lstrip().startswith("-"):
        raise UsageError(
            "The name of a source does not begin with a dash: it would be taken for an option.",
            detail={"name": name[:100]},
        )


def check(name: str) -> None:
    """A name that can stand in lists and addresses, and that everybody sees as it is.

    Raises:
        UsageError: it cannot.
    """
    if any(alike(name, word) for word in RESERVED):
        raise UsageError(
            "The name {name} is reserved, or looks like one that is.",
            detail={"name": name[:LONGEST]},
        )
    if not name.strip() or len(name) > LONGEST or any(c in FORBIDDEN for c in name):
        raise UsageError(
            "A name has 1 to 100 characters, without comma, colon, slash, tab or line break.",
            detail={"name": name[:LONGEST]},
        )
    if name != name.strip() or any(_is_unseen(c) for c in name):
        raise UsageError(
            "A name has no characters that cannot be seen, and no blank at either end.",
            code="invisible_name",
            detail={"name": name},
        )
    if name != unicodedata.normalize("NFC", name):
        raise UsageError(
            "This name is written with separate accents. Type it anew (Unicode's form NFC).",
            code="decomposed_name",
            detail={"name": name},
        )
    if len(_scripts(name)) > 1:
        raise UsageError(
            "The letters of a name come from one script: letters of two can look the same.",
            code="mixed_scripts",
            detail={"name": name},
        )


def is_blank(character: str) -> bool:
    """Whether a character is not seen although its category says nothing of it."""
    return _BLANK.match(character) is not None


def _is_unseen(character: str) -> bool:
    kind = unicodedata.category(character)
    return is_blank(character) or kind in INVISIBLE or (kind == "Zs" and character != " ")


def _scripts(name: str) -> set[str]:
    words = (unicodedata.name(c, "").partition(" ")[0] for c in name if c.isalpha())
    return {w for w in words if w in MIXED}
