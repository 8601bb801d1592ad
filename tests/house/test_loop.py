"""The event loop never waits for the catalog, and reading needs no writing."""

import ast
import asyncio
import types
from pathlib import Path

import pytest

from kb.catalog.database import open_catalog

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def catalog(settings):
    opened = open_catalog(settings)
    yield opened
    opened.close()


def room(name: str, source: str) -> dict:
    """Names of a module that stands in a room of ours."""
    made = types.ModuleType(name)
    exec(compile(source, name, "exec"), made.__dict__)  # noqa: S102 - the test's own words
    return made.__dict__


ROOM = """
async def page(catalog, kind):
    with getattr(catalog, kind)():
        pass

def helper(catalog, kind):
    with getattr(catalog, kind)():
        pass

async def by_way_of_a_helper(catalog, kind):
    helper(catalog, kind)

async def on_a_thread(catalog, kind):
    await getattr(catalog, {"reading": "read", "writing": "write"}[kind])(helper, catalog, kind)

async def reads_and_writes(catalog, kind):
    await catalog.read(helper, catalog, "writing")
"""


@pytest.mark.case("N17")
@pytest.mark.parametrize("kind", ["reading", "writing"])
@pytest.mark.parametrize("name", ["web.pages.made_up", "ingest.made_up", "kb.made_up"])
def test_a_catalog_call_on_the_loop_fails(catalog, name, kind):
    """In the whole suite a coroutine of ours that uses the catalog on the loop's thread fails."""
    made = room(name, ROOM)
    for wrong in ("page", "by_way_of_a_helper"):
        with pytest.raises(AssertionError, match="on the event loop's thread"):
            asyncio.run(made[wrong](catalog, kind))
    asyncio.run(made["on_a_thread"](catalog, kind))


@pytest.mark.case("N17")
def test_a_callback_on_the_loop_fails_too(catalog):
    """What the loop itself calls is on the loop as well."""
    made = room("web.made_up", ROOM)

    async def called():
        loop = asyncio.get_running_loop()
        told = loop.create_future()
        loop.set_exception_handler(lambda _, context: told.set_result(context["exception"]))
        loop.call_soon(made["helper"], catalog, "reading")
        return await told

    assert isinstance(asyncio.run(called()), AssertionError)


@pytest.mark.case("N17")
def test_what_only_reads_may_not_write(catalog):
    """Whatever is run as reading cannot write, so reading needs no writing."""
    with pytest.raises(AssertionError, match="has written"):
        asyncio.run(room("web.made_up", ROOM)["reads_and_writes"](catalog, ""))


@pytest.mark.case("N16")
def test_the_pages_have_threads_of_their_own_kinds():
    """No page and no route uses the one pool of the library, which has no bound a person."""
    wrong = []
    for file in sorted((ROOT / "web").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = node.attr if isinstance(node, ast.Attribute) else ""
            name = node.arg if isinstance(node, ast.keyword) else name
            if name in {"to_thread", "run_in_executor", "sync_to_thread"}:
                wrong.append(f"{file.relative_to(ROOT)}")
    assert wrong == ["web/app.py"]  # the audit log is opened before anybody is served
