"""``kb tune`` from end to end with the English model, by the command."""

import asyncio

import pytest
from sqlalchemy import select

from kb.catalog import audit
from kb.catalog.tables import tunings as table
from kb.failpoints import TOLD
from kb.knowledge_base import KnowledgeBase
from tests.parts import taught
from tests.parts.processes import kb, run_kb


@pytest.fixture
def furnished_town(environment, settings, tmp_path):
    """A town's documents, read by the command, with the right passage of every question."""
    taught.write(tmp_path / "town")
    kb(environment, tmp_path, "source", "add", "town", str(tmp_path / "town"))
    kb(environment, tmp_path, "ingest")
    base = KnowledgeBase(settings)
    taught.judge(base)
    base.catalog.close()
    return lambda *arguments, **more: kb(environment, tmp_path, *arguments, **more)


def rows(settings) -> list[tuple[int, str]]:
    base = KnowledgeBase(settings)
    try:
        with base.catalog.reading() as c:
            return list(c.execute(select(table.c.id, table.c.state).order_by(table.c.id)).tuples())
    finally:
        base.catalog.close()


def places(settings) -> list[float]:
    """The reciprocal place of the right passage of each question about one of the town's places."""

    async def asked() -> list[float]:
        base, found = KnowledgeBase(settings), []
        for question, file, matter in taught.questions()[: len(taught.MATTERS)]:
            hits = (await base.search.passages(question, base.principal(None), 10)).passages
            at = (
                n
                for n, hit in enumerate(hits, 1)
                if hit.chunk.path == file and matter in (hit.chunk.section or "")
            )
            found.append(1 / next(at, 1000))
        await base.close()
        return found

    return asyncio.run(asked())


@pytest.mark.slow
def test_a_town_learns_from_its_questions_and_goes_back(
    furnished_town, environment, settings, tmp_path
):
    """Killed when it has learned it leaves nothing; done, it finds more; rolled back, as before.

    Killed while it keeps what it learned: tests/tuning/test_tuning.py.
    """
    before = places(settings)
    done = run_kb(environment | {"KB_FAILPOINT": "tuning_learned"}, tmp_path, "tune", "--json")
    assert f"{TOLD}tuning_learned" in done.stderr
    assert rows(settings) == []
    assert places(settings) == before
    told = furnished_town("tune")
    assert (told["name"], told["live"], told["lost"]) == ("tuned-1", True, [])
    assert (told["questions"], len(told["documents"])) == (48, 12)
    assert told["origins"] == {"judged": 48}
    [model] = told["models"].values()
    assert model["used"]
    assert model["low"] > 0, "beyond chance on documents that were held out"
    assert [(one["name"], one["questions"]) for one in told["gate"]["sets"]] == [
        ("own", 48), ("shipped", 39),
    ]  # fmt: skip
    [first] = [one for one in told["gate"]["sets"][0]["rows"] if one["measure"] == "page_hit@1"]
    assert first["low"] > 0, "as the program searches, too"
    assert sum(places(settings)) > sum(before)
    assert_registered(furnished_town, told)
    assert_erased_is_named(furnished_town)
    assert furnished_town("tune", "rollback") == {"left": "tuned-1", "now": None}
    assert rows(settings) == [(1, "left")]
    again = furnished_town("tune", "rollback", code=1)
    assert again["error"]["code"] == "nothing_tuned"
    assert actions(settings) == ["model.tune", "model.rollback"]
    assert furnished_town("models", "remove", "tuned-1") == {"removed": "tuned-1"}
    assert rows(settings) == []


def assert_registered(command, told) -> None:
    listed = {one["name"]: one for one in command("models", "list")["models"]}
    assert listed["tuned-1"]["in_use"]
    assert listed["tuned-1"]["digest"] == told["sha256"]
    shown = command("models", "show", "tuned-1")
    facts = dict(shown["facts"])
    assert facts["Parent"].startswith("english, ")
    assert facts["Data SHA-256"] == told["data"]
    assert facts["From"] == "48 questions (48 judged) in 12 documents"
    assert shown["note"] == shown["problem"] == ""
    refused = command("models", "remove", "tuned-1", code=1)
    assert refused["error"]["code"] == "model_in_use"


def assert_erased_is_named(command) -> None:
    command("purge", taught.file_of("Museum"), "--yes")
    shown = command("models", "show", "tuned-1")
    assert dict(shown["facts"])["Gone"] == "1 of these documents are erased or removed"
    assert "kb tune learns anew" in shown["note"]
    assert command("models", "list")["models"][-1]["in_use"]


def actions(settings) -> list[str]:
    base = KnowledgeBase(settings)
    try:
        with base.catalog.reading() as c:
            found = [row.action for row in reversed(audit.page(c, limit=50))]
    finally:
        base.catalog.close()
    return [one for one in found if one in {"model.tune", "model.rollback"}]


def test_too_little_is_said_and_nothing_is_kept(environment, settings, tmp_path):
    taught.write(tmp_path / "town")
    kb(environment, tmp_path, "source", "add", "town", str(tmp_path / "town"))
    told = kb(environment, tmp_path, "tune", code=1)
    assert told["error"]["code"] == "no_index"
    kb(environment, tmp_path, "ingest")
    told = kb(environment, tmp_path, "tune", code=1)
    assert told["error"]["code"] == "too_few_questions"
    told = kb(environment, tmp_path, "tune", "--source", "nowhere", code=1)
    assert told["error"]["code"] == "not_found"
    assert rows(settings) == []
    said = run_kb(environment, tmp_path, "tune", "--source", "town").stderr
    assert "What is learned remembers" in said
    assert "of town" in said
