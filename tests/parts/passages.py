"""Passages as a search gives them."""

from kb.types import Passage, StoredChunk


def passage(text, point=(1 << 20), page=None, section=None, title="T", document=1):
    chunk = StoredChunk(
        point,
        point & 0xFFFFF,
        document,
        point >> 20,
        "a.docx",
        "s",
        None,
        title,
        "",
        "en",
        None,
        page,
        section,
        text,
        str(hash(text)),
        "h",
    )
    return Passage(chunk, text, (point,), 1.0, 0.9)
