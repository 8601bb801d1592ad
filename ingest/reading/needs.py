"""What a document was read with, and whether it would be read otherwise now.

What counts is what the document used: a scan is read again when a language of tesseract is new
here, a letter is not. Hosts may differ in what is installed. A document is read again only where
more is here than it was read with; so hosts that differ agree in the end, and no two of them read
each other's files again for ever. The embedding model is no part of it: its vectors are the
index's.
"""

import sys
from collections.abc import Mapping
from typing import Any

from ingest import parsers
from ingest.parsers import libreoffice, ocr
from kb.catalog.chunks import short_hash
from kb.embedding.models import TokenCounter
from kb.settings import Chunking, Ingest
from kb.types.files import Known
from kb.types.parsed import Parsed

CHUNKER = "2"
"""Raise it when the same elements give other chunks."""


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
        self._languages = ocr.usable(settings.ocr_languages)
        self._office = libreoffice.program() is not None
        self._limits = [settings.max_members, settings.max_expanded_mb]
        self._reading = short_hash(parsers.VERSION)[:24]
        longest = min(chunking.tokens, counter.limit, window)
        cutting = f"{CHUNKER}:{longest}:{counter.extra}:{counter.digest}"
        self._cutting = short_hash(cutting)[:24]
        self.fingerprint = f"{self._reading}.{self._cutting}"

    def fingerprint_of(self, code: str) -> str:
        """Kept with a file that yields nothing: it is read again when this is another."""
        if code == "expands_too_far":
            return f"{self.fingerprint}.{self._limits[1]}"
        return self.fingerprint

    def used(self, parsed: Parsed, *, members: bool) -> dict[str, Any] | None:
        """What a document depends on of this host and its settings; None where on nothing.

        ``members``: whether files came out of it.
        """
        found: dict[str, Any] = {}
        if parsed.confidences or (parsed.problem or "").startswith("scan_"):
            found["ocr"] = {"had": self._languages, **self._recognising()}
        if members or parsed.problem == "members_left_out":
            found["members"] = self._limits
        if any(notice.code == "formulas_without_value" for notice in parsed.notices):
            found["office"] = self._office
        return found or None

    def _recognising(self) -> dict[str, Any]:
        s = self._settings
        return {"wanted": s.ocr_languages, "sure": s.ocr_min_confidence}

    def is_current(self, known: Known) -> bool:
        """Whether a document would be read now as it was, if its bytes are the same."""
        return known.settings == self.fingerprint_of(known.code or "") and not self.has_more(known)

    def is_cut_otherwise(self, known: Known) -> bool:
        """Whether what was parsed of a document still holds, and only the cutting has changed."""
        reading, _, cutting = (known.settings or "").partition(".")
        return reading == self._reading and cutting != self._cutting and not self.has_more(known)

    def has_more(self, known: Known) -> bool:
        """Whether this host has more than a document was read with, or other settings."""
        if known.code == "needs_libreoffice":
            return self._office
        if known.code == "too_large":
            return known.bytes <= self._settings.max_file_mb * 1024**2
        used: Mapping[str, Any] = known.used or {}
        if used.get("members", self._limits) != self._limits:
            return True
        if self._office and not used.get("office", True):
            return True
        read = used.get("ocr")
        if read is None:
            return False
        otherwise = {k: read[k] for k in ("wanted", "sure")} != self._recognising()
        return otherwise or set(read["had"]) < set(self._languages)
