"""Looking again: whether anything of what was erased is there, place by place.

The catalog, the index and stored values are asked by number and by hash. Documents that were not
erased may have the same content: they are named, and are no fault. Which bytes stand in files is
looked for in :mod:`kb.proof.searching`.
"""

from collections.abc import Iterable
from pathlib import Path

from kb.catalog import answers, purges
from kb.catalog.database import Catalog, Connection
from kb.files.blobs import Blobs
from kb.files.scratch import Scratch
from kb.index.remote import RemoteIndex
from kb.proof.planning import path_sha256
from kb.types.points import version_of
from kb.types.purges import Erased, PlaceLook
from kb.upkeep.loading import scroll

HALF = 32
"""Hexadecimal digits of a SHA-256 that the catalog keeps of a text."""


def in_catalog(connection: Connection, erased: Erased) -> list[PlaceLook]:
    """Documents, versions, passages, vectors, answers."""
    counts = purges.count(connection)
    return [
        _documents(connection, erased, counts["documents"]),
        _versions(connection, erased, counts["versions"]),
        _passages(connection, erased, counts["chunks"]),
        _vectors(connection, erased, counts["vectors"]),
        _answers(connection, erased, counts["answers"]),
    ]


def _documents(connection: Connection, erased: Erased, count: int) -> PlaceLook:
    """By the place of a file: whatever lies there now is the document again."""
    tops = [d for d in erased.documents if d.container is None]
    places = {(d.source, d.path_sha256): d for d in tops}
    contents = {d.content_sha256 for d in erased.documents} - {None}
    found, elsewhere = [], set()
    for one in purges.named(connection):
        if (one.source, path_sha256(one.path)) in places:
            found.append(f"document {one.id}, at the path of one that was erased")
        elif one.content_hash in contents:
            elsewhere.add(one.id)
    return PlaceLook("catalog: documents", count, "documents", found, sorted(elsewhere))


def _versions(connection: Connection, erased: Erased, count: int) -> PlaceLook:
    """A number is given once; a restored catalog may give it to another content."""
    there = purges.contents(connection, erased.numbers)
    same = [v.version for v in erased.versions if there.get(v.version, "") == v.content_sha256]
    return PlaceLook("catalog: versions", count, "versions", [f"version {n}" for n in same])


def _passages(connection: Connection, erased: Erased, count: int) -> PlaceLook:
    hashes = sorted({one.sha256[:HALF] for one in erased.passages})
    by_text = purges.documents_with(connection, hashes)
    mine = set(purges.contents(connection, erased.numbers))
    stray = purges.points(connection, [one.passage for one in erased.passages])
    found = [f"passage {point}" for point in sorted(stray) if version_of(point) not in mine]
    elsewhere = {document for documents in by_text.values() for document in documents}
    return PlaceLook("catalog: passages", count, "passages", found, sorted(elsewhere))


def _vectors(connection: Connection, erased: Erased, count: int) -> PlaceLook:
    left = purges.vectors_left(connection, [one.key for one in erased.vectors])
    unused = [f"vector {key}" for key, is_used in sorted(left.items()) if not is_used]
    return PlaceLook("catalog: vectors", count, "vectors", unused)


def _answers(connection: Connection, erased: Erased, count: int) -> PlaceLook:
    left = purges.answers_left(connection, [one.answer for one in erased.answers])
    found = [f"answer {number}" for number in left]
    same = [n for n, key in purges.contents(connection, erased.numbers).items() if key]
    referring = answers.count_of(connection, [n for n in erased.numbers if n not in same])
    found += [f"{referring} answers that refer to its versions"] * bool(referring)
    return PlaceLook("catalog: kept answers and receipts", count, "answers", found)


async def in_index(
    catalog: Catalog, index: RemoteIndex, generations: Iterable[str], erased: Erased
) -> PlaceLook:
    """Every point of every generation, by its version's number."""

    def known() -> dict[int, str | None]:
        with catalog.reading() as connection:
            return purges.contents(connection, erased.numbers)

    there = await catalog.read(known)
    gone = {
        v.version for v in erased.versions if there.get(v.version, "") in ("", v.content_sha256)
    }
    count, found = 0, []
    for generation in generations:
        async for points in scroll(index, generation):
            count += len(points)
            found += [f"point {p} of {generation}" for p in points if version_of(p) in gone]
    return PlaceLook("index: points", count, "points", found)


def in_values(catalog: Catalog, blobs: Blobs, erased: Erased) -> PlaceLook:
    """Stored values by their names; one that another document has stays."""
    names = set(erased.stored_values)
    with catalog.reading() as connection:
        used = purges.kept_values(connection, sorted({n.partition(".")[0] for n in names}))
    count, found, elsewhere = 0, [], set()
    for path in blobs.files():
        count += 1
        if path.name.lstrip(".").removeprefix("old-") in names:
            owners = used.get(blobs.key_of(path), set())
            elsewhere |= owners
            found += [path.name] * (not owners)
    return PlaceLook("stored values", count, "files", found, sorted(elsewhere))


def in_scratch(scratch: Scratch) -> PlaceLook:
    """Copies that processes which are gone have left."""
    return PlaceLook("temporary folders", 1, "folders", [path.name for path in scratch.stale()])


def in_folders(data: Path, names: Iterable[str]) -> PlaceLook:
    """Places that are emptied whenever a document is erased."""
    there = [name for name in names if (data / name).exists()]
    return PlaceLook("copies from before an upgrade", len(list(names)), "folders", there)
