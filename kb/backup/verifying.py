"""Verifying: every file of a backup is read again."""

from collections.abc import Callable
from dataclasses import dataclass

from kb.backup.manifest import Manifest, PoolFile
from kb.backup.store import Store
from kb.errors import DamagedError

NAMED = 5
"""Damaged files that an error names."""


@dataclass(frozen=True, slots=True)
class VerifiedBackups:
    """Backups that are whole, with how many files of the pool they have, and their bytes."""

    backups: list[str]
    files: int
    bytes: int


def verify(
    store: Store, names: list[str], on_progress: Callable[[int, int], None] = lambda _d, _t: None
) -> VerifiedBackups:
    """Read every file of these backups, each once.

    Raises:
        DamagedError: files are damaged or missing; it names the first, and the backups they are of.
    """
    manifests = [store.manifest(name) for name in names]
    wanted = {sha: size for one in manifests for sha, size in one.pieces().items()}
    damaged: list[str] = []
    for done, (sha256, size) in enumerate(sorted(wanted.items()), 1):
        try:
            for _ in store.pool.read(PoolFile(sha256, size)):
                pass
        except DamagedError:
            damaged.append(sha256)
        on_progress(done, len(wanted))
    if damaged:
        raise _damaged(store, manifests, damaged)
    return VerifiedBackups(names, len(wanted), sum(wanted.values()))


def _damaged(store: Store, manifests: list[Manifest], damaged: list[str]) -> DamagedError:
    broken = [one.name for one in manifests if one.pieces().keys() & set(damaged)]
    places = [str(store.pool.path(sha)) for sha in damaged[:NAMED]]
    whole = [one.name for one in manifests if one.name not in broken]
    then = f"Whole are: {', '.join(whole)}." if whole else "None that was looked at is whole."
    return DamagedError(
        f"{len(damaged)} files are damaged or missing, the first {places[0]}. They belong to "
        f"{', '.join(broken)}. {then} Delete the damaged files and make a new backup: it writes "
        "them again from the knowledge base, as far as it still has them.",
        code="backup_damaged",
        detail={"damaged": len(damaged), "files": places, "backups": broken, "whole": whole},
    )
