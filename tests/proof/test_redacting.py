"""What leaves the audit log with a document, and what stays."""

import json

import pytest

from kb.catalog import audit, questions
from kb.catalog.tables import glossary
from kb.proof import redacting
from kb.proof.marks import Maker
from kb.proof.planning import path_sha256
from kb.types.audit import AuditEntry
from kb.types.purges import Erased, ErasedDocument, ErasedVersion, Purge

pytestmark = pytest.mark.case("N24")
TEXT = "The zebrastone weighs 48151 grams, says the keeper of the vault."
ASKED = "How heavy is the zebrastone?"
OTHERS = "When does the ferry leave?"
PATH = "stone.txt"


def purge(number: int = 7) -> Purge:
    maker = Maker()
    maker.add("text", TEXT.encode())
    document = ErasedDocument(
        number, "files", path_sha256(PATH), None, 1, 0.0, None, "data_directory"
    )
    erased = Erased([document], [ErasedVersion(70, number, None)], [], [], [], [])
    return Purge(
        id=1, by="ada", begun_at=0.0, documents=1, error=None, ended_at=None, began_with=100,
        erased=erased, marks=maker.marks(), statement=None, signature=None,
    )  # fmt: skip


def shown(version: int) -> list:
    return [[7, version, [1]]]


TOLD = [
    AuditEntry("eve", "search", "", {"question": ASKED, "shown": shown(70)}),
    AuditEntry("eve", "home.view", "/", {"query": {"q": ASKED, "sort": "new"}}),
    AuditEntry("eve", "suggest", "/api/v1/suggest", {"query": {"q": ASKED[:15]}}),
    AuditEntry("eve", "document.find", "/documents/7/find", {"query": {"q": "grams"}}),
    AuditEntry("bob", "search", "", {"question": f"“{TEXT[:40]}”", "shown": []}),
    AuditEntry("bob", "document.open", PATH, {"id": 7}),
]
KEPT = [
    AuditEntry("eve", "home.view", "/", {"query": {"q": OTHERS}}),
    AuditEntry("eve", "document.find", "/documents/71/find", {"query": {"q": "grams"}}),
    AuditEntry("eve", "search", "", {"question": OTHERS, "shown": shown(71)}),
    AuditEntry("eve", "document.open", "ferry.txt", {"id": 71}),
    AuditEntry("eve", "altered", "", {"question": "shown to nobody", "shown": [3, {}, [7]]}),
]


@pytest.fixture
def written(catalog):
    """A log of both, and what is kept of questions."""
    with catalog.writing() as connection:
        audit.append(connection, [*TOLD, *KEPT])
        row = {"at": 1.0, "kind": "search", "hits": 0, "mode": None, "sources": [], "seconds": 1}
        questions.keep(connection, [row | {"question": q} for q in (ASKED, OTHERS, TEXT[:40])])
    return catalog


def test_words_go_wherever_they_stand_and_others_stay(written, tmp_path):
    """Also where a page noted them, and where somebody quoted what they were not shown."""
    assert redacting.redact(written, purge(), tmp_path) == list(range(1, len(TOLD) + 1))
    with written.reading() as connection:
        said = [json.loads(line) for line in audit.lines(connection)]
        verdict = audit.verify(connection)
        left = questions.told(connection, bool)
    for word in ("zebrastone", "How heavy", PATH):
        assert word not in json.dumps(said)
    assert said[1]["detail"]["query"] == {"q": "", "sort": "new"}
    assert [one["detail"] for one in said[len(TOLD) : -1]] == [one.detail for one in KEPT]
    assert (verdict.intact, verdict.redacted) == (True, len(TOLD))
    assert left == [OTHERS]
    assert redacting.unredacted(written, purge()) == []


def test_what_stays_elsewhere_is_no_quotation(written, tmp_path):
    """A text that came, or that somebody wrote, is theirs; it stops no statement."""
    with written.writing() as connection:
        connection.execute(glossary.insert().values(short="zs", meaning=TEXT))
    with written.reading() as connection:
        assert redacting.rare(connection, purge()).each == []
    assert 5 not in redacting.redact(written, purge(), tmp_path)
