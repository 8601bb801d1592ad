"""Fixtures. One embedder serves every test; each test has a data directory of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

os.environ["KB_TEST_GUARDS"] = "1"  # before the catalog is loaded, here and in every child

from ingest.parsers import kinds
from kb import access, rendering, samples, sandbox
from kb import settings as settings_module
from kb.catalog import database, sources
from kb.catalog.sources import Following
from kb.cli.ingesting import run_of
from kb.engines.calling import EngineClient
from kb.knowledge_base import KnowledgeBase
from tests.postgresql import PostgreSQL, programs
from tests.warm import WarmEngines

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
EVERY_PART = bool(os.environ.get("KB_TEST_ALL_PARTS"))

sandbox.preload((*kinds.EVERYTHING, *rendering.MODULES))


def missing(what: str) -> None:
    """Skip with a line that says what to install; in CI nothing may be missing."""
    if EVERY_PART:
        pytest.fail(f"missing in CI: {what}")
    pytest.skip(f"not installed here: {what}")


def shared_data(name: str) -> Path:
    """A folder of development data, which is not part of the project."""
    folder = SHARED / name
    if not folder.exists():
        pytest.skip(f"development data {name} is not beside the project")
    return folder


@pytest.fixture(scope="session")
def embedder_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("e")
    yield folder
    for process in psutil.process_iter(["cmdline"]):
        if str(folder) in " ".join(process.info["cmdline"] or []):
            process.terminate()


@pytest.fixture(scope="session", autouse=True)
def warm_engines():
    """Where a test starts an index engine from its own process, it is forked from a loaded one."""
    engines = None

    def launch(client):
        nonlocal engines
        if client._module != "kb.engines.indexer":
            return cold(client)
        engines = engines or WarmEngines()
        return engines.launch(client)

    cold, EngineClient._launch = EngineClient._launch, launch
    yield cold
    EngineClient._launch = cold
    if engines:
        engines.close()


@pytest.fixture
def cold_engines(warm_engines, monkeypatch):
    """Engines start here as the product starts them."""
    monkeypatch.setattr(EngineClient, "_launch", warm_engines)


@pytest.fixture(scope="session")
def postgresql():
    """A server for the whole session."""
    if not programs():
        missing("PostgreSQL (apt-get install postgresql)")
    server = PostgreSQL(programs(), free_port())
    yield server
    server.stop()


@pytest.fixture
def postgres(postgresql):
    """The URL of a new catalog in PostgreSQL."""
    return postgresql.database()


@pytest.fixture(scope="session")
def catalog_url(request):
    """Gives each test's catalog: SQLite's, or, for ``KB_TEST_CATALOG=postgresql``, a new one there."""
    if os.environ.get("KB_TEST_CATALOG") == "postgresql":
        server = request.getfixturevalue("postgresql")
        template = server.database()
        database.open_catalog(settings_module.load({}, {"KB_CATALOG__URL": template})).close()
        return lambda: server.database(like=template)
    return lambda: ""


@pytest.fixture(scope="session")
def new_catalog(tmp_path_factory) -> Path:
    """An empty SQLite catalog of the newest schema: a migration a session, not one a test."""
    folder = tmp_path_factory.mktemp("catalog")
    made = settings_module.load({"data_dir": str(folder)}, {})
    database.open_catalog(made).close()
    return folder / "catalog.sqlite3"


@pytest.fixture
def environment(tmp_path, embedder_dir, catalog_url):
    """The environment of a command that works in this test's data directory."""
    yield environment_in(tmp_path, embedder_dir, catalog_url())
    stop_engines(tmp_path / "data")


def environment_in(base: Path, embedder_dir: Path, catalog: str = "") -> dict[str, str]:
    """The environment of a command whose data directory is in ``base``."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("KB_", "OLLAMA"))}
    return kept | {
        "KB_DATA_DIR": str(base / "data"),
        "KB_ENGINES__EMBEDDER_DIR": str(embedder_dir),
        "KB_ENGINES__START_SECONDS": "600",
        "KB_LLM__PROVIDER": "none",
        **({"KB_CATALOG__URL": catalog} if catalog else {}),
        "XDG_CONFIG_HOME": str(base / "config"),
        "KB_TEST_GUARDS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def stop_engines(data: Path) -> None:
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "kb.engines.indexer" in command and str(data) in " ".join(command):
            process.terminate()
            process.wait(20)


@pytest.fixture
def settings(environment):
    return settings_module.load({}, {k: v for k, v in environment.items() if k.startswith("KB_")})


@pytest.fixture
def command(environment, tmp_path):
    """Run ``kb`` as a process; returns its JSON."""

    def run(*arguments: str, code: int = 0, env: dict[str, str] | None = None):
        done = subprocess.run(
            [sys.executable, "-m", "kb", *arguments, "--json"],
            env=environment | (env or {}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == code, done.stderr + done.stdout
        assert len(done.stdout.strip().splitlines()) == 1, done.stdout
        return json.loads(done.stdout)

    return run


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 80 MB, where this machine lets us have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    stop_engines(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


class House:
    """A knowledge base with one source, and verbs to work on it."""

    def __init__(self, settings, root: Path):
        self.kb = KnowledgeBase(settings)
        self.root = root
        self.owner = access.owner()
        root.mkdir(exist_ok=True)

    def follow(self, name: str = "files", readers=(), root: Path | None = None, **following):
        folder = root or self.root
        folder.mkdir(exist_ok=True)
        with self.kb.catalog.writing() as c:
            return sources.add(
                c,
                name,
                str(folder),
                access.readers(c, list(readers) or [access.EVERYONE]),
                Following(**following),
            )

    async def ingest(self, name: str = "files", **options):
        return await run_of(self.kb, self.kb.source(name)).run(**options)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    async def paths(self, question: str, who=None) -> list[str]:
        found = await self.kb.search(question, who or self.owner, 10)
        return [p.chunk.path for p in found.passages]

    def ledger(self) -> dict[str, object]:
        from kb.catalog.ledger import LedgerFilter

        return {r.path: r for r in self.kb.files(self.owner, LedgerFilter())}


@pytest.fixture
async def house(settings, tmp_path, new_catalog):
    if not settings.catalog.url:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(new_catalog, settings.data / "catalog.sqlite3")
    made = House(settings, tmp_path / "files")
    yield made
    await made.kb.close()


@pytest.fixture(scope="session")
def sample_server(tmp_path_factory, embedder_dir, catalog_url):
    """``kb serve`` over the sample documents, as a process; gives its address."""
    base = tmp_path_factory.mktemp("s")
    environment = environment_in(base, embedder_dir, catalog_url())
    kb(environment, base, "source", "add", "samples", str(samples.documents()))
    kb(environment, base, "ingest")
    server = Serving(environment, base)
    yield server
    server.stop()
    stop_engines(base / "data")


def kb(environment, folder: Path, *arguments: str):
    done = subprocess.run(
        [sys.executable, "-m", "kb", *arguments, "--json"],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


class Serving:
    """A running ``kb serve``."""

    def __init__(self, environment, folder: Path, port: int = 0):
        self.environment = environment
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kb", "serve", "--port", str(port)],
            env=environment,
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.address = self._wait_until_ready()
        wait_for(lambda: httpx.get(self.address + "/ready", timeout=90).status_code == 200, 90)

    def _wait_until_ready(self) -> str:
        for line in self.process.stderr:
            if "ready at " in line:
                return line.split("ready at ")[1].split()[0]
        raise AssertionError("kb serve ended before it was ready")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def wait_for(condition, seconds: float = 20.0):
    """Poll until a condition holds; the only waiting that tests do."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name: str, hint: str) -> str:
    found = shutil.which(name)
    if found is None:
        missing(hint)
    return found
