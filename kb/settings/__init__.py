"""One frozen object with every setting, read once: flags > KB_* > kb.toml > defaults."""

from kb.settings.loading import SECTIONS, load
from kb.settings.sections import (
    CatalogSection,
    Embedding,
    Engines,
    IndexSection,
    Ingest,
    Llm,
    Retention,
    Retrieval,
    Section,
    Server,
    Settings,
)

__all__ = [
    "SECTIONS",
    "CatalogSection",
    "Embedding",
    "Engines",
    "IndexSection",
    "Ingest",
    "Llm",
    "Retention",
    "Retrieval",
    "Section",
    "Server",
    "Settings",
    "load",
]
