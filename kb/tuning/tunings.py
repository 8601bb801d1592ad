"""What was learned, in use: which tuning is live, what goes live, what is rolled back."""

from collections.abc import Collection, Mapping
from typing import Any

from kb import failpoints
from kb.audit.log import noted
from kb.catalog import documents, generations, tunings
from kb.catalog.database import Catalog, Connection
from kb.embedding.adapting import Learned, Tuning, read, written
from kb.errors import ConflictError, NotFoundError, UsageError
from kb.models.registered import Registered
from kb.rights import access
from kb.tuning import pairs
from kb.tuning.showing import Now, shown
from kb.types.people import Principal
from kb.types.tunings import KeptTuning, Learning, Taught, name_of


class Tunings:
    """The tunings in a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._read: dict[tuple[int, str], Tuning] = {}

    def live(self, connection: Connection) -> Tuning | None:
        """The tuning by which questions are moved at this moment.

        Raises:
            DamagedError: what was kept of it is something else now.
        """
        current = tunings.current(connection)
        if current is None:
            return None
        found = self._read.get(current)
        if found is None:
            number, digest = current
            found = read(name_of(number), tunings.learned(connection, number), digest)
            self._read = {current: found}
        return found

    def taught(self, named: Collection[str] = ()) -> Taught:
        """What there is to learn from; ``named`` sources take part whoever may read them.

        Raises:
            NotFoundError: there is no such source.
        """
        with self._catalog.reading() as connection:
            return pairs.taught(connection, named)

    def keep(
        self,
        principal: Principal,
        adapters: Mapping[str, Learned],
        facts: Learning,
        *,
        live: bool,
    ) -> KeptTuning:
        """Keep what was learned, in one transaction, and note it; ``live``: it is used from now on.

        Raises:
            ConflictError: another index went live since it was measured.
        """
        with self._catalog.writing() as connection:
            if live:
                _check_generation(connection, facts.generation)
            number = tunings.add(connection, written(adapters), facts)
            if live:
                tunings.go_live(connection, number)
            kept = next(one for one in tunings.all_of(connection) if one.id == number)
            noted(connection, principal, "model.tune", kept.name, **_told(kept))
            failpoints.reached("tuning_kept")
        return kept

    def roll_back(self, principal: Principal) -> tuple[str, str | None]:
        """Leave the live tuning for the one before it, in one step; the names of both.

        Raises:
            ConflictError: there is none that is live.
        """
        with self._catalog.writing() as connection:
            left = tunings.roll_back(connection)
            if left is None:
                raise ConflictError(
                    "Nothing that was learned is in use, so there is nothing to roll back.",
                    code="nothing_tuned",
                )
            name, before = name_of(left[0]), name_of(left[1]) if left[1] else None
            noted(connection, principal, "model.rollback", name, now=before)
        return name, before

    def remove(self, principal: Principal, name: str) -> None:
        """Forget a tuning.

        Raises:
            NotFoundError: there is none of this name.
            ConflictError: it is in use.
        """
        with self._catalog.writing() as connection:
            found = {one.name: one for one in tunings.all_of(connection)}.get(name)
            if found is None:
                raise NotFoundError(f"There is no tuning {name}.", code="model_unknown")
            if not tunings.remove(connection, found.id):
                raise ConflictError(
                    f"{name} is in use: questions are moved by it. kb tune rollback leaves it.",
                    code="model_in_use",
                    detail={"model": name},
                )
            noted(connection, principal, "model.remove", name, sha256=found.digest)

    def registered(self) -> list[Registered]:
        """Every tuning as the register shows it, the oldest first."""
        with self._catalog.reading() as connection:
            found = tunings.all_of(connection)
            wanted = {number for one in found for number, _ in one.facts.documents}
            hashes = documents.content_hashes(connection, wanted)
            for_all = documents.readable_of(connection, access.anybody(), wanted)
            live = generations.live(connection)
        now = Now(hashes, for_all, live.fingerprint if live else "")
        return [shown(one, now) for one in found]

    def generation(self) -> str:
        """The fingerprint of the index that is searched.

        Raises:
            UsageError: there is none.
        """
        with self._catalog.reading() as connection:
            live = generations.live(connection)
        if live is None:
            raise UsageError("Nothing has been read yet: kb ingest reads.", code="no_index")
        return live.fingerprint


def _check_generation(connection: Connection, measured: str) -> None:
    live = generations.live(connection)
    if live is None or live.fingerprint != measured:
        raise ConflictError(
            "The index went over to other models meanwhile. Nothing was kept; kb tune again.",
            code="models_changed",
        )


def _told(kept: KeptTuning) -> dict[str, Any]:
    """What the audit log says of it."""
    facts = kept.facts
    return {
        "sha256": kept.digest,
        "live": kept.state == tunings.LIVE,
        "questions": facts.questions,
        "documents": len(facts.documents),
        "sources": list(facts.sources),
        "forced": facts.forced,
        "lost": list(facts.lost),
    }
