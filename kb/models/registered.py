"""A model as the register shows it."""

from dataclasses import dataclass
from typing import Literal

from kb.embedding.scale import Scale
from kb.models.folders import Purpose

Keeper = Literal["package", "program", "data", "folder", "server", "catalog"]
"""Who keeps a model: a Python package, the program's environment, the data directory; a folder that
the settings name; the model server; the catalog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A model. What nobody says of it is None, or empty.

    ``name`` is its name here, ``title`` what its makers call it. ``digest`` is the SHA-256 of its
    weights, or the model server's digest. ``bytes`` is the size of all its files. ``max_tokens`` is
    the longest text, or a language model's context. ``languages`` are as its card has them.
    ``rate`` is passages a second, as measured here. ``problem`` says what is wrong with it.
    ``scale`` is what its cosines mean, once that was measured. ``elsewhere``: it runs on other
    machines. ``facts`` are what else is known of it, by name. ``files`` have the SHA-256 of each
    file as it was when it was added.
    """

    name: str
    title: str
    purpose: Purpose
    keeper: Keeper
    where: str
    digest: str | None = None
    licence: str | None = None
    origin: str | None = None
    note: str = ""
    bytes: int | None = None
    dimension: int | None = None
    max_tokens: int | None = None
    languages: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    rate: float | None = None
    scale: Scale | None = None
    in_use: bool = False
    elsewhere: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The register's models. ``missing`` says why those of the model server are not among them."""

    models: tuple[Registered, ...]
    missing: str = ""


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A model whose files were read; ``changed`` are those that are others now, or gone.

    ``derived`` are such files among what was made from it here: its ranges, its 8-bit file.
    """

    name: str
    files: int
    changed: tuple[str, ...]
    derived: tuple[str, ...] = ()
