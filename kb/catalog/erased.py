"""Files that were erased and stay away, and folders of uploads that are still to be deleted."""

from sqlalchemy import Connection, delete, select

from kb.catalog.database import insert_ignoring
from kb.catalog.tables import erased_paths, removed_folders


def leave_out(connection: Connection, source_id: int, raw_path: bytes) -> None:
    """Never read a file of a source again, until that is lifted."""
    row = {"source_id": source_id, "raw_path": raw_path}
    insert_ignoring(connection, erased_paths, [row])


def paths_of(connection: Connection, source_id: int) -> frozenset[bytes]:
    """The files of a source that are not read because they were erased."""
    query = select(erased_paths.c.raw_path).where(erased_paths.c.source_id == source_id)
    return frozenset(bytes(path) for path in connection.scalars(query))


def read_again(connection: Connection, source_id: int, raw_path: bytes) -> None:
    """Have a file that was erased read again from now on."""
    connection.execute(
        delete(erased_paths).where(
            erased_paths.c.source_id == source_id, erased_paths.c.raw_path == raw_path
        )
    )


def remove_folder(connection: Connection, path: str) -> None:
    """Note that a folder of uploads is to be deleted, whose source goes in this transaction."""
    insert_ignoring(connection, removed_folders, [{"path": path}])


def folders(connection: Connection) -> list[str]:
    """The folders of uploads that are still to be deleted."""
    return list(connection.scalars(select(removed_folders.c.path).order_by(removed_folders.c.path)))


def folder_is_gone(connection: Connection, path: str) -> None:
    """Note that a folder was deleted."""
    connection.execute(delete(removed_folders).where(removed_folders.c.path == path))
