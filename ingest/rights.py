"""Who may read the files of a source, as far as its folder decides it."""

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection

from ingest import mirroring
from ingest.sources import Found
from kb import posix, rules
from kb.catalog import places, sources
from kb.catalog.database import now
from kb.catalog.sources import Source
from kb.errors import FileProblem, UsageError
from kb.publishing import queue_rights


class FolderRights:
    """The rights of one run: read once after the folder was walked, written with what changed.

    The source's rule is read again in every transaction: it may have been changed meanwhile.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._steps: dict[bytes, posix.Steps] = {}
        self._targets: dict[bytes, bytes | None] = {}
        self._refusal: UsageError | None = None
        self._looked_at: float | None = None

    def look(self, files: Sequence[Found]) -> None:
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

    def stamp(self, connection: Connection, held: Collection[bytes] = ()) -> None:
        """Give the documents that are there their readers.

        Those ``held`` (paths) keep what they had: that their files are away says nothing of rights.
        """
        source = sources.held(connection, self._source.name)
        places.note_targets(connection, source.id, self._targets)
        if source.rule is None:
            return
        kept = held if self._refusal is None else ()
        queue_rights(connection, rules.stamp(connection, source, self._steps, kept))
        if self._looked_at is not None:
            sources.rights_read(connection, source.id, self._looked_at)

    def of_new(self, connection: Connection) -> Callable[[Found], str | None]:
        """The readers of a file that was just found.

        Raises:
            UsageError: the file system's rights are made up; everything has been hidden before.
        """
        if self._refusal is not None:
            raise self._refusal
        stamper = rules.Stamper(connection, sources.held(connection, self._source.name))
        return lambda found: stamper.of_new(
            found.raw_path, found.target, self._steps.get(found.raw_path)
        )

    def check_again(self, found: Found) -> None:
        """Check that the way to a file that was just read still is the one it was judged by.

        Raises:
            FileProblem: its rights are others by now, or it leads elsewhere. The next run looks.
        """
        if rules.kind(self._source.rule) != rules.MIRROR:
            return
        path = found.raw_path
        steps = mirroring.steps_of(self._source.root, [path]).get(path)
        before = self._steps.get(path)
        if steps is None or before is None or posix.as_json(steps) != posix.as_json(before):
            raise FileProblem("changed_while_reading")
