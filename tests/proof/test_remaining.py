"""What is named as left, whose statement is delivered, and where nobody could look."""

import pytest

from kb.audit.log import noted
from kb.catalog import audit, backups, purges
from kb.catalog.database import now
from kb.errors import RetryableError
from kb.proof.looker import STATED, Looker
from kb.proof.planning import path_sha256
from kb.proof.searching import _unread
from kb.rights import access
from tests.proof.test_redacting import PATH, purge

pytestmark = pytest.mark.case("N24")


def test_a_backup_that_is_not_whole_is_named(catalog):
    """One that goes on, or was broken off, holds the document as well."""
    with catalog.writing() as connection:
        number = backups.begin(connection, "/backups")
        assert [one.folder for one in backups.not_whole(connection)] == ["/backups"]
        backups.end(connection, number, name="20260102T030405Z")
        assert backups.not_whole(connection) == []


def test_the_statement_of_another_source_is_not_delivered(catalog):
    """Two sources may have files of one name."""
    one = purge()
    with catalog.writing() as connection:
        number = purges.begin(connection, one.by, one.began_with, one.erased, one.marks)
        names = {path_sha256(PATH)}
        assert purges.of_paths(connection, names, "others") is None
        for source in ("files", None):
            assert purges.of_paths(connection, names, source).id == number


def test_where_nobody_can_look_there_is_no_statement():
    with pytest.raises(RetryableError) as refused:
        _unread(PermissionError(13, "Permission denied", "/data/logs"))
    assert refused.value.code == "erasure_unread"
    _unread(FileNotFoundError(2, "No such file", "/data/scratch"))


def test_a_statements_entry_that_has_expired_is_not_missing(catalog, tmp_path):
    """The audit log keeps its entries for so many days; one that somebody took away is missing."""
    looker = Looker(catalog, None, None, None, tmp_path)
    begun = now()
    assert looker._entry_of("a digest", begun).found
    with catalog.writing() as connection:
        noted(connection, access.owner(), STATED, "1", sha256="a digest")
    assert not looker._entry_of("a digest", begun).found
    with catalog.writing() as connection:
        audit.expire(connection, now() + 1)
    look = looker._entry_of("a digest", begun)
    assert (look.found, look.looked_at) == ([], 0)
    assert looker._entry_of("a digest", now() + 60).found
