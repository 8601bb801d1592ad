"""Many rules of a file system: nobody pays for them at every request."""

import gc

import pytest
from sqlalchemy import event

from kb import posix
from kb.catalog import acls, documents, groups, ledger, people, rights, sources
from kb.catalog.database import open_catalog
from kb.posix import Step
from kb.rights import access

pytestmark = pytest.mark.both_catalogs

RULES = 600


def steps(n: int) -> posix.Steps:
    return (Step((f"u{n}", n % 3 != 0), (), ((f"g{n % 7}", True),), n % 3 == 0),)


@pytest.fixture
def catalog(settings):
    opened = open_catalog(settings)
    with opened.writing() as connection:
        for n in range(7):
            groups.add(connection, f"g{n}")
        people.add_person(connection, "anna", ("g1",))
        people.add_person(connection, "bob")
    yield opened
    opened.close()


def kept(catalog, begin: int, end: int) -> list[str]:
    with catalog.writing() as connection:
        return [acls.keep_mirrored(connection, steps(n)) for n in range(begin, end)]


def expected(tokens: list[str], begin: int, number: int | None) -> set[str]:
    """Brute force: others may read every third; a group its own; nobody here owns any."""
    return {
        t for n, t in enumerate(tokens, begin) if n % 7 == number or (n % 7 != number and n % 3 == 0)
    }  # fmt: skip


@pytest.mark.case("N21")
def test_rules_are_tried_once_not_at_every_request(catalog, monkeypatch):
    """The second request of somebody tries none, a new rule is tried alone."""
    tokens = kept(catalog, 0, RULES)
    tried = []
    plain = posix.lets_through
    monkeypatch.setattr(posix, "lets_through", lambda *a: tried.append(1) or plain(*a))

    def carried(name: str) -> set[str]:
        tried.clear()
        with catalog.reading() as connection:
            return {t for t in access.person(connection, name).tokens if t.startswith("acl:")}

    assert carried("anna") == expected(tokens, 0, 1)
    assert len(tried) == RULES
    assert carried("anna") == expected(tokens, 0, 1)
    assert not tried
    assert carried("bob") == expected(tokens, 0, None)
    more = kept(catalog, RULES, RULES + 30)
    assert carried("anna") == expected(tokens + more, 0, 1)
    assert len(tried) == 30
    with catalog.writing() as connection:
        groups.set_of(connection, people.by_name(connection, "anna").id, ["g2"])
    assert carried("anna") == expected(tokens + more, 0, 2), "another membership is another answer"


@pytest.mark.case("N21")
def test_a_rule_that_was_never_committed_counts_for_nobody(catalog):
    """What is kept in memory is what the catalog holds."""
    with pytest.raises(RuntimeError), catalog.writing() as connection:
        acls.keep_mirrored(connection, steps(0))
        assert any(t.startswith("acl:") for t in access.person(connection, "bob").tokens)
        raise RuntimeError
    first = kept(catalog, 3, 4)
    with catalog.reading() as connection:
        carried = access.person(connection, "bob").tokens
    assert {t for t in carried if t.startswith("acl:")} == set(first)


@pytest.mark.case("N21")
def test_rules_are_kept_in_memory_no_longer_than_their_catalog(settings):
    """A process that opens one catalog after another holds the rules of none that is closed."""

    def books() -> set[int]:
        gc.collect()
        return {id(found) for found in gc.get_objects() if type(found) is acls.RuleBook}

    before = books()
    opened = open_catalog(settings)
    with opened.writing() as connection:
        people.add_person(connection, "anna")
    kept(opened, 0, 3)
    with opened.reading() as connection:
        assert len(access.person(connection, "anna").tokens) > 2
    assert books() > before
    opened.close()
    del opened, connection
    assert not books() - before


@pytest.mark.case("N21")
def test_many_tokens_are_one_parameter(catalog):
    """Neither database takes a statement with a parameter for each of them."""
    kept(catalog, 0, RULES)
    with catalog.writing() as connection:
        source = sources.add(connection, "share", "/srv", ("owner",))
        for n, token in enumerate((acls.keep_mirrored(connection, steps(n)) for n in (1, 2, 3))):
            mine = rights.keep_set(connection, (token, "owner"))
            documents.add(connection, source.id, b"%d" % n, str(n), rights=mine)
    counts = []
    with catalog.reading() as connection:
        anna = access.person(connection, "anna")
        assert len(anna.tokens) > 200
        event.listen(
            connection, "before_cursor_execute", lambda *a: counts.append(len(a[3])), named=False
        )
        seen = {n for n in range(1, 4) if ledger.one(connection, anna, n)}
    assert seen == {1, 3}
    assert max(counts) < 100
