"""Catalogs of both kinds, and documents put straight into them: no file, no index."""

from kb import settings as settings_module
from kb.catalog import documents, rights, sources, sweeping, versions
from kb.catalog.database import open_catalog
from kb.catalog.tables import metadata
from kb.types.files import Stat
from kb.types.library import Following
from kb.types.points import point_of
from kb.types.versions import Facts

KINDS = ("sqlite", "postgresql")


def opened(kind, request, tmp_path):
    """A new catalog; its tables may be emptied with :func:`emptied`."""
    url = request.getfixturevalue("postgres") if kind == "postgresql" else ""
    given = {"data_dir": str(tmp_path / "data"), "catalog.url": url}
    return open_catalog(settings_module.load({k: v for k, v in given.items() if v}, {}))


def emptied(connection):
    """Forget all that :func:`published` made."""
    sweeping.forget_passages(connection, list(versions.in_index(connection)))
    for name in (
        "name_tokens",
        "documents",
        "versions",
        "source_readers",
        "sources",
        "reader_sets",
    ):
        connection.execute(metadata.tables[name].delete())


def source(connection, name, readers=("everyone", "owner")):
    return sources.add(connection, name, "/nowhere", tuple(readers), Following())


def published(connection, source_id, path, texts, *, readers=None):
    """A document with a passage for each text; returns its id and its version's number."""
    own = rights.keep_set(connection, readers) if readers is not None else None
    document = documents.add(connection, source_id, path.encode(), path, rights=own)
    number = versions.begin(connection, document, "worker", "hash")
    rows = [
        {
            "point": point_of(number, n), "version": number, "ordinal": n, "text": text,
            "text_hash": "", "embedded_text": "", "vector_hash": f"{number}-{n}", "layout": b"",
        }
        for n, text in enumerate(texts)
    ]  # fmt: skip
    facts = Facts(stat=Stat(0, 0, 0), content_hash="hash")
    versions.publish(connection, document, number, rows, facts)
    return document, number
