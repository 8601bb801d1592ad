"""The pages of an export that say what it is: for people, and for programs. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from kb.types.leaving import NAME, VERSION, LeftWhole

HERE = Path(__file__).parent
README = "README.md"


def readme(whole: LeftWhole) -> bytes:
    """The page in plain words."""
    day = datetime.fromtimestamp(whole.made_at, UTC).strftime("%d %B %Y").lstrip("0")
    made = f"This folder was exported from Commonplace {whole.made_by} on {day}"
    text = (HERE / README).read_text(encoding="utf-8")
    return text.replace("{made}", made).replace("{whose}", _whose(whole)).encode()


def _whose(whole: LeftWhole) -> str:
    counts = whole.counts
    what = (
        f"It has {counts['documents']} files of {_listed(whole.sources)}, {counts['passages']} "
        f"passages and {counts['answers']} answers."
    )
    if whole.person is not None:
        what += (
            f" It was made with the rights of {whole.person}: what that person might not read is "
            "not in it, and of conversations it has that person's own."
        )
    missing = counts["without_file"]
    if missing:
        what += (
            f" The bytes of {missing} files are not in it: they were away, had changed since they "
            'were read, or could not be read. Their lines say `"file": null`.'
        )
    return what


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "no source"
    return ("the source " if len(names) == 1 else "the sources ") + ", ".join(names)


def info(whole: LeftWhole) -> list[tuple[str, str]]:
    """The lines of ``bag-info.txt``."""
    day = datetime.fromtimestamp(whole.made_at, UTC)
    return [
        ("Bag-Software-Agent", f"Commonplace {whole.made_by}"),
        ("Bagging-Date", day.strftime("%Y-%m-%d")),
        ("External-Description", f"Export of a knowledge base: {', '.join(whole.sources)}"),
        ("Export-Format", f"{NAME} {VERSION}"),
    ]
