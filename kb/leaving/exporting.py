"""An export is written: every part of it, at one moment of the catalog."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from kb import __version__
from kb.catalog import leaving, vectors
from kb.catalog.database import Catalog, Connection, now
from kb.embedding.used import UsedModel
from kb.errors import DamagedError
from kb.files.blobs import ELEMENTS, Blobs
from kb.leaving import crate, describing, matrices, texts
from kb.leaving.answers import answers_of
from kb.leaving.bag import Bag
from kb.leaving.choosing import Chosen, choose, rights_of
from kb.leaving.originals import Originals
from kb.types.leaving import NAME, VERSION, Choice, LeftDocument, LeftModel, LeftText, LeftWhole
from kb.types.parsed import Parsed

Told = Callable[[int, int], None]
"""Hears how many documents are done, and how many there are."""
PART = 5000
"""Vectors that are looked up at once."""


class Writing:
    """Writes the payload of one export into a folder; :meth:`finish` makes a bag of it."""

    def __init__(
        self, catalog: Catalog, blobs: Blobs, used: Sequence[UsedModel], folder: Path, told: Told
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._used = used
        self._folder = folder
        self._told = told

    def write(self, choice: Choice) -> LeftWhole:
        """Write all of the payload; what it is, and how much.

        Raises:
            NotFoundError: a source that was named is not there.
            UsageError: the folder is not empty.
            RetryableError: the disk is full or broken.
        """
        with self._catalog.reading() as connection:
            chosen = choose(connection, choice)
            self._bag = Bag(self._folder)
            counts = {"sources": len(chosen.sources)}
            documents = self._documents(chosen)
            counts |= _counted(documents)
            self._texts(connection, chosen)
            hashes, counts["passages"] = self._chunks(connection, chosen)
            models = self._vectors(connection, hashes)
            counts |= self._answers(connection, chosen)
            self._json("data/rights.json", rights_of(connection, chosen))
        whole = _whole(chosen, models, counts)
        self._json("data/export.json", whole)
        self._bag.put("data/ro-crate-metadata.json", crate.metadata(whole, documents, self._sizes))
        self._bag.put(describing.README, describing.readme(whole))
        return whole

    @property
    def _sizes(self) -> dict[str, int]:
        return self._bag.sizes

    def finish(self, whole: LeftWhole) -> None:
        """Write the manifests, and last what makes a bag of the folder."""
        self._bag.manifest(describing.info(whole))
        self._bag.close()

    def _documents(self, chosen: Chosen) -> list[LeftDocument]:
        originals, by_name = Originals(self._bag, self._blobs), {s.name: s for s in chosen.sources}
        placed = []
        for number, document in enumerate(chosen.documents):
            placed.append(originals.put(document, by_name[document.source]))
            self._told(number + 1, len(chosen.documents))
        self._lines("documents", placed)
        return placed

    def _texts(self, connection: Connection, chosen: Chosen) -> None:
        with self._table("texts") as put_text, self._table("elements") as put_element:
            for document in chosen.searched:
                parsed = self._parsed(chosen.keys.get(document.id))
                if parsed is None:
                    put_text(_of_passages(connection, document))
                    continue
                text, elements = texts.split(document, parsed)
                put_text(text)
                for element in elements:
                    put_element(element)

    def _parsed(self, key: str | None) -> Parsed | None:
        try:
            content = self._blobs.get(key, ELEMENTS) if key else None
        except DamagedError:  # its passages are in the catalog, and go along
            return None
        return msgspec.msgpack.decode(content, type=Parsed) if content else None

    def _chunks(self, connection: Connection, chosen: Chosen) -> tuple[list[str], int]:
        """Write the passages; their embedded texts' hashes, sorted, and how many passages."""
        numbers = [d.version for d in chosen.searched if d.version is not None]
        found, count = set(), 0
        with self._table("chunks") as put:
            for _, chunk in leaving.chunks_of(connection, numbers):
                put(chunk)
                found.add(chunk.vector)
                count += 1
        return sorted(found), count

    def _vectors(self, connection: Connection, hashes: Sequence[str]) -> list[LeftModel]:
        return [self._of_model(connection, used, hashes) for used in self._used]

    def _of_model(
        self, connection: Connection, used: UsedModel, hashes: Sequence[str]
    ) -> LeftModel:
        """A model's vectors: those of the passages whose language it knows."""
        key, rows, dimension = used.fingerprint, list[str](), 0
        for part in _parts(hashes):
            found = vectors.known(connection, key, part)
            rows += [one for one in part if one in found]
            dimension = dimension or len(next(iter(found.values()), b"")) // matrices.NUMBER
        file, names = f"data/vectors/{key}.npy", f"data/vectors/{key}.txt"
        with self._bag.file(file) as out:
            out.write(matrices.header(len(rows), dimension))
            for part in _parts(rows):
                found = vectors.known(connection, key, part)
                out.write(b"".join(found[one] for one in part))
        self._bag.put(names, "".join(f"{one}\n" for one in rows).encode())
        return LeftModel(
            name=used.name,
            fingerprint=key,
            digest=used.files.digest,
            dimension=dimension,
            count=len(rows),
            file=file,
            hashes=names,
        )

    def _answers(self, connection: Connection, chosen: Chosen) -> dict[str, int]:
        """Write what people asked and said; how many lines there are of each kind."""
        person, ids = chosen.choice.person, chosen.ids
        answers = self._lines("answers", answers_of(connection, chosen))
        every = leaving.conversations_of(connection, person)
        if chosen.choice.named:
            asked = {a.conversation for a in answers_of(connection, chosen)}
            every = [one for one in every if one.id in asked]
        return {
            "answers": answers,
            "conversations": self._lines("conversations", every),
            "pins": self._lines("pins", leaving.pins_of(connection, person, ids)),
            "judged": self._lines("judged", leaving.judged_of(connection, person, ids)),
            "terms": self._lines("glossary", leaving.terms(connection)),
        }

    @contextmanager
    def _table(self, name: str) -> Iterator[Callable[[msgspec.Struct], None]]:
        encoder = msgspec.json.Encoder()
        with self._bag.file(f"data/{name}.jsonl") as out:
            yield lambda one: out.write(encoder.encode(one) + b"\n")

    def _lines(self, name: str, rows: Iterable[msgspec.Struct]) -> int:
        count = 0
        with self._table(name) as put:
            for row in rows:
                put(row)
                count += 1
        return count

    def _json(self, path: str, value: msgspec.Struct) -> None:
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=1)
        self._bag.put(path, text.encode())


def _of_passages(connection: Connection, document: LeftDocument) -> LeftText:
    found = leaving.chunks_of(connection, [document.version or 0])
    return texts.without_elements(document, [chunk.text for _, chunk in found])


def _counted(documents: Sequence[LeftDocument]) -> dict[str, int]:
    return {
        "documents": len(documents),
        "searched": sum(d.version is not None for d in documents),
        "without_file": sum(d.file is None for d in documents),
    }


def _whole(chosen: Chosen, models: list[LeftModel], counts: dict[str, int]) -> LeftWhole:
    person = chosen.choice.person
    return LeftWhole(
        format=NAME,
        version=VERSION,
        made_by=__version__,
        made_at=now(),
        person=None if person is None else person.name,
        sources=[source.name for source in chosen.sources],
        models=models,
        counts=counts,
    )


def _parts(hashes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(hashes), PART):
        yield hashes[start : start + PART]
