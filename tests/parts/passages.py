"""Passages as a search gives them."""

from kb.types.passages import Passage, StoredChunk
from kb.types.points import ordinal_of, version_of


def passage(text, point=(1 << 20), page=None, section=None, title="T", document=1):
    chunk = StoredChunk(
        point,
        ordinal_of(point),
        document,
        version_of(point),
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
