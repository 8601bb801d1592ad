"""What the ledger says of a document is read and written as it was when it was kept by name alone.

``KEPT`` are rows of a catalog of before, as ``SELECT code, parameters, used FROM documents`` gave them.
"""

import json

import msgspec
import pytest
from sqlalchemy import text

from kb.catalog import documents, entries, sources, versions
from kb.catalog.tables import documents as table
from kb.types.files import ReadWith, Recognition, Stat
from kb.types.leaving import LeftDocument
from kb.types.parsed import Notice, from_kept
from kb.types.versions import Facts
from tests.leaving.handmade import NOTHING
from tests.parts import catalogs as making

KEPT = [
    (None, "{}", None),
    (
        "scan_uncertain",
        '{"pages": 2, "which": "3, 7", "also": [["hidden_text", {"pieces": 2}],'
        ' ["tracked_changes", {"insertions": 2, "deletions": 3}]]}',
        '{"ocr": {"had": ["eng", "deu"], "wanted": "eng+deu+fra+ita", "sure": 60.0}}',
    ),
    ("members_left_out", '{"members": 1}', '{"members": [5000, 256]}'),
    (
        "scan_beyond",
        '{"pages": 1}',
        '{"ocr": {"had": ["eng", "deu"], "wanted": "eng+deu+fra+ita", "sure": 60.0}, "seconds": 120.0}',
    ),
    (
        "formulas_without_value",
        '{"formulas": 4, "also": [["hidden_cells", {"what": "Stra\\u00dfe, 2\\u2028"}]]}',
        '{"office": false}',
    ),
    ("signature_only", '{"also": [["no_text", {}]]}', None),
]
ROWS = text("SELECT code, CAST(parameters AS TEXT), CAST(used AS TEXT) FROM documents ORDER BY id")


def put(connection, source, number, kept):
    """A document whose row has this text, whatever wrote it."""
    document = documents.add(connection, source.id, str(number).encode(), str(number))
    values = dict(zip(("code", "parameters", "used"), kept, strict=True))
    connection.exec_driver_sql(
        f"UPDATE documents SET {', '.join(f'{name} = {quoted(v)}' for name, v in values.items())}"
        f" WHERE id = {document}"
    )
    return document


def quoted(value):
    return "NULL" if value is None else "'" + value.replace("'", "''").replace("%", "%%") + "'"


@pytest.mark.parametrize("kind", making.KINDS)
def test_rows_of_before_are_read_and_written_the_same(kind, request, tmp_path):
    catalog = making.opened(kind, request, tmp_path)
    with catalog.writing() as connection:
        source = making.source(connection, "s")
        ids = [put(connection, source, n, kept) for n, kept in enumerate(KEPT)]
        assert connection.execute(ROWS).all() == KEPT
        for document in ids:
            [known] = entries.known(connection, table.c.id == document)
            _, parameters, _ = KEPT[ids.index(document)]
            number = versions.begin(connection, document, "worker", "hash")
            facts = Facts(
                stat=Stat(0, 0, 0),
                content_hash="hash",
                reasons=from_kept(known.code, json.loads(parameters)),
                used=known.used,
            )
            versions.publish(connection, document, number, [], facts)
        assert connection.execute(ROWS).all() == KEPT
    catalog.close()


def test_they_have_names(tmp_path, request):
    catalog = making.opened("sqlite", request, tmp_path)
    with catalog.writing() as connection:
        source = sources.add(connection, "s", "/nowhere", ("everyone",))
        document = put(connection, source, 0, KEPT[3])
        [known] = entries.known(connection, table.c.id == document)
    catalog.close()
    recognition = Recognition(had=("eng", "deu"), wanted="eng+deu+fra+ita", sure=60.0)
    assert known.used == ReadWith(ocr=recognition, seconds=120.0)
    code, parameters, _ = KEPT[1]
    assert from_kept(code, json.loads(parameters)) == (
        Notice("scan_uncertain", {"pages": 2, "which": "3, 7"}),
        Notice("hidden_text", {"pieces": 2}),
        Notice("tracked_changes", {"insertions": 2, "deletions": 3}),
    )


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: str(kept[0]))
def test_lines_of_an_export_are_read_and_written_the_same(kept):
    code, parameters, used = kept
    row = NOTHING | {
        "id": 1, "source": "s", "path": "a", "raw_path": "YQ==", "file": None, "state": "partial",
        "bytes": 1, "content_hash": None, "chunks": 0, "version": None, "code": code,
        "parameters": json.loads(parameters), "used": json.loads(used or "null"),
    }  # fmt: skip
    ordered = {name: row[name] for name in LeftDocument.__struct_fields__}
    line = json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()
    assert msgspec.json.encode(msgspec.json.decode(line, type=LeftDocument)) == line
