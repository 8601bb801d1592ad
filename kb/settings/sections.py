"""Every setting, with its default and what it does. docs/configuration.md is compared by a test."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from kb.settings.base import Count, Seconds, Section, Share
from kb.settings.models import Embedding, Engines, Llm, Retrieval


class Server(Section, frozen=True, kw_only=True):
    """The web service."""

    host: Annotated[str, Meta(description="Address that the service listens on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port that it listens on.")] = 8000
    allowed_hosts: Annotated[
        tuple[str, ...], Meta(description="Host names that requests may use, beside localhost.")
    ] = ()
    public_url: Annotated[
        str,
        Meta(
            description="Address that people type (`https://…`). Links are made with it, its "
            "scheme decides the cookies' Secure flag, and its host is an allowed "
            "host."
        ),
    ] = ""
    arrival_seconds: Annotated[
        Seconds,
        Meta(
            description="Seconds in which a request's head, and then each further kilobyte of "
            "its body, has to arrive; a slower connection is ended."
        ),
    ] = 30.0
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses of reverse proxies whose X-Forwarded-For and "
            "X-Forwarded-Proto are believed."
        ),
    ] = ()


class Auth(Section, frozen=True, kw_only=True):
    """How people sign in."""

    password_length: Annotated[
        Annotated[int, Meta(ge=8)], Meta(description="Fewest characters of a password.")
    ] = 10
    session_hours: Annotated[Seconds, Meta(description="Hours after which a session ends.")] = 168.0
    idle_hours: Annotated[
        Seconds, Meta(description="Hours after which a session that nobody used ends.")
    ] = 24.0
    link_hours: Annotated[
        Seconds, Meta(description="Hours for which an invitation or reset link holds.")
    ] = 48.0
    token_days: Annotated[Count, Meta(description="Days that an API token lives at most.")] = 366
    header: Annotated[
        str,
        Meta(
            description="Request header in which a reverse proxy names who has signed in; "
            "empty: none."
        ),
    ] = ""
    header_groups: Annotated[
        str,
        Meta(
            description="Request header with that person's groups, separated by commas; "
            "empty: none."
        ),
    ] = ""
    header_from: Annotated[
        tuple[str, ...], Meta(description="Addresses from which these two headers are believed.")
    ] = ()
    oidc_issuer: Annotated[
        str, Meta(description="Address of the OpenID Connect provider (its issuer); empty: none.")
    ] = ""
    oidc_client_id: Annotated[
        str, Meta(description="Name under which the provider knows this service.")
    ] = ""
    oidc_client_secret: Annotated[
        str, Meta(description="This service's secret at the provider (secret).")
    ] = ""
    oidc_scopes: Annotated[str, Meta(description="Scopes that are asked of the provider.")] = (
        "openid profile email"
    )
    oidc_name_claim: Annotated[str, Meta(description="Claim that holds a person's name.")] = (
        "preferred_username"
    )
    oidc_groups_claim: Annotated[str, Meta(description="Claim that holds a person's groups.")] = (
        "groups"
    )
    ldap_url: Annotated[
        str,
        Meta(description="Address of the LDAP directory (`ldap://` or `ldaps://`); empty: none."),
    ] = ""
    ldap_bind_dn: Annotated[
        str,
        Meta(description="Account (DN) that looks people up in the directory; empty: anonymously."),
    ] = ""
    ldap_bind_password: Annotated[str, Meta(description="That account's password (secret).")] = ""
    ldap_people: Annotated[str, Meta(description="Where people are in the directory (a DN).")] = ""
    ldap_name: Annotated[str, Meta(description="Attribute that people sign in with.")] = "uid"
    ldap_groups: Annotated[str, Meta(description="Where groups are in the directory (a DN).")] = ""
    ldap_member: Annotated[
        str, Meta(description="Attribute of a group that lists its members.")
    ] = "member"
    ldap_minutes: Annotated[
        Seconds,
        Meta(
            description="Minutes after which somebody's groups are read from the directory again."
        ),
    ] = 15.0
    system_names: Annotated[
        tuple[str, ...],
        Meta(
            description="Kinds of accounts (`oidc`, `ldap`, `header`) whose names of people "
            "and groups are those of the file system; needed for mirrored rights."
        ),
    ] = ()
    ldap_silent_minutes: Annotated[
        Seconds,
        Meta(
            description="Minutes for which what was last read of somebody counts while the "
            "directory does not answer."
        ),
    ] = 60.0
    fresh_days: Annotated[
        Count,
        Meta(
            description="Days after which somebody who comes from a provider or proxy has to "
            "sign in there again; until they do, their sessions and tokens rest."
        ),
    ] = 30
    administrators: Annotated[
        str, Meta(description="Group of a directory or provider whose people administrate.")
    ] = ""


class AuditSection(Section, frozen=True, kw_only=True):
    """The audit log."""

    questions: Annotated[
        bool, Meta(description="Whether the audit log keeps the words of questions.")
    ] = True
    spool_mb: Annotated[
        Count,
        Meta(
            description="Megabytes of disk, taken at the start, for looks that the catalog "
            "has not taken yet; on a nearly full disk fewer, at least 1."
        ),
    ] = 8


class FairUse(Section, frozen=True, kw_only=True):
    """So that nobody starves the others."""

    answers_at_once: Annotated[
        Count, Meta(description="Answers that are written side by side.")
    ] = 4
    answers_waiting: Annotated[
        Count, Meta(description="Questions that may wait for their turn.")
    ] = 64
    answers_waiting_each: Annotated[
        Count, Meta(description="Waiting questions that may be one person's.")
    ] = 4
    requests_per_minute: Annotated[
        Count, Meta(description="Requests of one person in a minute.")
    ] = 600
    requests_per_minute_address: Annotated[
        Count, Meta(description="Requests from one address in a minute.")
    ] = 3000


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
