"""Exact phrases: what the databases' own text indexes find, beside looking at every text."""

import unicodedata
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from kb import settings as settings_module
from kb.catalog import filtering, migrations, phrases, sweeping, versions
from kb.catalog.database import open_catalog
from kb.text.queries import Wanted, parse
from kb.types.people import Principal
from kb.types.points import point_of
from tests.parts import catalogs as making

PIECES = st.sampled_from(
    ["Café", "cafe", "CAFÉ", "Straße", "STRASSE", "of", "the", "of", "the", "a", "b", "x_y", "don't",
     "3.5", "３", "½", "²", "日本語", "日本", "本語", "ไทย", "שלום", "Ελλάδα", "ПРИВЕТ", "привет", "ﬁne", "fine",
     "İstanbul", "istanbul", "ﷺ", "é", "é", "x" * 250, "x" * 249, "\x00", "\"", "'", "*", "AND",
     "NOT", "-", "—", " ", "\n", "\u00a0", "\u200b", "a\u0301", "हिन्दी", "한국어", "∅", "·", "(", "_"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=6).map("".join)
WORDLESS = st.sampled_from(["--", "∅∅", "· ·"])


def folded(text):
    """As phrases were compared before there was an index: nothing of it is taken from the code."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def has(text, phrase):
    def spaced(value):
        return f" {' '.join(''.join(c if c.isalnum() else ' ' for c in value).split())} "

    return spaced(" ".join(phrase.split())) in spaced(" ".join(folded(text).split()))


def storable(text, kind):
    return text.replace("\x00", "\x01") if kind == "postgresql" else text


@pytest.mark.case("N21")
@pytest.mark.parametrize("kind", making.KINDS)
def test_phrases_are_found_as_by_reading_every_text(kind, request, tmp_path):
    """Case, accents, marks, scripts without spaces, deleted versions, and rights always."""
    catalog = making.opened(kind, request, tmp_path)

    @settings(max_examples=60)
    @given(st.data())
    def compare(data):
        texts = data.draw(st.lists(TEXTS, min_size=1, max_size=8))
        texts = [storable(text, kind) for text in texts]
        open_to = data.draw(st.lists(st.sampled_from([None, "a", "b"]), min_size=8, max_size=8))
        gone = data.draw(st.lists(st.booleans(), min_size=8, max_size=8))
        looked_for = data.draw(st.lists(TEXTS | WORDLESS, min_size=1, max_size=2))
        if data.draw(st.booleans()):
            text = data.draw(st.sampled_from(texts))
            start = data.draw(st.integers(0, len(text)))
            looked_for[0] = text[start : data.draw(st.integers(start, len(text)))]
        wanted = Wanted(phrases=tuple(folded(storable(p, kind)) for p in looked_for))
        reader = Principal("ann", frozenset({"group:a"}))
        with catalog.writing() as connection:
            making.emptied(connection)
            one = making.source(connection, "one", ["group:a"])
            expected = set()
            for n, text in enumerate(texts):
                own = None if open_to[n] is None else [f"group:{open_to[n]}"]
                document, number = making.published(connection, one.id, f"{n}", [text], readers=own)
                if gone[n]:
                    versions.retire_documents(connection, [document])
                    sweeping.swept(connection, [number])
                elif open_to[n] != "b" and all(has(text, p) for p in wanted.phrases):
                    expected.add(point_of(number, 0))
            found = filtering.points(connection, reader, wanted, 100)
        assert set(found) == expected
        assert len(found) == len(expected)

    compare()
    catalog.close()


@pytest.mark.case("N21")
@pytest.mark.parametrize("kind", making.KINDS)
def test_passages_with_one_of_several_spellings_are_found(kind, request, tmp_path):
    catalog = making.opened(kind, request, tmp_path)
    texts = {
        "dash": "The pump AB-1234 was renewed.",
        "apart": "The pump ab 1234 is new.",
        "joined": "The pump AB1234 is old.",
        "order": "It has 1234 AB on its back.",
        "longer": "The pump AB-1234-7 is another.",
        "closed": "Pump AB-1234 in the cellar.",
    }
    reader = Principal("ann", frozenset({"group:a"}))
    with catalog.writing() as connection:
        one = making.source(connection, "one", ["group:a"])
        number = {
            name: making.published(
                connection, one.id, name, [text], readers=["group:b"] if name == "closed" else None
            )[1]
            for name, text in texts.items()
        }
        found = filtering.points_with_any(connection, reader, ("ab 1234", "ab1234"), 10)
        few = filtering.points_with_any(connection, reader, ("ab 1234", "ab1234"), 2)
    assert {name for name, n in number.items() if point_of(n, 0) in found} == {
        "dash", "apart", "joined", "longer",
    }  # fmt: skip
    assert len(few) == 2
    catalog.close()


@pytest.mark.case("N21")
@pytest.mark.parametrize("kind", making.KINDS)
def test_no_more_is_read_than_was_asked_for(kind, request, tmp_path):
    """Of a phrase that very many passages have, the caller is told that they are many."""
    catalog = making.opened(kind, request, tmp_path)
    with catalog.writing() as connection:
        one = making.source(connection, "one")
        making.published(connection, one.id, "a", ["of the harbour"] * 40 + ["of a harbour"] * 3)
        reader = Principal("ann", frozenset({"everyone"}))
        _, of_the = parse('"of the"')
        assert filtering.points(connection, reader, of_the, 39) is None
        assert len(filtering.points(connection, reader, of_the, 40)) == 40
        assert filtering.points(connection, reader, Wanted(sources=("ONE",)), 42) is None
        assert len(filtering.points(connection, reader, Wanted(sources=("ONE",)), 43)) == 43
    catalog.close()


@pytest.mark.case("N21")
@pytest.mark.parametrize("kind", making.KINDS)
def test_passages_of_an_older_catalog_are_found(kind, request, tmp_path):
    """The migration fills the index of phrases from the passages that are there."""
    url = request.getfixturevalue("postgres") if kind == "postgresql" else f"sqlite:///{tmp_path}/c"
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        for statement in (
            "INSERT INTO sources (id, name, root, created_at) VALUES (1, 'files', '/srv', 1)",
            "INSERT INTO source_readers VALUES (1, 'everyone')",
            "INSERT INTO versions (number, document_id, state, points, born, worker, started_at)"
            " VALUES (7, 1, 'current', 3000, 1, 'w', 1)",
            "INSERT INTO documents (id, source_id, raw_path, path, state, bytes, chunks, tries, held,"
            " added_at, version) VALUES (1, 1, 'a', 'a', 'indexed', 0, 3000, 0, '0', 1, 7)",
        ):
            connection.exec_driver_sql(statement)
        for n in range(3000):
            connection.exec_driver_sql(
                "INSERT INTO chunks VALUES"
                f" ({(7 << 20) + n}, 7, {n}, NULL, NULL, 'Nº {n}: the Quay', 'h', '', 'v', '')"
            )
    engine.dispose()
    given = {"data_dir": str(tmp_path), "catalog.url": url}
    catalog = open_catalog(settings_module.load(given, {}))
    reader = Principal("ann", frozenset({"everyone"}))
    with catalog.reading() as connection:
        for n in (0, 1999, 2999):
            found = filtering.points(connection, reader, parse(f'"{n} the quay"')[1], 9)
            assert found == [(7 << 20) + n]
    catalog.close()


@pytest.mark.case("N21")
def test_words_that_were_forgotten_leave_the_file(tmp_path):
    """What was purged is not left in the index of phrases, of which SQLite keeps old parts."""
    catalog = making.opened("sqlite", None, tmp_path)
    files = [tmp_path / "data" / f"catalog.sqlite3{end}" for end in ("", "-wal")]

    def stands_there(word):
        return any(word in file.read_bytes() for file in files if file.exists())

    with catalog.writing() as connection:
        one = making.source(connection, "one")
        _, kept = making.published(connection, one.id, "a", ["the keel of a boat"])
        _, number = making.published(connection, one.id, "b", ["a xylophonesque harbour"])
    catalog.compact()
    assert stands_there(b"ylophonesque")
    with catalog.writing() as connection:
        sweeping.forget_passages(connection, [number])
    phrases.clear_up(catalog)
    catalog.compact()
    assert not stands_there(b"ylophonesque")
    with catalog.reading() as connection:
        reader = Principal("ann", frozenset({"everyone"}))
        found = filtering.points(connection, reader, parse('"keel of"')[1], 5)
        assert found == [point_of(kept, 0)]
    catalog.close()
