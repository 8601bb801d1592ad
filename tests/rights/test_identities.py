"""Rules mean groups and people, not their names; where a name does not match, nothing opens."""

import os

import pytest

from kb.accounts.directory import KnownPerson
from kb.accounts.vouching import Vouching
from kb.catalog import documents, groups, people, sources
from kb.catalog.outbox import queue_rights
from kb.errors import ConflictError, UsageError
from kb.rights import access, rules, stamping
from kb.text.pathnames import shown
from kb.types.library import PathRule

pytestmark = pytest.mark.both_catalogs


@pytest.fixture
async def harbour(house):
    """Two documents; lena in hr, ivo an intern."""
    house.root.mkdir(exist_ok=True)
    with house.kb.catalog.writing() as connection:
        for name in ("hr", "interns", "staff"):
            groups.add(connection, name)
    house.kb.accounts.add(access.owner(), "lena", ("hr", "staff"))
    house.kb.accounts.add(access.owner(), "ivo", ("interns", "staff"))
    house.follow()
    appear(house, "hr/wages.txt", "notes.txt")
    return house


def appear(house, *paths: str | bytes) -> None:
    """A run finds these files, and applies the rule; nothing is read."""
    with house.kb.catalog.writing() as connection:
        source = sources.by_name(connection, "files")
        for path in paths:
            raw = os.fsencode(path)
            documents.add(connection, source.id, raw, shown(raw))
        queue_rights(connection, stamping.stamp(connection, source))


def rule_by_paths(house, *lines: PathRule) -> None:
    with house.kb.catalog.writing() as connection:
        source = sources.by_name(connection, "files")
        source = sources.set_rule(connection, source, rules.paths(connection, lines, source.rule))
        queue_rights(connection, stamping.stamp(connection, source))


async def give(house, *readers: str) -> None:
    with house.kb.catalog.writing() as connection:
        source = house.kb.sources.named("files")
        tokens = access.readers(connection, readers)
        queue_rights(connection, stamping.set_readers(connection, source, tokens))


def read_by(house, name: str) -> set[str]:
    from kb.types.library import LedgerFilter

    return {r.path for r in house.kb.ledger.rows(house.kb.principal(name), LedgerFilter())}


def anew(house, name: str, *members: str) -> None:
    """A group is removed, and one of the same name is made."""
    with house.kb.catalog.writing() as connection:
        groups.remove(connection, name)
        groups.add(connection, name)
        for person in members:
            number = people.by_name(connection, person).id
            of = [*groups.of_person(connection, number), name]
            groups.set_of(connection, number, of)


@pytest.mark.case("N09")
async def test_removing_an_excepted_group_opens_nothing(harbour):
    """A rule that excepts a group that is gone lets nobody in, and says so."""
    await give(harbour, "everyone", "not:interns")
    assert read_by(harbour, "ivo") == set()
    assert len(read_by(harbour, "lena")) == 2
    with harbour.kb.catalog.writing() as connection:
        groups.remove(connection, "interns")
    assert read_by(harbour, "ivo") == set()
    assert read_by(harbour, "lena") == set(), "who was excepted cannot be told any more"
    with harbour.kb.catalog.reading() as connection:
        words = access.in_words(connection, harbour.kb.sources.named("files").readers)
    assert words[0] == "everyone"
    assert words[1].startswith("not:")
    assert words[1].endswith("(removed)")


@pytest.mark.case("N09")
async def test_a_group_of_the_same_name_inherits_nothing(harbour):
    """Neither a source, nor a path, nor an exception."""
    await give(harbour, "hr")
    anew(harbour, "hr", "ivo")
    assert read_by(harbour, "ivo") == set()
    await give(harbour, "staff")
    rule_by_paths(harbour, PathRule("hr/", ("hr",)))
    assert read_by(harbour, "ivo") == {"hr/wages.txt", "notes.txt"}
    anew(harbour, "hr")
    appear(harbour)
    assert read_by(harbour, "ivo") == {"notes.txt"}
    harbour.kb.accounts.add(access.owner(), "mia", ("hr", "staff"))
    assert read_by(harbour, "mia") == {"notes.txt"}


@pytest.mark.case("N09")
async def test_a_person_of_the_same_name_inherits_nothing(harbour):
    """What was given to one person is not the next one's of that name."""
    await give(harbour, "person:ivo")
    assert len(read_by(harbour, "ivo")) == 2
    harbour.kb.accounts.remove(access.owner(), "ivo")
    harbour.kb.accounts.add(access.owner(), "ivo", ("interns",))
    assert read_by(harbour, "ivo") == set()


@pytest.mark.case("N09")
async def test_a_new_name_changes_no_right(harbour):
    """Groups and people are told by what they are."""
    await give(harbour, "hr", "person:ivo")
    with harbour.kb.catalog.writing() as connection:
        groups.rename(connection, "hr", "human resources")
        people.rename(connection, "ivo", "ivan")
        words = access.in_words(connection, sources.by_name(connection, "files").readers)
    assert sorted(words) == ["human resources", "person:ivan"]
    assert len(read_by(harbour, "lena")) == len(read_by(harbour, "ivan")) == 2
    harbour.kb.accounts.add(access.owner(), "ivo", ())
    assert read_by(harbour, "ivo") == set()


@pytest.mark.case("N09")
@pytest.mark.parametrize("readers", [[], [""], ["not:interns"]])
async def test_no_readers_are_an_error(harbour, readers):
    """An empty list is never everyone."""
    with harbour.kb.catalog.writing() as connection, pytest.raises(UsageError) as refused:
        access.readers(connection, readers)
    assert refused.value.code == "no_readers"


@pytest.mark.case("N09")
def test_the_command_refuses_an_empty_list(command, tmp_path):
    """As an unset variable of a shell gives it."""
    (tmp_path / "news").mkdir()
    command("source", "add", "empty", str(tmp_path / "news"), "--readers", "", code=1)
    added = command("source", "add", "news", str(tmp_path / "news"))
    assert added["source"]["readers"] == ["everyone"]
    command("source", "readers", "news", " , ", code=1)


PATHS = [
    ("Geh\u00e4lter/", "Geha\u0308lter/a.txt"),
    ("Geha\u0308lter/", "Geh\u00e4lter/a.txt"),
    ("hr/", "HR/a.txt"),
    ("*.PRIVATE.txt", "b.private.txt"),
    ("hr*/", "hr \u203a old/d.txt"),
    ("*.private.txt", "x \u203a y.private.txt"),
    ("Stra\u00dfe/", "STRASSE/a.txt"),
    ("hr/", "h\u200br/a.txt"),
]


@pytest.mark.case("N09")
@pytest.mark.parametrize(("pattern", "path"), PATHS)
async def test_no_spelling_escapes_a_pattern(harbour, pattern, path):
    """NFC and NFD, case, names with the sign between a container and its member."""
    rule_by_paths(harbour, PathRule(pattern, ("hr",)))
    appear(harbour, path)
    assert path in read_by(harbour, "lena")
    assert path not in read_by(harbour, "ivo")


@pytest.mark.case("N09")
@pytest.mark.parametrize("encoding", ["latin-1", "cp850", "cp1251"])
async def test_a_name_that_is_no_utf_8_escapes_no_pattern(harbour, encoding):
    """Its bytes may be any of the letters that a pattern names."""
    name = "\u041b\u0451\u043d\u0435" if encoding == "cp1251" else "L\u00f6hne"
    rule_by_paths(harbour, PathRule("notes.txt", ("staff",)), PathRule(f"{name}/", ("hr",)))
    appear(harbour, name.encode(encoding) + b"/a.txt")
    assert len(read_by(harbour, "lena")) == 3
    assert read_by(harbour, "ivo") == {"hr/wages.txt", "notes.txt"}


@pytest.mark.case("N09")
async def test_case_closes_and_never_opens(harbour):
    """A wider pattern does not open a folder that is written otherwise."""
    appear(harbour, "PUBLIC/plan.txt", "public/plan.txt")
    await give(harbour, "hr")
    rule_by_paths(harbour, PathRule("public/", ("everyone",)))
    assert read_by(harbour, "ivo") == {"public/plan.txt"}
    await give(harbour, "interns")
    assert read_by(harbour, "ivo") == {
        "public/plan.txt", "PUBLIC/plan.txt", "notes.txt", "hr/wages.txt"
    }  # fmt: skip


@pytest.mark.case("N09")
async def test_a_pattern_that_matches_nothing_is_said(harbour):
    rule_by_paths(harbour, PathRule("hr/", ("hr",)), PathRule("payroll/", ("hr",)))

    def said() -> list[str]:
        with harbour.kb.catalog.reading() as connection:
            return rules.in_words(connection, harbour.kb.sources.named("files").rule)["unmatched"]

    assert said() == ["payroll/"]
    appear(harbour, "payroll/june.txt")
    assert said() == []


NAMES = [
    "anonymous", "Everyone", "owner ", " lena", "le\u200bna", "\u202elena", "len\u0430", "o\u0301la",
    "l\u00a0a", "\uff4cena\u0000", "sy\u0455tem", "", "lena\u3164", "hr\u034f", "hr\ufe0f", "hr\u2800",
    "every\U000e0100one",
]  # fmt: skip


@pytest.mark.case("N09")
@pytest.mark.parametrize("name", NAMES)
async def test_names_that_deceive_are_refused(harbour, name):
    """Reserved, invisible, reversed, composed otherwise, of two scripts."""
    with harbour.kb.catalog.writing() as connection:
        with pytest.raises(UsageError):
            people.add_person(connection, name)
        with pytest.raises(UsageError):
            groups.add(connection, name)


@pytest.mark.case("N09")
@pytest.mark.parametrize("name", ["LENA", "\u0456\u0475\u043e", "1ena", "hr", "HR", "\u04bb\u0433"])
async def test_names_that_look_alike_are_refused(harbour, name):
    """Nobody is taken for somebody else by their name."""
    with harbour.kb.catalog.writing() as connection:
        if name.casefold() == "hr" or name == "\u04bb\u0433":
            with pytest.raises(ConflictError):
                groups.add(connection, name)
        else:
            with pytest.raises(ConflictError):
                people.add_person(connection, name)
    for fine in (
        "\u00d6zg\u00fcr",
        "Jos\u00e9 d'\u00c1vila",
        "\u0410\u043d\u043d\u0430",
        "\u5f20\u4f1f",
    ):
        harbour.kb.accounts.add(access.owner(), fine, ())


def come(house, name: str, member_of: tuple[str, ...], *, whole: bool = True, origin="oidc"):
    known = KnownPerson(name, name, f"{origin}:{name}", member_of, origin, groups_whole=whole)
    with house.kb.catalog.writing() as connection:
        return Vouching(house.kb.catalog, house.kb.settings.auth).came(connection, known)


@pytest.mark.case("N09")
async def test_groups_that_are_not_known_refuse_what_excepts(harbour):
    """No claim of groups, or a list that was cut."""
    await give(harbour, "everyone", "not:interns")
    come(harbour, "olga", ("staff",))
    assert len(read_by(harbour, "olga")) == 2
    come(harbour, "olga", (), whole=False)
    assert read_by(harbour, "olga") == set()
    come(harbour, "olga", ("INTERNS",))
    assert read_by(harbour, "olga") == set(), "another spelling of a group that is excepted"
    await give(harbour, "staff")
    come(harbour, "olga", ("staff",), whole=False)
    assert len(read_by(harbour, "olga")) == 2


@pytest.mark.case("N09")
@pytest.mark.parametrize("told", ["Interné", "interne\u0301", "interné\ufe0f", " interné "])
async def test_a_directorys_spelling_is_no_way_around_an_exception(harbour, told):
    """A name that cannot be a group's is looked at too, whichever was there first."""
    come(harbour, "early", (told,))
    with harbour.kb.catalog.writing() as connection:
        if "interné" not in groups.tokens(connection).values() and told != "Interné":
            groups.add(connection, "interné")
    excepted = "Interné" if told == "Interné" else "interné"
    await give(harbour, "everyone", f"not:{excepted}")
    come(harbour, "late", (told,))
    assert read_by(harbour, "early") == read_by(harbour, "late") == set()
    come(harbour, "olga", ("staff",))
    assert len(read_by(harbour, "olga")) == 2


@pytest.mark.case("N09")
async def test_a_group_made_again_does_not_open_what_excepts_it(harbour):
    """The directory has not said yet who is in the new one."""
    come(harbour, "olga", ("crew",))
    come(harbour, "max", ("staff",))
    with harbour.kb.catalog.writing() as connection:
        groups.remove(connection, "crew")
        groups.add(connection, "crew")
    await give(harbour, "everyone", "not:crew")
    assert read_by(harbour, "olga") == set()
    assert len(read_by(harbour, "max")) == 2
    come(harbour, "olga", ("staff",))
    assert len(read_by(harbour, "olga")) == 2


@pytest.mark.case("N09")
def test_a_missing_claim_of_groups_is_seen():
    """As a provider leaves it out for somebody with too many groups."""
    from kb.settings import Auth
    from web.auth import provider

    claims = {"iss": "i", "sub": "s", "preferred_username": "olga"}
    for about, whole in (
        ({}, False),
        ({"groups": []}, True),
        ({"groups": ["a"]}, True),
        ({"groups": ["a"], "_claim_names": {"groups": "src1"}}, False),
        ({"groups": None}, False),
    ):
        assert provider.who(Auth(), claims, claims | about).groups_whole is whole, about
    assert provider.who(Auth(oidc_groups_claim=""), claims, claims).groups_whole


@pytest.mark.case("N09")
def test_names_of_an_older_catalog_become_identities(tmp_path):
    """Rules by path named their readers; removed groups stay nobody's."""
    import json

    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from kb import settings as settings_module
    from kb.catalog import database
    from tests.house.test_documents import ROOT

    config = Config()
    config.set_main_option("script_location", str(ROOT / "kb/catalog/migrations"))
    rule = {"kind": "paths", "paths": [["hr/", ["hr", "person:ada", "not:gone"]]]}
    with create_engine(f"sqlite:///{tmp_path}/catalog.sqlite3").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        connection.exec_driver_sql("INSERT INTO groups (id, name) VALUES (1, 'hr')")
        connection.exec_driver_sql("INSERT INTO people (id, name) VALUES (1, 'ada')")
        connection.exec_driver_sql(
            "INSERT INTO sources (id, name, root, created_at, rule) VALUES (1, 'f', '/', 1, ?)",
            (json.dumps(rule),),
        )
    catalog = database.open_catalog(settings_module.load({"data_dir": str(tmp_path)}, {}))
    with catalog.reading() as connection:
        source = sources.by_name(connection, "f")
        assert source.rule["paths"] == [["hr/", ["group:hr", "person:ada", "not:group:gone"]]]
        words = rules.in_words(connection, source.rule)
        assert words["paths"] == [["hr/", ["hr", "person:ada", "not:gone (removed)"]]]
    catalog.close()


@pytest.mark.case("N09")
def test_a_group_is_not_renamed_where_a_directory_tells_groups(tmp_path):
    """The old name would come back as another group, and pass what excepts the renamed one."""
    from kb import settings as settings_module
    from kb.catalog import groups, people
    from kb.catalog.database import open_catalog
    from kb.errors import ConflictError

    catalog = open_catalog(settings_module.load({"data_dir": str(tmp_path)}, {}))
    with catalog.writing() as connection:
        groups.add(connection, "interns")
        people.add_person(connection, "ivo", [])
        person = people.by_name(connection, "ivo").id
        groups.rename(connection, "interns", "trainees")
        groups.set_of(connection, person, ["trainees"], origin="ldap")
        with pytest.raises(ConflictError) as error:
            groups.rename(connection, "trainees", "interns")
    assert error.value.code == "groups_told_elsewhere"
    catalog.close()
