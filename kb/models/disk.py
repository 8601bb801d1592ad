"""The models on this machine's disks, as their folders say what they are."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from kb.embedding import chosen, places, record
from kb.embedding.models import WEIGHTS, digest_of, find
from kb.embedding.pinned import ENGLISH, PINNED
from kb.embedding.places import Manifest
from kb.errors import ConfigurationError, KbError
from kb.models import folders, shelf
from kb.models.registered import Keeper, Registered, Verified
from kb.settings import Embedding

CHANGED = "A file has changed since it was added; kb models verify reads all of them."


def registered(settings: Embedding, derived: Path) -> Iterator[Registered]:
    """Every model that was added, or came with the program, or is named in the settings.

    What was measured lies in ``derived``.
    """
    seen = set()
    for each in places.shelves(settings):
        for folder in sorted(each.glob(f"*/{places.MANIFEST}")):
            name = folder.parent.name
            if name not in seen:
                seen.add(name)
                yield of_folder(settings, derived, name, folder.parent)
    package = places.packaged()
    if ENGLISH not in seen and package is not None:
        yield of_folder(settings, derived, ENGLISH, package)
    for name in chosen.named(settings):
        if name not in {*seen, ENGLISH} and Path(name).is_dir():
            yield of_folder(settings, derived, name, Path(name))


def of_folder(settings: Embedding, derived: Path, name: str, folder: Path) -> Registered:
    """A model in its folder; what is wrong with it is told in it."""
    try:
        return _of_folder(settings, derived, name, folder)
    except (KbError, OSError) as error:
        return Registered(
            name=name,
            title=name,
            purpose="embedding",
            keeper=_keeper(settings, folder),
            where=str(folder),
            in_use=name in chosen.named(settings),
            problem=str(error),
        )


def _of_folder(settings: Embedding, derived: Path, name: str, folder: Path) -> Registered:
    facts = folders.facts_of(folder)
    manifest = places.manifest_of(folder)
    pinned = PINNED.get(name)
    [own] = chosen.each(chosen.using(msgspec.structs.replace(settings, sha256=""), [name]))
    is_used = name in chosen.named(settings)
    if is_used:
        own = next(one for one in chosen.each(settings) if one.model == name)
    embeds = facts.purpose == "embedding"
    changed = manifest is not None and shelf.looks_changed(folder, manifest)
    return Registered(
        name=name,
        title=_title(name, manifest),
        purpose=facts.purpose,
        keeper=_keeper(settings, folder),
        where=str(folder),
        digest=find(own).digest if embeds else _digest(manifest),
        licence=facts.licence or (pinned.licence if pinned else None),
        origin=manifest.origin if manifest else pinned.origin if pinned else None,
        note=pinned.note if pinned else manifest.note if manifest else "",
        bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        dimension=facts.dimension,
        max_tokens=facts.max_tokens,
        languages=facts.languages,
        files=tuple((n, kept.sha256) for n, kept in manifest.files.items()) if manifest else (),
        rate=_rate(own, derived) if embeds else None,
        in_use=is_used,
        problem=CHANGED if changed else "",
    )


def _title(name: str, manifest: Manifest | None) -> str:
    if name in PINNED:
        return PINNED[name].title
    return manifest.title if manifest else Path(name).name


def _digest(manifest: Manifest | None) -> str | None:
    kept = manifest.files.get(WEIGHTS) if manifest else None
    return kept.sha256 if kept else None


def _rate(own: Embedding, derived: Path) -> float | None:
    measured = record.kept(own, derived)
    best = None if measured is None else measured.best(own)
    return None if best is None else best.rate


def _keeper(settings: Embedding, folder: Path) -> Keeper:
    if folder.parent == places.BESIDE_PROGRAM:
        return "program"
    if settings.models_dir and folder.parent == Path(settings.models_dir):
        return "data"
    return "package" if folder == places.packaged() else "folder"


def verified(model: Registered) -> Verified:
    """Read a model's files, and compare their digests with those that were written down.

    Where nothing was, those of weights that are pinned count.

    Raises:
        OSError: a file cannot be read.
    """
    folder = Path(model.where)
    try:
        manifest = places.manifest_of(folder)
    except ConfigurationError:
        return Verified(model.name, 0, (places.MANIFEST,))
    if manifest is None:
        found = digest_of(folder / WEIGHTS)
        return Verified(model.name, 1, () if found == model.digest else (WEIGHTS,))
    files = shelf.files_of(folder)
    there, wanted = shelf.digests(files), shelf.digests(manifest.files)
    pinned = PINNED.get(model.name)
    if pinned is not None:
        wanted[WEIGHTS] = pinned.weights
    changed = sorted(n for n in there.keys() | wanted.keys() if there.get(n) != wanted.get(n))
    if not changed:
        shelf.refresh(folder, manifest, files)
    return Verified(model.name, len(wanted), tuple(changed))
