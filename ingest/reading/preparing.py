"""One file's bytes, parsed, cut and embedded. Nothing is published here."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from weakref import WeakValueDictionary

import msgspec

from ingest import parsers
from ingest.parsers import libreoffice, ocr, titles
from ingest.parsers.options import Options
from ingest.reading import chunking as cutting
from ingest.reading.needs import Needs
from kb import bulk
from kb.catalog import vectors
from kb.catalog.chunks import short_hash
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.embedding.models import counter_of
from kb.errors import FileProblem, KbError
from kb.files import sandbox
from kb.files.blobs import ELEMENTS, Blobs
from kb.files.scratch import Scratch
from kb.index.remote import RemoteIndex
from kb.settings import Chunking, Ingest
from kb.types.parsed import Chunk, Parsed

BATCH = 512
"""Passages that are embedded by one call: it says how many processors may be used meanwhile."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A document's chunks, and what it is called."""

    chunks: tuple[Chunk, ...]
    title: str
    language: str | None


class Preparer:
    """Holds what preparing needs; stateless between files."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        embeddings: Embeddings,
        index: RemoteIndex,
        settings: Ingest,
        chunking: Chunking,
        scratch: Scratch,
        clock: Callable[[], datetime] = bulk.wall_clock,
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._embeddings = embeddings
        self._index = index
        self._settings = settings
        self.scratch = scratch
        self._clock = clock
        self._counter = counter_of(embeddings.first.files)
        windows = [(counter_of(m.files), m.files.passage_prompt) for m in embeddings.models]
        self._longest = min(c.room(chunking.tokens, prompt) for c, prompt in windows)
        self._parsing = WeakValueDictionary[str, asyncio.Lock]()
        self._options = Options(
            languages=settings.ocr_languages,
            max_members=settings.max_members,
            max_expanded=settings.max_expanded_mb * 1024**2,
            min_confidence=settings.ocr_min_confidence,
            seconds=settings.parse_seconds,
        )
        window = min(counter.limit for counter, _ in windows)
        self.needs = Needs(settings, chunking, self._counter, window)

    def _reading(self) -> str:
        """Parsers, options and tools that are here: what was parsed with them is taken over."""
        tools = ["libreoffice"] if libreoffice.program() else []
        languages = ocr.usable(self._settings.ocr_languages)
        return f"{parsers.VERSION}:{'+'.join([*languages, *tools])}:{self._options}"

    async def parse(self, file: Path, name: str, content_hash: str) -> tuple[Parsed, str]:
        """Elements of a file, from the blobs where the same bytes were parsed before.

        Raises:
            FileProblem: the file cannot be read.
        """
        key = self._blob_key(content_hash, name)
        lock = self._parsing.setdefault(key, asyncio.Lock())
        async with lock:  # identical files side by side are parsed once
            self._blobs.renew(key, ELEMENTS)
            known = await asyncio.to_thread(self._stored, key)
            if known is None:
                known = await asyncio.to_thread(self._parse_confined, file, name)
                await asyncio.to_thread(self._blobs.put, key, ELEMENTS, known)
        return _decode(known), key

    def _stored(self, key: str) -> bytes | None:
        """What was parsed before; a value that is damaged is as good as none."""
        try:
            return self._blobs.get(key, ELEMENTS)
        except KbError:
            return None

    async def parsed(self, key: str) -> Parsed | None:
        """What was parsed of a document before, by its blob; None where it is not there."""
        self._blobs.renew(key, ELEMENTS)
        known = await asyncio.to_thread(self._stored, key)
        return None if known is None else _decode(known)

    def _processors(self) -> int:
        """How many may be used at this moment; this process's own threads keep to them."""
        count = bulk.allowed(self._settings, self._clock(), bulk.usable_cores())
        bulk.keep_to(bulk.processors(count))
        return count

    def _parse_confined(self, file: Path, name: str) -> bytes:
        limits = sandbox.Limits(
            seconds=self._settings.parse_seconds,
            memory=self._settings.parse_memory_mb * 1024**2,
            processes=self._settings.parse_processes,
            processors=bulk.processors(self._processors()),
        )
        with self.scratch.folder("child-") as within:
            return sandbox.run(
                parsers.parse, str(file), name, self._options, limits=limits, within=within
            )

    def _blob_key(self, content_hash: str, name: str) -> str:
        """The name's ending takes part: it decides between kinds of text."""
        suffix = PurePosixPath(name.lower()).suffix
        text = f"{content_hash}:{suffix}:{self._reading()}"
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

    async def cut(self, parsed: Parsed, name: str) -> Cut:
        """Chunks, title and language of a document."""
        title = title_of(parsed, name)
        chunks = await asyncio.to_thread(
            cutting.chunk, parsed.elements, title, self._counter.count_all, self._longest
        )
        sample = " ".join(e.text for e in parsed.elements[:60])[:4000]
        [language] = await self._index.languages([sample], surely=True) if sample.strip() else [""]
        return Cut(tuple(chunks), title, language or None)

    async def embed(
        self, chunks: tuple[Chunk, ...], language: str | None
    ) -> dict[str, dict[str, bytes]]:
        """The vectors of chunks in a language, by model and by the hash of the embedded text.

        Known ones are taken over. Each batch is kept as it comes: what stops here has not to be
        embedded again.
        """
        texts = {short_hash(c.embedded_text): c.embedded_text for c in chunks}
        models = [m.fingerprint for m in await self._embeddings.for_language(language)]
        found = await asyncio.gather(*(self._embedded(model, texts) for model in models))
        return dict(zip(models, found, strict=True))

    async def _embedded(self, model: str, texts: dict[str, str]) -> dict[str, bytes]:
        known = await self._catalog.read(self._known, model, list(texts))
        missing = [h for h in texts if h not in known]
        for start in range(0, len(missing), BATCH):
            hashes = missing[start : start + BATCH]
            embedded = await self._embeddings.passages(
                [texts[h] for h in hashes], self._processors(), model
            )
            new = dict(zip(hashes, embedded, strict=True))
            await self._catalog.write(self._keep, model, new)
            known |= new
        return known

    def _known(self, model: str, hashes: list[str]) -> dict[str, bytes]:
        with self._catalog.reading() as connection:
            return vectors.known(connection, model, hashes)

    def _keep(self, model: str, new: dict[str, bytes]) -> None:
        with self._catalog.writing() as connection:
            vectors.keep(connection, model, new)


def title_of(parsed: Parsed, name: str) -> str:
    """What the document calls itself; else its first heading; else the name of the file.

    What says nothing ("Slide 1", a path) counts for none.
    """
    given = " ".join((parsed.title or "").split())
    if given and not titles.is_generic(given):
        return given[:300]
    for element in parsed.elements[:10]:
        if element.kind == "Title" and 2 < len(element.text) < 200:
            heading = " ".join(element.text.split())
            if not titles.is_generic(heading):
                return heading
    return name_alone(name)


def name_alone(name: str) -> str:
    """A file's name without its ending."""
    return PurePosixPath(name).stem or name


def _decode(content: bytes) -> Parsed:
    try:
        return msgspec.msgpack.decode(content, type=Parsed)
    except msgspec.ValidationError as error:
        raise FileProblem("damaged", what=f"the parser's answer: {error}") from error
