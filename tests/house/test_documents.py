"""What is written down agrees with the code."""

import json
import re
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest
import yaml
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from sqlalchemy import create_engine, inspect

from kb import samples
from kb import settings as settings_module
from kb.catalog import database, ledger, migrating
from kb.catalog.tables import metadata
from kb.rights import access
from kb.settings import SECTIONS
from kb.settings.loading import TOP_LEVEL
from kb.settings.sections import Settings
from kb.types.library import LedgerFilter
from tests.parts.sentences import of_people
from web.i18n import languages

ROOT = Path(__file__).parent.parent.parent
EXTRACT = [("**.py", "python"), ("**.html", "jinja2")]


WORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


@cache
def messages() -> set[str]:
    """The words of the pages, and the sentences of errors that a person can cause in a page."""
    found = {one.sentence for one in of_people()}
    for folder in ("web", "kb"):
        options = {"**.html": {"silent": "false", "newstyle_gettext": "true"}}
        for _, _, message, _, _ in extract_from_dir(
            ROOT / folder, EXTRACT, options, keywords=WORDS
        ):
            found.add(message if isinstance(message, str) else message[0])
    return {m for m in found if m}


def test_the_pages_speak_five_languages():
    assert languages() == ("en", "de", "es", "fr", "it")
    wanted = get_args(get_type_hints(Settings)["language"])
    assert set(wanted) == {"", *languages()}, "and so does the setting"


@pytest.mark.parametrize("language", ["de", "es", "fr", "it"])
def test_every_language_is_complete(language):
    with (ROOT / f"web/locale/{language}/messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    done = {
        m.id if isinstance(m.id, str) else m.id[0]
        for m in catalogue
        if m.id and (all(m.string) if isinstance(m.string, tuple) else m.string) and not m.fuzzy
    }
    assert done == messages(), "none is missing, and none is left of words that are gone"
    for m in catalogue:
        for text in m.string if isinstance(m.string, tuple) else (m.string,):
            original = m.id if isinstance(m.id, str) else m.id[0]
            if m.id and PLACES.findall(original):
                assert PLACES.findall(text), m.id
            assert set(PLACES.findall(text)) <= set(PLACES.findall(str(m.id))), m.id


@pytest.mark.parametrize("kind", ["templates/*.html", "static/*.css", "static/*.js"])
def test_pages_are_written_in_lines_that_can_be_read(kind):
    files = sorted((ROOT / "web").glob(kind))
    assert files
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [n for n, line in enumerate(lines, 1) if len(line) > 120] == [], path.name


def test_no_merge_was_left_half_done():
    left = re.compile(r"^(<{7} |>{7} )", re.MULTILINE)
    for top in ("bench", "docs", "ingest", "kb", "tests", "web"):
        for path in (ROOT / top).rglob("*"):
            if path.suffix in {".css", ".html", ".js", ".json", ".md", ".po", ".py"}:
                assert not left.search(path.read_text(encoding="utf-8")), path


PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")


def described(kind: type, name: str) -> str:
    """What the code says of a setting."""

    def descriptions(hint):
        for part in getattr(hint, "__metadata__", ()):
            yield getattr(part, "description", None)
        for inner in get_args(hint)[:1]:
            yield from descriptions(inner)

    hint = get_type_hints(kind, include_extras=True)[name]
    return next(text for text in descriptions(hint) if text)


def test_every_setting_is_documented_as_the_code_describes_it():
    rows = (ROOT / "docs/configuration.md").read_text(encoding="utf-8").splitlines()
    cells = [[c.strip(" `") for c in row.split("|")[1:4]] for row in rows if row.startswith("| `")]
    wanted = {name: described(Settings, name) for name in TOP_LEVEL}
    defaults = {}
    for section, kind in SECTIONS.items():
        for field in msgspec.structs.fields(kind):
            wanted[f"{section}.{field.name}"] = described(kind, field.name).strip("`")
            if field.default not in {"", ()}:
                defaults[f"{section}.{field.name}"] = str(field.default)
    assert {key: text for key, _, text in cells} == wanted
    shown = {key: default for key, default, _ in cells if default and key not in TOP_LEVEL}
    assert shown == {k: v.lower() if v in {"True", "False"} else v for k, v in defaults.items()}


def test_the_newest_migration_is_the_one_the_code_wants():
    scripts = sorted((ROOT / "kb/catalog/migrations/versions").glob("*.py"))
    assert scripts[-1].name.startswith(migrating.HEAD)


def test_migrations_give_the_tables_that_the_code_describes(tmp_path):
    database.open_catalog(settings_module.load({"data_dir": str(tmp_path)}, {})).close()
    found = inspect(create_engine(f"sqlite:///{tmp_path}/catalog.sqlite3"))
    for table in metadata.tables.values():
        assert {c["name"] for c in found.get_columns(table.name)} == set(table.columns.keys())


@pytest.mark.case("R26")
def test_a_catalog_of_the_first_schema_is_migrated_with_what_is_in_it(tmp_path):
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "kb/catalog/migrations"))
    engine = create_engine(f"sqlite:///{tmp_path}/catalog.sqlite3")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("INSERT INTO vectors VALUES ('m', 'h', x'00')")
    catalog = database.open_catalog(settings_module.load({"data_dir": str(tmp_path)}, {}))
    with catalog.reading() as connection:
        rows = connection.exec_driver_sql("SELECT model, hash, kept_at FROM vectors").all()
        assert (
            connection.exec_driver_sql("SELECT * FROM alembic_version").scalar() == migrating.HEAD
        )
    catalog.close()
    assert rows == [("m", "h", 0.0)]


@pytest.mark.case("R26")
@pytest.mark.parametrize("schema", ["0001", "0002", "0003", "0004", "0005"])
def test_what_refers_to_a_table_that_is_migrated_stays(tmp_path, schema):
    """Sources with their documents, people with their groups, from every earlier schema."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "kb/catalog/migrations"))
    engine = create_engine(f"sqlite:///{tmp_path}/catalog.sqlite3")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, schema)
        for statement in (
            "INSERT INTO sources (id, name, root, created_at) VALUES (1, 'files', '/srv', 1)",
            "INSERT INTO source_readers VALUES (1, 'group:crew'), (1, 'owner')",
            "INSERT INTO documents (id, source_id, raw_path, path, state, bytes, chunks, tries, held,"
            " added_at) VALUES (1, 1, x'61', 'a', 'waiting', 0, 0, 0, 0, 1)",
            "INSERT INTO groups (id, name) VALUES (1, 'crew')",
            "INSERT INTO people (id, name) VALUES (1, 'ada')",
            "INSERT INTO memberships (person_id, group_id) VALUES (1, 1)",
        ):
            connection.exec_driver_sql(statement)
    catalog = database.open_catalog(settings_module.load({"data_dir": str(tmp_path)}, {}))
    with catalog.reading() as connection:
        who = access.person(connection, "ada")
        rows = ledger.rows(connection, who, LedgerFilter())
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    catalog.close()
    assert who.tokens == {"everyone", "person:ada", "group:crew"}
    assert not who.administrator
    assert [r.path for r in rows] == ["a"]


def test_constraints_pin_versions_and_name_no_address():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!-]+( ;.*)?", line) for line in lines)


def test_samples_are_as_promised():
    asked = [json.loads(line) for line in samples.questions().read_text().splitlines()]
    files = {p.name for p in samples.documents().iterdir()}
    assert len(asked) >= 30
    assert any(q["unanswerable"] for q in asked)
    assert {p.suffix for p in samples.documents().iterdir()} >= {
        ".docx",
        ".pptx",
        ".xlsx",
        ".pdf",
        ".odt",
        ".html",
        ".eml",
        ".md",
        ".csv",
    }
    for question in asked:
        for evidence in question["evidence"]:
            assert evidence["doc"].split(" › ")[0] in files


@pytest.mark.case("S57")
def test_compose_publishes_the_portal_and_nothing_else():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = compose["services"]
    assert {"proxy", "web", "worker", "qdrant", "ollama", "postgres"} <= set(services)
    published = {n: s["ports"] for n, s in services.items() if s.get("ports")}
    assert published == {"proxy": ["${PORT:-8443}:8443"]}
    for name, service in services.items():
        image = service.get("image", "")
        if "build" not in service:
            assert re.search(r":[\w.-]*\d", image), name
        assert not image.endswith(":latest")
        assert "healthcheck" in service, name
    assert all(services[n]["user"] not in ("root", "0") for n in ("web", "worker"))
    assert "QDRANT__SERVICE__API_KEY" in json.dumps(services["qdrant"])
    assert any("gpu" in s.get("profiles", []) for s in services.values())
    assert set(compose["volumes"])
