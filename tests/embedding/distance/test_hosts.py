"""``kb embedder`` on hosts of its own, here on ports: killed while others embed by it."""

import asyncio
import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from kb.cli.ingesting import run_of
from kb.embedding.distance import client
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from tests.parts.embedders import KEY, EmbedderProcess, far
from tests.parts.processes import HANGING, PLAIN, Serving, kb, run_kb

FILES, SENTENCES = 6, 120


def write(folder, name: str) -> None:
    """Texts of some pages, none like another: each passage has to be embedded."""
    folder.mkdir(exist_ok=True)
    for number in range(FILES):
        lines = [
            f"Lock {name}{number} has pump {n}, oiled on day {n} by {name}."
            for n in range(SENTENCES)
        ]
        (folder / f"{name}{number}.txt").write_text("\n\n".join(lines))


@pytest.fixture
def hosts(tmp_path, embedder_dir):
    """Two embedders, each a process."""
    made = [EmbedderProcess(tmp_path / name, embedder_dir) for name in ("one", "two")]
    yield made
    for one in made:
        with contextlib.suppress(ProcessLookupError):
            one.kill()


@pytest.mark.slow
async def test_one_is_killed_while_files_are_read_and_questions_asked(
    hosts, house, embedder_dir, tmp_path, monkeypatch
):
    """Nothing is lost and nobody sees an error; it comes back, and then the other one is killed."""
    monkeypatch.setattr(client, "SLICE_TEXTS", 4)
    house.follow()
    write(house.root, "a")
    kb = KnowledgeBase(far(house.kb.settings, *(one.address for one in hosts)))
    source = kb.sources.named("files")
    answers, kept = [], []

    async def ask(until: asyncio.Task) -> None:
        while not until.done():
            answers.append(await kb.embeddings.query(f"Which pump is oiled on day {len(answers)}?"))

    def keep(self, model, new, known=type(run_of(kb, source).preparer)._keep):
        known(self, model, new)
        kept.extend(new)

    monkeypatch.setattr(type(run_of(kb, source).preparer), "_keep", keep)
    try:
        reading = asyncio.create_task(run_of(kb, source).run())
        asking = asyncio.create_task(ask(reading))
        while not kept:
            assert not reading.done()
            await asyncio.sleep(0.01)
        hosts[0].kill()
        assert not reading.done()
        counts = await reading
        await asking
        assert (counts.indexed, counts.failed) == (FILES, 0)
        assert len(answers) > 1
        assert not any((await kb.upkeep.check()).values())
        port = int(hosts[0].address.rpartition(":")[2])
        back = EmbedderProcess(tmp_path / "one", embedder_dir, port)
        hosts[1].kill()
        hosts[1] = back
        found = await kb.search.passages("pump 7 of lock a3", access.owner(), 10)
        assert found.passages
    finally:
        await kb.close()


@pytest.mark.slow
@pytest.mark.real
def test_an_index_node_two_embedders_and_three_hosts_that_read(
    hosts, postgresql, postgresql_template, environment, tmp_path
):
    """Three processes read a source each and embed nothing themselves, a service answers meanwhile.

    One embedder is killed in the middle.
    """
    url = postgresql.database(like=postgresql_template)
    environment = environment | {
        "KB_CATALOG__URL": url,
        "KB_ENGINES__EMBEDDER_URL": ",".join(one.address for one in hosts),
        "KB_ENGINES__EMBEDDER_KEY": KEY,
        # Nobody could embed here: there is no such folder, and none can be made.
        "KB_ENGINES__EMBEDDER_DIR": "/proc/none",
    }
    names = ("a", "b", "c")
    for name in names:
        write(tmp_path / name, name)
        kb(environment, tmp_path, "source", "add", name, str(tmp_path / name))
    server = Serving(environment, tmp_path)
    try:
        with ThreadPoolExecutor(4) as side_by_side:
            reading = [side_by_side.submit(kb, environment, tmp_path, "ingest", n) for n in names]
            asked = 0
            while not all(one.done() for one in reading):
                answer = httpx.get(
                    f"{server.address}/api/v1/search?q=pump%20{asked}",
                    timeout=HANGING,
                    verify=PLAIN,
                )
                assert answer.status_code == 200, answer.text
                asked += 1
                if asked == 3:
                    hosts[0].kill()
            counts = [one.result() for one in reading]
        assert [(one["indexed"], one["failed"]) for one in counts] == [(FILES, 0)] * 3
        assert asked > 3
        assert not any(kb(environment, tmp_path, "check").values())
        told = kb(environment, tmp_path, "status")["embedders"]
        assert [one["reason"] for one in told] == ["away", None]
        shown = run_kb(environment, tmp_path, "status").stdout
        assert f"Embedder: {hosts[0].address} does not answer" in shown
        assert KEY not in shown
    finally:
        server.stop()
        postgresql.drop(url)


def test_it_ends_when_it_is_asked_to(tmp_path, embedder_dir):
    one = EmbedderProcess(tmp_path / "one", embedder_dir)
    assert httpx.get(f"{one.address}/health", timeout=HANGING, verify=PLAIN).status_code in {
        200,
        503,
    }
    assert one.stop() == 0
    assert KEY not in one.said()


@pytest.mark.parametrize(
    ("more", "arguments", "words"),
    [
        ({}, ("--host", "0.0.0.0"), "Set a key"),
        ({}, ("--host", "192.0.2.7"), "Set a key"),
        ({"KB_ENGINES__EMBEDDER_URL": "http://gpu.lan:8001"}, (), "it has no embedder to serve"),
    ],
)
def test_it_does_not_start_where_it_must_not(environment, tmp_path, more, arguments, words):
    done = run_kb(environment | more, tmp_path, "embedder", *arguments, "--port", "0")
    assert done.returncode == 1
    assert words in done.stderr


def test_it_says_that_its_port_is_taken(environment, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_kb(environment, tmp_path, "embedder", "--port", port)
    assert (done.returncode, f"Port {port} on 127.0.0.1 cannot be used" in done.stderr) == (1, True)
