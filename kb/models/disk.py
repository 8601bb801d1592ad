"""The models on this machine's disks, as their folders say what they are."""

from collections.abc import Iterator
from pathlib import Path

from kb.embedding import chosen, places, record, scale
from kb.embedding.models import WEIGHTS, check_whole, digest_of, find
from kb.embedding.pinned import ENGLISH, PINNED
from kb.embedding.places import ModelManifest
from kb.errors import ConfigurationError, KbError
from kb.models import contents, folders
from kb.models.registered import Keeper, Registered, VerifiedModel
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
            if name not in seen and places.NAME.fullmatch(name):
                seen.add(name)
                yield of_folder(settings, derived, name, folder.parent)
    package = places.packaged()
    if ENGLISH not in seen and package is not None:
        seen.add(ENGLISH)
        yield of_folder(settings, derived, ENGLISH, package)
    for one in chosen.each(settings):
        if one.model not in seen:
            yield _configured(settings, derived, one)


def _configured(settings: Embedding, derived: Path, own: Embedding) -> Registered:
    """A folder that the settings name; or what is wrong with what they name."""
    try:
        return of_folder(settings, derived, own.model, places.folder_of(own))
    except KbError as error:
        return _broken(settings, own.model, own.model, "folder", error.message)


def of_folder(settings: Embedding, derived: Path, name: str, folder: Path) -> Registered:
    """A model in its folder; what is wrong with it is told in it."""
    try:
        return _of_folder(settings, derived, name, folder)
    except (KbError, OSError) as error:
        return _broken(settings, name, str(folder), _keeper(settings, folder), str(error))


def _broken(settings: Embedding, name: str, where: str, keeper: Keeper, problem: str) -> Registered:
    return Registered(
        name=name,
        title=name,
        purpose="embedding",
        keeper=keeper,
        where=where,
        in_use=name in chosen.named(settings),
        problem=problem,
    )


def _of_folder(settings: Embedding, derived: Path, name: str, folder: Path) -> Registered:
    facts = folders.facts_of(folder)
    manifest = places.manifest_of(folder)
    pinned = PINNED.get(name)
    used = {one.model: one for one in chosen.each(settings)}
    own = used.get(name) or chosen.alone(settings, name)
    embeds = facts.purpose == "embedding"
    changed = manifest is not None and contents.looks_changed(folder, manifest)
    return Registered(
        name=name,
        title=_title(name, manifest),
        purpose=facts.purpose,
        keeper=_keeper(settings, folder),
        where=str(folder),
        digest=_of_weights(own) if embeds else _digest(manifest),
        licence=facts.licence or (pinned.licence if pinned else None),
        origin=manifest.origin if manifest else pinned.origin if pinned else None,
        note=pinned.note if pinned else manifest.note if manifest else "",
        bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        dimension=facts.dimension,
        max_tokens=facts.max_tokens,
        languages=facts.languages,
        files=tuple((n, kept.sha256) for n, kept in manifest.files.items()) if manifest else (),
        rate=_rate(own, derived) if embeds else None,
        scale=scale.known(own, derived) if embeds else None,
        in_use=name in used,
        problem=CHANGED if changed else "",
    )


def _title(name: str, manifest: ModelManifest | None) -> str:
    if name in PINNED:
        return PINNED[name].title
    return manifest.title if manifest else Path(name).name


def _of_weights(own: Embedding) -> str:
    files = find(own)
    check_whole(files)
    return files.digest


def _digest(manifest: ModelManifest | None) -> str | None:
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


def verified(model: Registered, derived: Path) -> VerifiedModel:
    """Read a model's files, and compare their digests with those that were written down.

    Where nothing was, those of weights that are pinned count. What was derived from it here is
    compared too.
    """
    from kb.embedding import opening  # numpy, which kb --help does without

    folder = Path(model.where)
    try:
        manifest = places.manifest_of(folder)
        if manifest is None:
            found = digest_of(folder / WEIGHTS)
            files, changed = 1, [] if found == model.digest else [WEIGHTS]
        else:
            files, changed = _compared(model.name, folder, manifest)
    except ConfigurationError:
        return VerifiedModel(model.name, 0, (places.MANIFEST,))
    except OSError as error:
        return VerifiedModel(model.name, 0, (Path(error.filename or WEIGHTS).name,))
    spoiled = opening.spoiled(model.digest, derived) if model.digest else []
    return VerifiedModel(model.name, files, tuple(changed), tuple(spoiled))


def _compared(name: str, folder: Path, manifest: ModelManifest) -> tuple[int, list[str]]:
    """How many files a model should have, and which are others.

    One of another size than was written down is another, and is not read.
    """
    sizes = contents.sizes(folder)
    files = contents.files_of(
        folder, {n for n, kept in manifest.files.items() if sizes.get(n) == kept.size}
    )
    there, wanted = contents.digests(files), contents.digests(manifest.files)
    pinned = PINNED.get(name)
    if pinned is not None:
        wanted[WEIGHTS] = pinned.weights
    same = {n for n, digest in there.items() if digest == wanted.get(n)}
    changed = sorted((sizes.keys() | wanted.keys()) - same)
    if not changed:
        contents.refresh(folder, manifest, files)
    return len(wanted), changed
