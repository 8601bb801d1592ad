"""Every setting, with its default and what it does. docs/configuration.md is compared by a test."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from kb.settings.base import Count, Seconds, Section, Share
from kb.settings.models import Embedding, Engines, Llm, Retrieval


class Server(Section, frozen=True, kw_only=True):
    """The web service."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on.")] = 8000
    allowed_hosts: Annotated[
        tuple[str, ...], Meta(description="Host names accepted beside localhost.")
    ] = ()
    public_url: Annotated[
        str,
        Meta(description="Address that people use (`https://…`): for links, cookies, its host."),
    ] = ""
    arrival_seconds: Annotated[
        Seconds,
        Meta(
            description="A request's head has to arrive within this, and of its body at least a "
            "kilobyte in every such time; else the connection ends."
        ),
    ] = 30.0
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="Addresses whose X-Forwarded-For and -Proto are believed."),
    ] = ()


class Auth(Section, frozen=True, kw_only=True):
    """How people sign in."""

    password_length: Annotated[
        Annotated[int, Meta(ge=8)], Meta(description="Fewest characters of a password.")
    ] = 10
    session_hours: Annotated[Seconds, Meta(description="A session ends after this.")] = 168.0
    idle_hours: Annotated[Seconds, Meta(description="A session not used for so long ends.")] = 24.0
    link_hours: Annotated[
        Seconds, Meta(description="How long an invitation or reset link holds.")
    ] = 48.0
    token_days: Annotated[Count, Meta(description="Longest life of an API token.")] = 366
    header: Annotated[
        str,
        Meta(description="Header in which a reverse proxy names who signed in; empty: none."),
    ] = ""
    header_groups: Annotated[
        str, Meta(description="Header with their groups, commas between; empty: none.")
    ] = ""
    header_from: Annotated[
        tuple[str, ...], Meta(description="Addresses that may send these headers.")
    ] = ()
    oidc_issuer: Annotated[str, Meta(description="Issuer of OpenID Connect; empty: none.")] = ""
    oidc_client_id: Annotated[str, Meta(description="This service's name there.")] = ""
    oidc_client_secret: Annotated[str, Meta(description="Its secret there (secret).")] = ""
    oidc_scopes: Annotated[str, Meta(description="Scopes asked for.")] = "openid profile email"
    oidc_name_claim: Annotated[str, Meta(description="Claim with a person's name.")] = (
        "preferred_username"
    )
    oidc_groups_claim: Annotated[str, Meta(description="Claim with their groups.")] = "groups"
    ldap_url: Annotated[str, Meta(description="`ldap://` or `ldaps://` address; empty: none.")] = ""
    ldap_bind_dn: Annotated[str, Meta(description="Who looks people up; empty: anonymous.")] = ""
    ldap_bind_password: Annotated[str, Meta(description="Their password (secret).")] = ""
    ldap_people: Annotated[str, Meta(description="Where people are (a DN).")] = ""
    ldap_name: Annotated[str, Meta(description="Attribute that people sign in with.")] = "uid"
    ldap_groups: Annotated[str, Meta(description="Where groups are (a DN).")] = ""
    ldap_member: Annotated[str, Meta(description="Attribute of a group with its members.")] = (
        "member"
    )
    ldap_minutes: Annotated[
        Seconds, Meta(description="Groups of a directory are read again after this.")
    ] = 15.0
    system_names: Annotated[
        tuple[str, ...],
        Meta(
            description="Of `oidc`, `ldap`, `header`: whose names of people and groups are the "
            "file system's, for mirrored rights."
        ),
    ] = ()
    ldap_silent_minutes: Annotated[
        Seconds,
        Meta(description="While the directory is silent, what is known of people counts so long."),
    ] = 60.0
    fresh_days: Annotated[
        Count,
        Meta(
            description="Who comes from a provider or proxy signs in there at least so often; "
            "sessions and tokens rest after it."
        ),
    ] = 30
    administrators: Annotated[
        str, Meta(description="Group of a directory or provider whose people administrate.")
    ] = ""


class AuditSection(Section, frozen=True, kw_only=True):
    """The audit log."""

    questions: Annotated[bool, Meta(description="Whether it keeps the words of questions.")] = True
    spool_mb: Annotated[
        Count,
        Meta(
            description="Megabytes on disk for looks until the catalog takes them; fewer (1 at "
            "least) on a nearly full disk."
        ),
    ] = 8


class FairUse(Section, frozen=True, kw_only=True):
    """So that nobody starves the others."""

    answers_at_once: Annotated[Count, Meta(description="Answers written side by side.")] = 4
    answers_waiting: Annotated[Count, Meta(description="Questions that wait for their turn.")] = 64
    answers_waiting_each: Annotated[
        Count, Meta(description="Of these, how many may be one person's.")
    ] = 4
    requests_per_minute: Annotated[Count, Meta(description="Requests of one person.")] = 600
    requests_per_minute_address: Annotated[
        Count, Meta(description="Requests from one address.")
    ] = 3000


class CatalogSection(Section, frozen=True, kw_only=True):
    """Where the catalog lives."""

    url: Annotated[
        str, Meta(description="SQLAlchemy URL; empty means SQLite in the data directory.")
    ] = ""


class IndexSection(Section, frozen=True, kw_only=True):
    """The search index."""

    backend: Annotated[
        Literal["edge", "server"],
        Meta(description="`edge`: Qdrant Edge in this machine's data directory; `server`: Qdrant."),
    ] = "edge"
    url: Annotated[str, Meta(description="Address of the Qdrant server.")] = ""
    api_key: Annotated[str, Meta(description="Key of the Qdrant server (secret).")] = ""
    prefix: Annotated[str, Meta(description="Collections on the server begin so.")] = "commonplace"


class Ingest(Section, frozen=True, kw_only=True):
    """Reading folders."""

    roots: Annotated[
        tuple[str, ...],
        Meta(description="Sources are folders beneath these only; empty: any folder."),
    ] = ()
    max_file_mb: Annotated[Count, Meta(description="Larger files are skipped.")] = 200
    parse_seconds: Annotated[Seconds, Meta(description="A parser is stopped after this.")] = 120.0
    parse_memory_mb: Annotated[Count, Meta(description="Address space of a parser.")] = 3072
    parse_processes: Annotated[
        Annotated[int, Meta(ge=8)], Meta(description="Processes and threads of a parser.")
    ] = 128
    parsers: Annotated[Count, Meta(description="Files parsed side by side.")] = 2
    max_members: Annotated[Count, Meta(description="Files taken out of one archive or mail.")] = (
        5000
    )
    max_expanded_mb: Annotated[
        Count, Meta(description="What one archive may expand to; the rest is left out.")
    ] = 256
    tries: Annotated[Count, Meta(description="Tries before a file is quarantined.")] = 3
    min_free_mb: Annotated[
        int, Meta(ge=0, description="With less room on the disk, reading files is paused.")
    ] = 300
    runs: Annotated[Count, Meta(description="Sources read side by side by one worker.")] = 1
    sweep_minutes: Annotated[
        float, Meta(gt=0, description="A watched folder is compared at least so often.")
    ] = 60.0
    ocr_languages: Annotated[
        str, Meta(description="Tesseract languages for scanned pages; what is missing is left out.")
    ] = "eng+deu+fra+ita"
    ocr_min_confidence: Annotated[
        float,
        Meta(ge=0, le=100, description="A scanned page read less surely makes its file partial."),
    ] = 60.0
    guard_files: Annotated[
        int, Meta(ge=0, description="More removals than this, and guard_share, are held.")
    ] = 20
    guard_share: Annotated[Share, Meta(description="Share of a source, see guard_files.")] = 0.3


class Retention(Section, frozen=True, kw_only=True):
    """How long what is not in use any more is kept."""

    versions_days: Annotated[
        float,
        Meta(gt=0, description="A file's history; the version in use stays."),
    ] = 365.0
    removed_hours: Annotated[
        float, Meta(ge=1, description="Text and originals of removed and replaced documents.")
    ] = 24.0
    vectors_hours: Annotated[
        float, Meta(ge=1, description="Vectors that no passage needs any more.")
    ] = 24.0
    answers_days: Annotated[
        float,
        Meta(gt=0, description="Conversations with their answers, and what is asked here."),
    ] = 365.0
    audit_days: Annotated[
        float, Meta(ge=0, description="Entries of the audit log; 0: they stay.")
    ] = 0.0


class Settings(Section, frozen=True, kw_only=True):
    """Everything that can be configured."""

    data_dir: Annotated[str, Meta(description="The data directory (`KB_DATA_DIR`).")] = ""
    scratch_dir: Annotated[
        str,
        Meta(
            description="Where copies lie while they are read (`KB_SCRATCH_DIR`); empty: in the "
            "data directory."
        ),
    ] = ""
    language: Annotated[
        str, Meta(description="Language of the web pages; empty: the browser's.")
    ] = ""
    server: Server = Server()
    auth: Auth = Auth()
    audit: AuditSection = AuditSection()
    fair_use: FairUse = FairUse()
    catalog: CatalogSection = CatalogSection()
    index: IndexSection = IndexSection()
    embedding: Embedding = Embedding()
    ingest: Ingest = Ingest()
    retention: Retention = Retention()
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
