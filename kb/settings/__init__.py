"""One frozen object with every setting, read once: flags > KB_* > kb.toml > defaults."""

from kb.settings.base import Section
from kb.settings.loading import SECTIONS, load, origins
from kb.settings.models import Embedding, Engines, Llm, Models, Retrieval
from kb.settings.people import AuditSection, Auth, FairUse, Server
from kb.settings.sections import (
    BackupSection,
    CatalogSection,
    Chunking,
    IndexSection,
    Ingest,
    Retention,
    Settings,
)

__all__ = [
    "SECTIONS",
    "AuditSection",
    "Auth",
    "BackupSection",
    "CatalogSection",
    "Chunking",
    "Embedding",
    "Engines",
    "FairUse",
    "IndexSection",
    "Ingest",
    "Llm",
    "Models",
    "Retention",
    "Retrieval",
    "Section",
    "Server",
    "Settings",
    "load",
    "origins",
]
