"""One frozen object with every setting, read once: flags > KB_* > kb.toml > defaults."""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from kb.errors import ConfigurationError


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of ``kb.toml``."""


Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(gt=0)]


class Server(Section, frozen=True, kw_only=True):
    """The web service."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on.")] = 8000
    allow_open: Annotated[
        bool,
        Meta(description="Serve other addresses than loopback although no accounts exist yet."),
    ] = False
    allowed_hosts: Annotated[
        tuple[str, ...], Meta(description="Host names accepted beside localhost (with allow_open).")
    ] = ()


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


class Embedding(Section, frozen=True, kw_only=True):
    """The embedding model."""

    model: Annotated[
        str,
        Meta(description="`bundled` (all-MiniLM-L6-v2), a folder, or a hub name."),
    ] = "bundled"
    allow_download: Annotated[
        bool, Meta(description="Let a hub name be downloaded. Off: nothing is fetched.")
    ] = False
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Meta(description="`auto`: bfloat16 where the processor computes it, else float32."),
    ] = "auto"
    threads: Annotated[int, Meta(ge=0, description="Threads for embedding; 0: all cores.")] = 0
    query_prompt: Annotated[str, Meta(description="Put before a question.")] = ""
    passage_prompt: Annotated[str, Meta(description="Put before a passage.")] = ""


class Ingest(Section, frozen=True, kw_only=True):
    """Reading folders."""

    max_file_mb: Annotated[Count, Meta(description="Larger files are skipped.")] = 200
    parse_seconds: Annotated[Seconds, Meta(description="A parser is stopped after this.")] = 120.0
    parse_memory_mb: Annotated[Count, Meta(description="Address space of a parser.")] = 3072
    parsers: Annotated[Count, Meta(description="Files parsed side by side.")] = 2
    tries: Annotated[Count, Meta(description="Tries before a file is quarantined.")] = 3
    ocr_languages: Annotated[
        str, Meta(description="Tesseract languages for scanned pages; what is missing is left out.")
    ] = "eng+deu+fra+ita"
    guard_files: Annotated[
        int, Meta(ge=0, description="More removals than this, and guard_share, are held.")
    ] = 20
    guard_share: Annotated[Share, Meta(description="Share of a source, see guard_files.")] = 0.3


class Retrieval(Section, frozen=True, kw_only=True):
    """From a question to passages."""

    candidates: Annotated[Count, Meta(description="Points fetched from each list.")] = 100
    passages: Annotated[Count, Meta(description="Passages that an answer may use.")] = 8
    dense_weight: Annotated[
        Share, Meta(description="Weight of the dense list where the model knows the language.")
    ] = 0.7
    dense_weight_foreign: Annotated[
        Share, Meta(description="Weight of the dense list where it does not.")
    ] = 0.4
    min_similarity: Annotated[
        Share, Meta(description="Evidence: cosine of the best passage, at least this ...")
    ] = 0.45
    min_coverage: Annotated[
        Share, Meta(description="... or share of the question's words found, at least this.")
    ] = 0.5


class Llm(Section, frozen=True, kw_only=True):
    """The language model."""

    provider: Annotated[
        Literal["ollama", "openai", "none"],
        Meta(description="`ollama`, `openai` (any compatible server: vLLM, llama.cpp), or `none`."),
    ] = "ollama"
    url: Annotated[
        str, Meta(description="Address of the model server; empty: OLLAMA_HOST, else Ollama's own.")
    ] = ""
    model: Annotated[str, Meta(description="Model; empty: the first installed chat model.")] = ""
    api_key: Annotated[str, Meta(description="Key of the model server (secret).")] = ""
    connect_seconds: Annotated[Seconds, Meta(description="Time to connect.")] = 1.5
    first_token_seconds: Annotated[Seconds, Meta(description="Time to the first token.")] = 120.0
    token_seconds: Annotated[Seconds, Meta(description="Time between tokens.")] = 30.0
    context_tokens: Annotated[
        Annotated[int, Meta(ge=512)], Meta(description="Context window; the prompt is fitted in.")
    ] = 8192
    answer_tokens: Annotated[
        Annotated[int, Meta(ge=32)], Meta(description="Longest answer; part of the window.")
    ] = 700
    temperature: Annotated[float, Meta(ge=0, le=2, description="Randomness.")] = 0.1


class Engines(Section, frozen=True, kw_only=True):
    """The engine processes."""

    idle_seconds: Annotated[
        Seconds, Meta(description="An engine without callers leaves after this.")
    ] = 600.0
    start_seconds: Annotated[Seconds, Meta(description="Longest start of an engine.")] = 90.0
    embedder_dir: Annotated[
        str,
        Meta(description="Knowledge bases that name the same folder share one embedder."),
    ] = ""


class Settings(Section, frozen=True, kw_only=True):
    """Everything that can be configured."""

    data_dir: Annotated[str, Meta(description="The data directory (`KB_DATA_DIR`).")] = ""
    language: Annotated[
        str, Meta(description="Language of the web pages; empty: the browser's.")
    ] = ""
    server: Server = Server()
    catalog: CatalogSection = CatalogSection()
    index: IndexSection = IndexSection()
    embedding: Embedding = Embedding()
    ingest: Ingest = Ingest()
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


SECTIONS: dict[str, type[Section]] = {
    f.name: f.type
    for f in msgspec.structs.fields(Settings)
    if isinstance(f.type, type) and issubclass(f.type, Section)
}
TOP_LEVEL = {"data_dir", "language"}
Given = tuple[list[str], Any, str]
"""A key's parts, its value, and where it stands."""
OUTSIDE = {"KB_CONFIG", "KB_TEST_QDRANT_URL", "KB_TEST_ALL_PARTS"}


def load(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings.

    ``flags`` maps dotted keys (``server.port``) to values.

    Raises:
        ConfigurationError: a key is unknown or a value is wrong; names where it stands.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for key, value, where in (
        *_from_file(environment),
        *_from_environment(environment),
        *_from_flags(flags or {}),
    ):
        _put(values, key, value, where)
        places[".".join(key)] = where
    values.setdefault("data_dir", str(_default_data_dir(environment)))
    values["data_dir"] = str(Path(values["data_dir"]).expanduser().absolute())
    return _convert(values, places)


def _default_data_dir(environment: Mapping[str, str]) -> Path:
    base = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "commonplace"


def _config_path(environment: Mapping[str, str]) -> Path | None:
    named = environment.get("KB_CONFIG")
    if named:
        if not Path(named).is_file():
            raise ConfigurationError(
                f"KB_CONFIG names {named}, which is not a file.", detail={"file": named}
            )
        return Path(named)
    base = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    places = (Path("kb.toml"), Path(base) / "commonplace" / "kb.toml")
    return next((p for p in places if p.is_file()), None)


def _from_flags(flags: Mapping[str, Any]) -> Iterator[Given]:
    for key, value in flags.items():
        if value is not None:
            yield key.split("."), value, "the command line"


def _from_file(environment: Mapping[str, str]) -> Iterator[Given]:
    path = _config_path(environment)
    if path is None:
        return
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path} is not valid TOML: {error}.", detail={"file": str(path)}
        ) from error
    for key, value in tables.items():
        if isinstance(value, Mapping):
            for inner, inner_value in value.items():
                yield [key, inner], inner_value, str(path)
        else:
            yield [key], value, str(path)


def _from_environment(environment: Mapping[str, str]) -> Iterator[Given]:
    for name, value in sorted(environment.items()):
        if not name.startswith("KB_") or name in OUTSIDE:
            continue
        key, text = name.removeprefix("KB_").lower(), value
        if key.endswith("_file"):
            key, text = key.removesuffix("_file"), _secret(name, value)
        yield key.split("__"), text, f"environment variable {name}"


def _secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(
            f"{name} names {path}, which cannot be read: {error.strerror}.", detail={"file": path}
        ) from error


def _put(values: dict[str, Any], key: list[str], value: Any, where: str) -> None:
    _known_or_raise(key, where)
    for part in key[:-1]:
        values = values.setdefault(part, {})
    values[key[-1]] = value


def _known_or_raise(key: list[str], where: str) -> None:
    known = sorted(
        TOP_LEVEL | {f"{s}.{f}" for s, t in SECTIONS.items() for f in t.__struct_fields__}
    )
    dotted = ".".join(key)
    if dotted in known:
        return
    near = difflib.get_close_matches(dotted, known, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ConfigurationError(
        f"{where}: there is no setting {dotted}.{hint}",
        code="unknown_setting",
        detail={"key": dotted, "where": where, "nearest": near[0] if near else None},
    )


def _convert(values: dict[str, Any], places: Mapping[str, str]) -> Settings:
    for section, inner in values.items():
        if isinstance(inner, dict):
            hosts = inner.get("allowed_hosts")
            if isinstance(hosts, str):
                inner["allowed_hosts"] = [h.strip() for h in hosts.split(",") if h.strip()]
            try:
                msgspec.convert(inner, SECTIONS[section], strict=False)
            except msgspec.ValidationError as error:
                raise _wrong_value(section, error, places) from error
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong_value("", error, places) from error


def _wrong_value(
    section: str, error: msgspec.ValidationError, places: Mapping[str, str]
) -> ConfigurationError:
    text, _, path = str(error).partition(" - at `$")
    key = (section + path.rstrip("`")).strip(".").partition("[")[0]
    where = places.get(key, "the settings")
    return ConfigurationError(
        f"{where}: {key} has a wrong value: {text}.",
        code="wrong_setting",
        detail={"key": key, "where": where},
    )
