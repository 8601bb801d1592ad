"""Every setting, with its default and what it does. docs/configuration.md is compared by a test."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from kb.settings.base import Count, Seconds, Section, Share
from kb.settings.hours import Hours
from kb.settings.models import Embedding, Engines, Llm, Models, Retrieval
from kb.settings.people import AuditSection, Auth, FairUse, Server


class CatalogSection(Section, frozen=True, kw_only=True):
    """Where the catalog lives."""

    url: Annotated[
        str, Meta(description="SQLAlchemy URL of the catalog; empty: SQLite in the data directory.")
    ] = ""


class IndexSection(Section, frozen=True, kw_only=True):
    """The search index."""

    backend: Annotated[
        Literal["edge", "server"],
        Meta(
            description="`edge`: Qdrant Edge in this machine's data directory; `server`: a "
            "Qdrant server."
        ),
    ] = "edge"
    url: Annotated[str, Meta(description="Address of the Qdrant server.")] = ""
    api_key: Annotated[str, Meta(description="Key of the Qdrant server (secret).")] = ""
    prefix: Annotated[
        str,
        Meta(description="Prefix of this installation's collection names on the Qdrant server."),
    ] = "commonplace"


class Chunking(Section, frozen=True, kw_only=True):
    """Passages, as documents are cut into them."""

    tokens: Annotated[
        Annotated[int, Meta(ge=32)],
        Meta(
            description="Tokens of the longest passage with its title and headings, as the "
            "embedding model counts them with its own marks; less where that model reads less."
        ),
    ] = 256


class Ingest(Section, frozen=True, kw_only=True):
    """Reading folders."""

    roots: Annotated[
        tuple[str, ...],
        Meta(description="Folders beneath which sources may lie; empty: anywhere."),
    ] = ()
    max_file_mb: Annotated[
        Count,
        Meta(description="Megabytes of the largest file that is read; larger ones are skipped."),
    ] = 200
    parse_seconds: Annotated[
        Seconds, Meta(description="Seconds after which a parser is stopped.")
    ] = 120.0
    parse_memory_mb: Annotated[
        Count, Meta(description="Megabytes of address space that a parser may take.")
    ] = 3072
    parse_processes: Annotated[
        Annotated[int, Meta(ge=8)],
        Meta(description="Processes and threads that a parser may start."),
    ] = 128
    parsers: Annotated[Count, Meta(description="Files that are parsed side by side.")] = 2
    processors: Annotated[
        int,
        Meta(
            ge=0,
            description="Processors that reading files uses at most, embedding included; 0: all.",
        ),
    ] = 0
    office_hours: Annotated[
        tuple[Hours, ...],
        Meta(
            description="Hours in which it uses fewer, by the machine's clock: days and hours, "
            "such as `mon-fri 08:00-18:00`, with commas between several."
        ),
    ] = ()
    office_processors: Annotated[
        Count, Meta(description="Processors that it uses at most in `office_hours`.")
    ] = 1
    max_members: Annotated[
        Count, Meta(description="Files that are taken out of one archive or mail.")
    ] = 5000
    max_expanded_mb: Annotated[
        Count,
        Meta(description="Megabytes to which one archive may expand; what is beyond is left out."),
    ] = 256
    tries: Annotated[Count, Meta(description="Tries before a file is quarantined.")] = 3
    min_free_mb: Annotated[
        int, Meta(ge=0, description="Megabytes free on the disk below which reading files pauses.")
    ] = 300
    runs: Annotated[Count, Meta(description="Sources that one worker reads side by side.")] = 1
    sweep_minutes: Annotated[
        float,
        Meta(gt=0, description="Minutes after which a watched folder is compared in any case."),
    ] = 60.0
    ocr_languages: Annotated[
        str,
        Meta(
            description="Languages for scanned pages, by tesseract's names; one that is not "
            "installed is left out."
        ),
    ] = "eng+deu+fra+ita"
    ocr_min_confidence: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="Confidence (0 to 100) below which a scanned page makes its file partial.",
        ),
    ] = 60.0
    guard_files: Annotated[
        int,
        Meta(
            ge=0,
            description="Removals of one run are held if they are more than this many files "
            "and more than `guard_share` of the source.",
        ),
    ] = 20
    guard_share: Annotated[
        Share, Meta(description="Share of a source (0 to 1), see `guard_files`.")
    ] = 0.3


class Retention(Section, frozen=True, kw_only=True):
    """How long what is not in use any more is kept."""

    versions_days: Annotated[
        float,
        Meta(
            gt=0, description="Days for which a file's history is kept; the version in use stays."
        ),
    ] = 365.0
    removed_hours: Annotated[
        float,
        Meta(
            ge=1,
            description="Hours for which text and originals of removed and replaced documents "
            "are kept.",
        ),
    ] = 24.0
    vectors_hours: Annotated[
        float,
        Meta(ge=1, description="Hours for which vectors that no passage needs any more are kept."),
    ] = 24.0
    answers_days: Annotated[
        float,
        Meta(
            gt=0,
            description="Days for which conversations with their answers, and the list of "
            "what was asked, are kept.",
        ),
    ] = 365.0
    audit_days: Annotated[
        float,
        Meta(ge=0, description="Days for which entries of the audit log are kept; 0: for ever."),
    ] = 0.0


class BackupSection(Section, frozen=True, kw_only=True):
    """Backups of the knowledge base."""

    folder: Annotated[
        str, Meta(description="Folder for backups, outside the data directory; empty: none.")
    ] = ""
    schedule: Annotated[
        str,
        Meta(
            pattern=r"^(\S+( \S+){4})?\Z",
            description="When a worker makes one, as five fields of cron (`30 2 * * *`), by the "
            "machine's clock; empty: never.",
        ),
    ] = ""
    keep: Annotated[
        int,
        Meta(ge=0, description="Backups that stay in `folder`, the newest; 0: all."),
    ] = 14


class Settings(Section, frozen=True, kw_only=True):
    """Everything that can be configured."""

    data_dir: Annotated[str, Meta(description="The data directory (`KB_DATA_DIR`).")] = ""
    scratch_dir: Annotated[
        str,
        Meta(
            description="Folder for copies of files while they are read (`KB_SCRATCH_DIR`); "
            "empty: in the data directory."
        ),
    ] = ""
    language: Annotated[
        Literal["", "de", "en", "es", "fr", "it"],
        Meta(
            description="Language of the web pages (`de`, `en`, `es`, `fr`, `it`); empty: the "
            "browser's."
        ),
    ] = ""
    server: Server = Server()
    auth: Auth = Auth()
    audit: AuditSection = AuditSection()
    fair_use: FairUse = FairUse()
    catalog: CatalogSection = CatalogSection()
    index: IndexSection = IndexSection()
    embedding: Embedding = Embedding()
    models: Models = Models()
    chunking: Chunking = Chunking()
    ingest: Ingest = Ingest()
    retention: Retention = Retention()
    backup: BackupSection = BackupSection()
    retrieval: Retrieval = Retrieval()
    llm: Llm = Llm()
    engines: Engines = Engines()

    @property
    def data(self) -> Path:
        """The data directory as a path."""
        return Path(self.data_dir)

    @property
    def catalog_url(self) -> str:
        """The catalog's URL, resolved."""
        return self.catalog.url or f"sqlite:///{self.data / 'catalog.sqlite3'}"
