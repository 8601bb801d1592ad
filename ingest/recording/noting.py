"""What a run writes of each file that it has come to the end of."""

from dataclasses import dataclass

from ingest.finding.rights import FolderRights
from ingest.reading.needs import Needs
from ingest.reading.reader import Unchanged, Work
from ingest.recording import outcomes
from kb.catalog import containers, documents, members, versions
from kb.catalog.database import Catalog
from kb.errors import KbError
from kb.settings import Ingest
from kb.types.parsed import State
from kb.types.versions import KeptMember


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of one run over one source, in transactions of their own."""

    catalog: Catalog
    source_id: int
    rights: FolderRights
    needs: Needs
    settings: Ingest
    owner: str

    async def unchanged(self, item: Work, outcome: Unchanged) -> list[Work]:
        """Note that a file is as it was; returns its members that still wait."""
        left, same = await self.catalog.write(self._touch, item, outcome)
        await self.rights.settle(same)
        return left

    async def members(self, item: Work, found: tuple[KeptMember, ...]) -> list[Work]:
        """Note the members of a container, which are to be read from now on."""
        return await self.catalog.write(self._record_members, item, found)

    async def problem(self, item: Work, error: KbError) -> State:
        """Note that a file yields nothing, and why; returns its state."""
        state, is_published = await self.catalog.write(self._note, item, error)
        if not is_published:
            await self.rights.settle([item.document_id])
        return state

    def _touch(self, item: Work, unchanged: Unchanged) -> tuple[list[Work], list[int]]:
        """Returns the members that wait, and the documents that are as they were."""
        with self.catalog.writing() as connection:
            documents.touch(connection, item.document_id, unchanged.stat)
            left = members.due_beneath(connection, item.document_id)
            inside = containers.children(connection, item.document_id)
            unread = [row.id for row in inside if row.pending is not None]
            others = containers.with_members(connection, unread)
        same = [item.document_id, *(row.id for row in inside if row.id not in others)]
        return [Work.of(member) for member in left], same

    def _record_members(self, item: Work, found: tuple[KeptMember, ...]) -> list[Work]:
        with self.catalog.writing() as connection:
            return outcomes.members(connection, self.source_id, item, found)

    def _note(self, item: Work, problem: KbError) -> tuple[State, bool]:
        fingerprint = self.needs.fingerprint_of(problem.code)
        with self.catalog.writing() as connection:
            state = outcomes.problem(
                connection, item, problem, fingerprint, self.settings.tries, self.owner
            )
            return state, versions.is_published(connection, item.document_id)
