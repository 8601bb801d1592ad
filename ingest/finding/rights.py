"""Who may read the files of a source, as far as its folder decides it."""

from collections.abc import Callable, Collection, Sequence

from ingest.finding import mirroring
from ingest.finding.sources import SeenFile
from kb import posix
from kb.catalog import places, rights, sources
from kb.catalog.database import Catalog, Connection, now
from kb.catalog.outbox import queue_rights
from kb.errors import FileProblem, UsageError
from kb.rights import rules, stamping
from kb.types.files import DocumentPlace
from kb.types.library import Source


class FolderRights:
    """The rights of one run: read once after the folder was walked, written with what changed.

    The source's rule is read again in every transaction: it may have been changed meanwhile.
    """

    def __init__(self, source: Source, catalog: Catalog) -> None:
        self._source = source
        self._catalog = catalog
        self._steps: dict[bytes, posix.Steps] = {}
        self._targets: dict[bytes, bytes | None] = {}
        self._unsettled: set[bytes] = set()
        self._refusal: UsageError | None = None
        self._looked_at: float | None = None

    def look(self, files: Sequence[SeenFile]) -> None:
        """Read what the file system says, where the rule asks for it."""
        self._targets = {f.raw_path: f.target for f in files}
        if rules.kind(self._source.rule) != rules.MIRROR:
            return
        self._looked_at = now()
        mirroring.forget_names()
        try:
            mirroring.check(self._source.root)
        except UsageError as error:  # what is not known is nobody's
            self._refusal = error
            return
        self._steps = mirroring.steps_of(self._source.root, [f.raw_path for f in files])

    def hold(self, connection: Connection) -> None:
        """Let nobody change the rule in this transaction. It comes before any document's row."""
        sources.held(connection, self._source.name)

    def stamp(
        self, connection: Connection, held: Collection[bytes] = (), changed: Collection[int] = ()
    ) -> None:
        """Give the documents that are there their readers.

        Documents that are ``held`` (paths) keep the readers they had: that a file is away says
        nothing of rights. Of a document that ``changed`` (ids) the earlier text is published until
        the new one is read. Until then only those may read it whom both the old and the new rights
        let in (see :meth:`settle`).
        """
        source = sources.held(connection, self._source.name)
        unsettled = places.unsettled(connection, source.id, changed)
        outers = {place.outer for place in places.paths_of_some(connection, sorted(unsettled))}
        settled = {p: t for p, t in self._targets.items() if p not in outers}
        places.note_targets(connection, source.id, settled)
        if source.rule is not None or places.has_own_rights(connection, source.id):
            kept = held if self._refusal is None else ()
            stamped = stamping.stamp(connection, source, self._steps, kept, self._targets, changed)
            queue_rights(connection, stamped)
        if self._looked_at is not None:
            sources.rights_read(connection, source.id, self._looked_at)
        self._unsettled = self._held_back(connection, source, unsettled)

    def _held_back(
        self, connection: Connection, source: Source, document_ids: Collection[int]
    ) -> set[bytes]:
        """The files, among those of these documents, that have other readers once they are read."""
        stamper = stamping.Stamper(connection, source)
        found = places.paths_of_some(connection, sorted(document_ids))
        return {
            place.outer
            for place in found
            if self._settled(stamper, place) != (place.target, place.rights)
        }

    def _settled(
        self, stamper: stamping.Stamper, place: DocumentPlace
    ) -> tuple[bytes | None, str | None]:
        """Where a document leads, and its readers, once what lies there now has been read."""
        outer = place.outer
        if outer not in self._targets:  # it was not seen in this run
            return place.target, place.rights
        target = self._targets[outer]
        wanted = stamper.of_new(outer, target, self._steps.get(outer))
        return target if outer == place.raw_path else place.target, wanted

    async def settle(self, document_ids: Sequence[int]) -> None:
        """Give documents that were just read (ids) the readers of the files that are there now."""
        if self._unsettled and document_ids:
            await self._catalog.write(self._settle, document_ids)

    def _settle(self, document_ids: Sequence[int]) -> None:
        with self._catalog.writing() as connection:
            source = sources.held(connection, self._source.name)
            stamper = stamping.Stamper(connection, source)
            wanted = {}
            for place in places.paths_of_some(connection, document_ids):
                if place.outer in self._unsettled:
                    target, wanted[place.id] = self._settled(stamper, place)
                    if target != place.target:
                        places.note_target(connection, place.id, target)
            queue_rights(connection, rights.give(connection, wanted))

    def of_new(self, connection: Connection) -> Callable[[SeenFile], str | None]:
        """A function that gives the readers of a file that was just seen for the first time.

        Raises:
            UsageError: the file system makes its rights up; every document is hidden by now.
        """
        if self._refusal is not None:
            raise self._refusal
        stamper = stamping.Stamper(connection, sources.held(connection, self._source.name))
        return lambda seen: stamper.of_new(
            seen.raw_path, seen.target, self._steps.get(seen.raw_path)
        )

    def check_again(self, seen: SeenFile) -> None:
        """Check that the way to a file that was just read still is the one it was judged by.

        Raises:
            FileProblem: its rights have changed, or it leads elsewhere; the next run decides.
        """
        if rules.kind(self._source.rule) != rules.MIRROR:
            return
        path = seen.raw_path
        steps = mirroring.steps_of(self._source.root, [path]).get(path)
        before = self._steps.get(path)
        if steps is None or before is None or posix.as_json(steps) != posix.as_json(before):
            raise FileProblem("changed_while_reading")
