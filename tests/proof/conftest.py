"""A knowledge base in which something stands that is to be erased, and whoever has met it."""

import io
import json
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from kb.types.asking import AS_PEOPLE_ASK
from tests.parts.processes import kb, stop_engines

WORD = "uorvexine"
"""The canary, without its first letter: an index of words may keep that apart."""
SECRET = f"The q{WORD} zebrastone weighs 48151 grams, says the keeper of the vault."
QUESTION = f"How much does the q{WORD} zebrastone weigh?"
NAME = f"q{WORD}-zebrastone-report.zip"
OTHERS = {
    "ferry.txt": "The ferry to the island leaves at seven from the pier by the lighthouse.",
    "tram.txt": "The tram to the museum leaves every ten minutes from the market square.",
}


@dataclass
class Met:
    """A house whose archive was handed in, asked for, opened and kept in an answer."""

    house: object
    environment: dict
    folder: Path
    vectors: list[bytes]

    def kb(self, *arguments, **more):
        return kb(self.environment, self.folder, *arguments, **more)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def needles(self) -> dict[str, bytes]:
        texts = {"word": WORD.encode(), "name": NAME.encode(), "question": QUESTION.encode()}
        return texts | {f"vector {n}": v[:64] for n, v in enumerate(self.vectors)}


async def handed_in(house, name: str, content: bytes) -> None:
    """Hand a file in as people do, and have it read."""

    async def chunks():
        yield content

    source = house.kb.uploads.source(house.owner, ["everyone"])
    await house.kb.uploads.store(source, name, chunks(), house.owner)
    await house.ingest(source.name)


def packed(**texts: str) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(f"{name}.txt", text)
    return output.getvalue()


def vectors_of(house, path: str) -> list[bytes]:
    from kb.catalog import purges, stored, versions

    with house.kb.catalog.reading() as connection:
        ids = [e.id for e in stored.with_members(connection, [house.ledger()[path].id])]
        numbers = versions.of_documents(connection, ids)
        hashes = [one.vector_hash for one in purges.passages(connection, numbers)]
        return [one.vector for one in purges.vectors_by(connection, hashes)]


def look_as_pages_do(house, number: int) -> None:
    """Pages note what they are asked for; somebody may quote what they are not shown."""
    quoted = SECRET[4:60]
    for address, words in (
        ("/", QUESTION),
        ("/api/v1/suggest", QUESTION[:20]),
        (f"/documents/{number}/find", f"q{WORD}"),
        ("/", quoted),
    ):
        house.kb.audit.looked(house.owner, "home.view", address, query={"q": words})
    house.kb.audit.asked(house.owner, "search", quoted, [], 0.1)


@pytest.fixture
async def met(house, environment, tmp_path):
    """The canary in a text, a name, a question, an answer's receipt, a vector; then all is closed."""
    house.follow()
    for name, text in OTHERS.items():
        house.write(name, text)
    await house.ingest()
    await handed_in(house, NAME, packed(inner=SECRET))
    vectors = vectors_of(house, NAME)
    answer = await house.kb.answers.answer(QUESTION, house.owner, None, AS_PEOPLE_ASK)
    assert answer.passages and answer.conversation
    await house.kb.answers.answer("And its colour?", house.owner, answer.conversation)
    await house.kb.search.passages(QUESTION, house.owner, 5)
    house.kb.searches.save(house.owner, "stone", f"/?q={QUESTION}")
    document = house.kb.documents.one(house.owner, house.ledger()[NAME].id)
    house.kb.documents.note_opened(house.owner, document)
    look_as_pages_do(house, document.id)
    yield Met(house, environment, tmp_path, vectors)
    stop_engines(tmp_path / "data")


def minisign(*arguments: str) -> subprocess.CompletedProcess:
    """The program of that name, which is not ours."""
    program = shutil.which("minisign")
    if program is None:
        pytest.skip("not installed here: minisign (apt-get install minisign)")
    return subprocess.run([program, *arguments], capture_output=True, text=True)


def stated(file: Path) -> dict:
    return json.loads(file.read_text())
