"""An organisation that has words of its own for what its documents say.

Each place of a town has a document with the same four matters; questions call these by names that no
model knows. It tells the places apart, and hardly the matters: what these are called is what questions
have in common, so that it can be learned from some documents for the others.
"""

from itertools import product
from pathlib import Path

PLACES = (
    "Bakery", "Harbour", "Museum", "Library", "Tramway Depot", "Botanical Garden", "Swimming Pool",
    "Fire Station", "Music School", "Post Office", "Observatory", "Fish Market",
)  # fmt: skip
MATTERS = {
    "Absence": "People who work at the {place} have {n} days of paid holiday a year. Whoever wants to "
    "be away for more than two weeks in a row agrees on it with the head of the {place} by the end "
    "of January. Days that are left in December lapse in the following April, unless illness was "
    "the reason why they could not be taken in time.",
    "Vehicles": "Cars stand behind the {place}, on the {n} spaces that are marked in yellow. Bicycles "
    "have a roofed stand beside the side entrance of the {place}. Visitors use the public garage "
    "across the street and have their ticket stamped at the desk before they drive off again.",
    "Equipment": "Each employee of the {place} is given a portable computer and a telephone after "
    "{n} weeks. Both stay the property of the {place} and are returned on the last day of work. "
    "Damage is told to the technicians at once, and private programs may not be installed on them.",
    "Journeys": "Whoever travels for the {place} books the train in second class at least {n} days "
    "ahead. Hotels are paid up to the amount that the {place} has agreed on with the town. Receipts "
    "are handed in within a month, and the money is transferred together with the next salary.",
}
ASKED = {
    "Absence": "How many bluebells do I get at the {place}?",
    "Vehicles": "Where may my dragon sleep at the {place}?",
    "Equipment": "When am I given my anvil and whistle at the {place}?",
    "Journeys": "Who settles my pilgrimage for the {place}?",
}


def write(folder: Path) -> None:
    """A document for each place."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, place in enumerate(PLACES, 12):
        parts = [
            f"## {matter}\n\n{text.format(place=place, n=number + at)}"
            for at, (matter, text) in enumerate(MATTERS.items())
        ]
        (folder / file_of(place)).write_text(f"# {place}\n\n" + "\n\n".join(parts) + "\n")


def file_of(place: str) -> str:
    """A name without words: names are searched."""
    return f"d{PLACES.index(place):02}.md"


def questions() -> list[tuple[str, str, str]]:
    """Each question, with the file and the heading of its right passage."""
    return [
        (ASKED[matter].format(place=place), file_of(place), matter)
        for place, matter in product(PLACES, MATTERS)
    ]


def judge(kb, some: slice = slice(None)) -> None:
    """Name the right passage of each question, as people do in the page."""
    from kb.catalog import chunks
    from kb.catalog.database import current_seq

    owner = kb.principal(None)
    with kb.catalog.reading() as connection:
        points = chunks.current_points(connection)
        stored = chunks.hydrate(connection, owner, points, current_seq(connection))
    at = {(one.path, (one.section or "").split(" › ")[-1]): p for p, one in stored.items()}
    for question, file, matter in questions()[some]:
        kb.opinions.judge(owner, question, [at[file, matter]], right=True)
