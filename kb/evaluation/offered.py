"""The sets of questions that may be chosen in the page, by names that mean them on every host.

Beside the organisation's own questions and the shipped ones these are the folders in ``sets`` of
the data directory: ``docs`` and ``questions.jsonl`` in each.
"""

from dataclasses import dataclass
from pathlib import Path

from kb import samples
from kb.errors import NotFoundError, UsageError
from kb.evaluation import sets

OWN, SHIPPED, FOLDER = "own", "samples", "set:"


@dataclass(frozen=True, slots=True)
class Offered:
    """A set: by what it is asked for, its folder's name (empty: ours), how many questions."""

    what: str
    name: str
    questions: int


def offered(data: Path, judged: int) -> list[Offered]:
    """The sets that can be run here; ``judged`` own questions have a right passage."""
    found = [Offered(OWN, "", judged)] if judged else []
    found.append(Offered(SHIPPED, "", len(sets.read_questions(samples.documents().parent))))
    for folder in sorted((data / "sets").glob("*/")):
        try:
            count = len(sets.read_questions(folder))
        except UsageError:  # it is no set, or not yet
            continue
        found.append(Offered(f"{FOLDER}{folder.name}", folder.name, count))
    return found


def folder_of(what: str, data: Path) -> Path:
    """Where a set of documents lies.

    Raises:
        NotFoundError: there is no such set here.
    """
    if what == SHIPPED:
        return samples.documents().parent
    name = what.removeprefix(FOLDER)
    folder = data / "sets" / name
    is_one = bool(name) and name != ".." and name == Path(name).name
    if not what.startswith(FOLDER) or not is_one or not folder.is_dir():
        raise NotFoundError("There is no such set of questions here.", detail={"set": what[:60]})
    return folder
