"""Reading the settings once: flags > KB_* > kb.toml > defaults."""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from cronsim import CronSim, CronSimError
from msgspec import inspect

from kb.errors import ConfigurationError
from kb.settings.base import Section
from kb.settings.sections import Settings

SECTIONS: dict[str, type[Section]] = {
    f.name: f.type
    for f in msgspec.structs.fields(Settings)
    if isinstance(f.type, type) and issubclass(f.type, Section)
}
TOP_LEVEL = {"data_dir", "scratch_dir", "language"}
LISTS = {
    f"{section}.{field.name}"
    for section, kind in SECTIONS.items()
    for field in msgspec.structs.fields(kind)
    if field.default == ()
}
"""Settings that are lists: in the environment with commas between."""
HINTS = {
    "ingest.office_hours": "days and hours, such as mon-fri 08:00-18:00 or sat 22:00-06:00",
    "server.public_url": "an address such as https://kb.example.org or https://example.org/kb",
    "engines.embedder_url": "addresses such as http://gpu.example.org:8001",
    "engines.embedder_key": "16 visible characters or more",
    "backup.schedule": "five fields of cron, such as 30 2 * * *",
}
"""What a setting wants whose pattern would tell nobody."""
WEIGHED = (
    "How much words and vectors count is read from each question; take the line out. "
    "docs/retrieval.md says how."
)
REMOVED = {
    "embedding.allow_download": "Models are fetched by kb models pull ORG/NAME and nothing else; "
    "take the line out, and name the model in embedding.model as kb models list does.",
    "retrieval.dense_weight": WEIGHED,
    "retrieval.dense_weight_foreign": WEIGHED,
}
"""Settings of earlier releases, and what is done in their place."""
Given = tuple[list[str], Any, str]
"""A key's parts, its value, and where it stands."""
OUTSIDE = {"KB_CONFIG", "KB_FAILPOINT"}
FOR_TESTS = "KB_TEST_"


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
    settings = _convert(values, places)
    _check_schedule(settings.backup.schedule, places)
    return _with_models_dir(_with_whole_socket(settings))


def _check_schedule(schedule: str, places: Mapping[str, str]) -> None:
    """Check that cron would take it: nobody looks at it again before the time has come."""
    if not schedule:
        return
    try:
        CronSim(schedule, datetime.now(UTC))
    except CronSimError as error:
        key = "backup.schedule"
        where = places.get(key, "the settings")
        raise ConfigurationError(
            f"{where}: {key} has a wrong value: it wants {HINTS[key]}.",
            code="wrong_setting",
            detail={"key": key, "where": where},
        ) from error


def _with_whole_socket(settings: Settings) -> Settings:
    """The socket's path from the root, by which the web process knows who came by it."""
    if not settings.server.socket:
        return settings
    path = str(Path(settings.server.socket).expanduser().absolute())
    return msgspec.structs.replace(
        settings, server=msgspec.structs.replace(settings.server, socket=path)
    )


def _with_models_dir(settings: Settings) -> Settings:
    """Where models lie goes with what is said of the model, wherever that is passed on to."""
    if settings.embedding.models_dir:
        return settings
    folder = str(settings.data / "models")
    embedding = msgspec.structs.replace(settings.embedding, models_dir=folder)
    return msgspec.structs.replace(settings, embedding=embedding)


def origins(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Where each setting that is not a default was set; a value is never told."""
    environment = os.environ if environment is None else environment
    given = (*_from_file(environment), *_from_environment(environment))
    return {".".join(key): where for key, _, where in given}


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
        if not name.startswith("KB_") or name.startswith(FOR_TESTS) or name in OUTSIDE:
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
    if dotted in REMOVED:
        raise ConfigurationError(
            f"{where}: there is no setting {dotted} any more. {REMOVED[dotted]}",
            code="unknown_setting",
            detail={"key": dotted, "where": where, "nearest": None},
        )
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
            for name in inner:
                if f"{section}.{name}" in LISTS and isinstance(inner[name], str):
                    inner[name] = [part.strip() for part in inner[name].split(",") if part.strip()]
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
    wanted = HINTS.get(key) or _choices(key)
    return ConfigurationError(
        f"{where}: {key} has a wrong value: {f'it wants {wanted}' if wanted else text}.",
        code="wrong_setting",
        detail={"key": key, "where": where},
    )


def _choices(key: str) -> str:
    """The values that a setting may have, where these are some words; else empty."""
    section, _, name = key.rpartition(".")
    described = inspect.type_info(SECTIONS.get(section, Settings))
    assert isinstance(described, inspect.StructType)
    kind = next((field.type for field in described.fields if field.name == name), None)
    while isinstance(kind, inspect.Metadata | inspect.VarTupleType):
        kind = kind.type if isinstance(kind, inspect.Metadata) else kind.item_type
    words = kind.values if isinstance(kind, inspect.LiteralType) else ()
    return " or ".join(str(word) for word in words if word)
