"""What a document was read with, and whether it would be read otherwise now.

What counts is what the document used: a scan is read again when a language of tesseract is new
here, a letter is not. Hosts may differ in what is installed. A document is read again only where
more is here than it was read with; so hosts that differ agree in the end, and no two of them read
each other's files again for ever. The embedding model is no part of it: its vectors are the
index's; nor is the tokenizer that counted a passage's tokens: a cut that was right when it was made
stays (docs/adr/0009-swapping-models.md).
"""

import sys

from ingest import parsers
from ingest.parsers import libreoffice, ocr
from kb.catalog import documents
from kb.catalog.chunks import short_hash
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.embedding.models import TokenCounter, counter_of
from kb.settings import Chunking, Ingest
from kb.types.files import KnownDocument, ReadWith, Recognition
from kb.types.parsed import Parsed

CHUNKER = "2"
"""Raise it when chunks of before cannot stay: then every document is cut anew, and each passage
that reads otherwise is embedded anew."""


def cutting(chunking: Chunking) -> str:
    """How passages are cut, whoever counts: kept with each document."""
    return short_hash(f"{CHUNKER}:{chunking.tokens}")[:24]


def earlier_cutting(chunking: Chunking, counter: TokenCounter, window: int) -> str:
    """How passages are cut, as earlier releases kept it: with the tokenizer, and what it reads."""
    longest = min(chunking.tokens, counter.limit, window)
    return short_hash(f"{CHUNKER}:{longest}:{counter.extra}:{counter.digest}")[:24]


FOR_OCR = {"scan_without_ocr", "scan_beyond", "scan_unread", "scan_uncertain",
           "unreadable_letters", "pictures_unread"}  # fmt: skip
"""What is said of a file that OCR, or more languages of it, may read better."""


class Needs:
    """Compares documents with what is installed and set here.

    ``window`` is the longest text, in tokens, that every embedding model reads.
    """

    def __init__(
        self,
        settings: Ingest,
        chunking: Chunking,
        counter: TokenCounter,
        window: int = sys.maxsize,
    ) -> None:
        self._settings = settings
        self._recognition = Recognition(
            had=tuple(ocr.usable(settings.ocr_languages)),
            wanted=settings.ocr_languages,
            sure=settings.ocr_min_confidence,
        )
        self._office = libreoffice.program() is not None
        self._limits = (settings.max_members, settings.max_expanded_mb)
        self._reading = short_hash(parsers.VERSION)[:24]
        self._cutting = cutting(chunking)
        self._earlier = earlier_cutting(chunking, counter, window)
        self.fingerprint = f"{self._reading}.{self._cutting}"
        self.uncut = f"{self._reading}."
        """Of a document that was parsed as it would be now, and is to be cut and described anew."""

    def fingerprint_of(self, code: str) -> str:
        """Kept with a file that yields nothing: it is read again when this is another."""
        return f"{self.fingerprint}{self._limit(code)}"

    def _limit(self, code: str) -> str:
        return f".{self._limits[1]}" if code == "expands_too_far" else ""

    def used(self, parsed: Parsed, *, members: bool) -> ReadWith | None:
        """What a document depends on of this host and its settings; None where on nothing.

        ``members``: whether files came out of it.
        """
        said = {parsed.problem, *(notice.code for notice in parsed.notices)}
        is_container = members or parsed.problem == "members_left_out"
        found = ReadWith(
            ocr=self._recognition if parsed.confidences or said & FOR_OCR else None,
            members=self._limits if is_container else None,
            seconds=self._settings.parse_seconds if "scan_beyond" in said else None,
            office=self._office if "formulas_without_value" in said else None,
        )
        return found if found != ReadWith() else None

    def is_current(self, known: KnownDocument) -> bool:
        """Whether a document would be read now as it was, if its bytes are the same."""
        cuts, limit = (self._cutting, self._earlier), self._limit(known.code or "")
        is_same = known.settings in {f"{self._reading}.{cut}{limit}" for cut in cuts}
        return is_same and not self.has_more(known)

    def is_cut_otherwise(self, known: KnownDocument) -> bool:
        """Whether what was parsed of a document still holds, and only the cutting has changed."""
        reading, _, cut = (known.settings or "").partition(".")
        is_cut_as_now = cut in {self._cutting, self._earlier}
        return reading == self._reading and not is_cut_as_now and not self.has_more(known)

    def has_more(self, known: KnownDocument) -> bool:
        """Whether this host has more than a document was read with, or other settings."""
        if known.code == "needs_libreoffice":
            return self._office
        if known.code == "too_large":
            return known.bytes <= self._settings.max_file_mb * 1024**2
        used = known.used or ReadWith()
        if used.members not in {None, self._limits}:
            return True
        if used.office is False and self._office:
            return True
        if used.seconds is not None and used.seconds < self._settings.parse_seconds:
            return True
        return used.ocr is not None and self._recognises_more(used.ocr)

    def _recognises_more(self, before: Recognition) -> bool:
        """Whether scanned pages would be read with more languages, or by other settings."""
        here = self._recognition
        otherwise = (before.wanted, before.sure) != (here.wanted, here.sure)
        return otherwise or set(before.had) < set(here.had)


def keep_cuts(catalog: Catalog, embeddings: Embeddings, chunking: Chunking) -> None:
    """Before other models come: what earlier releases cut with those of today stays as it is."""
    counter = counter_of(embeddings.first.files)
    window = min(model.files.max_tokens for model in embeddings.models)
    earlier = earlier_cutting(chunking, counter, window)
    with catalog.writing() as connection:
        documents.name_cut(connection, earlier, cutting(chunking))
