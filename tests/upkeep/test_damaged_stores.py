"""An index or a catalog whose files are damaged: told in plain words, with what heals it."""

import os

import httpx
import pytest

from kb.errors import DamagedError
from kb.index.base import DENSE
from kb.index.edge import EdgeIndex
from tests.index.points import SIZE, point, query
from tests.parts.processes import PLAIN, Serving, kb, run_kb, stop_engines


def truncate(file) -> None:
    with file.open("r+b") as opened:
        opened.truncate(0)


DAMAGE = {
    "vectors": ("vector_storage-dense/vectors/chunk_0.mmap", truncate),
    "a status of vectors": ("vector_storage-dense/deleted/status.dat", truncate),
    "payload": ("payload_storage/page_0.dat", truncate),
    "a gone payload": ("payload_storage/page_0.dat", lambda f: f.unlink()),
    "the segment's description": ("segment.json", truncate),
    "the configuration": ("edge_config.json", truncate),
    "garbage in the payload": (
        "payload_storage/page_0.dat",
        lambda f: f.write_bytes(os.urandom(4000) + f.read_bytes()[4000:]),
    ),
    "the log": ("first-index", lambda f: f.write_bytes(b"\xff" * 15)),
}


def damage(generation, which: str) -> None:
    name, how = DAMAGE[which]
    for file in [f for f in generation.rglob("*") if str(f).endswith(name)]:
        how(file)


@pytest.mark.case("N06")
@pytest.mark.parametrize("which", [w for w in DAMAGE if w != "the log"])
async def test_every_damage_of_an_index_is_named_with_what_heals_it(tmp_path, which):
    """`kb reindex`; panics of the engine's own language included. None kills the process."""
    index = EdgeIndex(tmp_path)
    await index.create("g1", {DENSE: SIZE})
    await index.upsert("g1", [point(n, f"Passage {n} about ferries") for n in range(30)])
    await index.flush("g1")
    await index.verify("g1")
    await index.close()
    damage(tmp_path / "g1", which)
    again = EdgeIndex(tmp_path)
    with pytest.raises(DamagedError, match="kb reindex") as problem:
        await again.verify("g1")
    assert problem.value.code == "index_damaged"
    await again.drop("g1")  # and what is damaged can be thrown away
    assert not (tmp_path / "g1").exists()
    await again.create("g2", {DENSE: SIZE})
    await again.upsert("g2", [point(1, "Ferries")])
    assert (await again.query("g2", query("ferries"))).lists
    await again.close()


@pytest.fixture
def filled(environment, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("The ferry to the island leaves at seven.")
    kb(environment, tmp_path, "source", "add", "files", str(tmp_path / "files"))
    kb(environment, tmp_path, "ingest")
    stop_engines(tmp_path / "data")
    return tmp_path / "data"


@pytest.mark.case("N06")
def test_a_damaged_index_from_the_commands_and_the_web(filled, environment, tmp_path):
    """Search, ask and check say what to do, in one line; the web says 503; --repair does it."""
    [generation] = (filled / "index").iterdir()
    damage(generation, "vectors")
    damage(generation, "the segment's description")
    for arguments in (["search", "ferry"], ["ask", "When does the ferry leave?"], ["check"]):
        done = run_kb(environment, tmp_path, *arguments)
        assert done.returncode == 1, arguments
        assert "kb reindex" in done.stderr, arguments
        assert "Traceback" not in done.stderr + done.stdout, arguments
    server = Serving(environment, tmp_path, unready=True)
    try:
        found = httpx.get(
            f"{server.address}/api/v1/search", params={"q": "ferry"}, timeout=300, verify=PLAIN
        )
        assert (found.status_code, found.json()["error"]["code"]) == (503, "index_damaged")
    finally:
        server.stop()
    healed = kb(environment, tmp_path, "check", "--repair")
    assert set(healed.values()) == {0}
    [hit] = kb(environment, tmp_path, "search", "ferry")["hits"]
    assert hit["document"] == "a.txt"


COMMANDS = (
    ["status"], ["files"], ["search", "ferry"], ["ask", "Ferry?"], ["check"], ["check", "--repair"],
    ["reindex"], ["ingest"], ["source", "list"], ["user", "list"], ["group", "list"],
    ["audit", "verify"], ["purge", "a.txt", "--yes"], ["serve", "--port", "0"],
)  # fmt: skip


def malformed(file) -> None:
    content = bytearray(file.read_bytes())
    content[100:] = b"\xa5" * (len(content) - 100)
    file.write_bytes(content)


@pytest.mark.case("N06")
@pytest.mark.parametrize(
    "how",
    [
        lambda f: f.write_bytes(b"this is not a database, it is a letter " * 200),
        lambda f: f.write_bytes(f.read_bytes()[: f.stat().st_size // 3]),
        malformed,
    ],
    ids=["not a database", "truncated", "malformed pages"],
)
def test_a_damaged_catalog_is_named_by_every_command(filled, environment, tmp_path, how):
    """No traceback; what there is to do."""
    if "KB_CATALOG__URL" in environment:
        pytest.skip("SQLite's file")
    [file] = filled.glob("catalog*.sqlite3")
    for beside in filled.glob("catalog*.sqlite3-*"):
        beside.unlink()
    how(file)
    for arguments in COMMANDS:
        done = run_kb(environment, tmp_path, *arguments)
        assert done.returncode == 1, (arguments, done.stderr)
        assert "Traceback" not in done.stderr, (arguments, done.stderr[-800:])
        assert "backup" in done.stderr, (arguments, done.stderr)
