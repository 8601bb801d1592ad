"""A file that is called otherwise: the same document, and what its old name said is not kept."""

from ingest.finding.sources import SeenFile
from ingest.reading import dating
from ingest.reading.needs import Needs
from ingest.reading.preparing import name_alone
from ingest.reading.reader import own_name
from kb.catalog import documents
from kb.catalog.database import Connection
from kb.types.files import LedgerEntry


def follow(connection: Connection, document_id: int, seen: SeenFile, needs: Needs) -> bool:
    """Give a document its new path; whether it is to be described anew, without being parsed."""
    old = documents.by_id(connection, document_id)
    documents.rename(connection, document_id, seen.raw_path, seen.path)
    documents.touch(connection, document_id, seen.stat)
    if old is None or not needs.is_current(old) or not _says_otherwise(connection, old, seen.path):
        return False
    documents.cut_anew(connection, document_id, needs.uncut)
    return True


def _says_otherwise(connection: Connection, old: LedgerEntry, path: str) -> bool:
    """Whether a document's date or title was taken from a path that it has no more."""
    before, after = name_alone(own_name(old.path)), name_alone(own_name(path))
    is_called = before != after and documents.title(connection, old.id) == before
    return is_called or dating.says_otherwise(old.path, path)
