"""Fixtures. One embedder serves every test; each test has a data directory of its own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

os.environ["KB_TEST_GUARDS"] = "1"  # before the catalog is loaded, here and in every child

from ingest.parsers import kinds
from kb import settings as settings_module
from kb.accounts import passwords
from kb.catalog import groups
from kb.cli.working import Working
from kb.engines.calling import EngineClient
from kb.files import rendering, sandbox
from kb.rights import access
from tests.parts.browser import chromium, forms_sent
from tests.parts.bundled import bundle, installed
from tests.parts.databases import (
    catalog,
    catalog_kind,
    catalog_url,
    new_catalog,
    postgres,
    postgresql,
    postgresql_template,
    pytest_generate_tests,
)
from tests.parts.house import House
from tests.parts.models import gguf, llama_cpp, ollama
from tests.parts.portal import (
    PASSWORD,
    Portal,
    copy_furnished,
    furnished_once,
    make_furnished,
)
from tests.parts.processes import (
    environment_in,
    kb,
    serving_samples,
    stop_engines,
)
from tests.parts.sharing import (
    made_once,
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_sessionfinish,
    pytest_unconfigure,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
    shared_folder,
)
from tests.parts.warm import COUNTED, fork_engines, fork_runs, warm
from tests.parts.weights import models_dir, multilingual, wheel

__all__ = [
    "bundle",
    "catalog",
    "catalog_kind",
    "catalog_url",
    "chromium",
    "forms_sent",
    "gguf",
    "installed",
    "llama_cpp",
    "models_dir",
    "multilingual",
    "new_catalog",
    "ollama",
    "postgres",
    "postgresql",
    "postgresql_template",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_sessionfinish",
    "pytest_unconfigure",
    "pytest_xdist_auto_num_workers",
    "pytest_xdist_make_scheduler",
    "wheel",
]

settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")  # generated tests know no clock
sandbox.preload((*kinds.EVERYTHING, *rendering.MODULES, *COUNTED))


@pytest.fixture(scope="session")
def embedder_dir():
    """The embedder's, of which there is one, however many workers there are."""
    folder = shared_folder() / "e"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def warm_engines():
    """An engine that a test starts, or a run of its worker, is forked from a loaded process."""
    cold, cold_run = fork_engines(warm), fork_runs(warm)
    yield cold
    EngineClient._launch, Working._started = cold, cold_run
    if warm.cache_info().currsize:
        warm().close()


@pytest.fixture
def cold_engines(warm_engines, monkeypatch):
    """Engines start here as the product starts them."""
    monkeypatch.setattr(EngineClient, "_launch", warm_engines)


@pytest.fixture
def environment(tmp_path, embedder_dir, catalog_url):
    """The environment of a command that works in this test's data directory."""
    yield environment_in(tmp_path, embedder_dir, catalog_url)
    stop_engines(tmp_path / "data")


@pytest.fixture
def settings(environment):
    return settings_module.load({}, {k: v for k, v in environment.items() if k.startswith("KB_")})


@pytest.fixture
def command(environment, tmp_path):
    """Run ``kb`` as a process; returns its JSON."""

    def run(*arguments: str, code: int = 0, env: dict[str, str] | None = None):
        return kb(environment | (env or {}), tmp_path, *arguments, code=code)

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


@pytest.fixture(scope="session")
def furnished(embedder_dir, new_catalog) -> Path:
    """A portal's data directory and files: its documents are read once for all workers."""
    return furnished_once("f", embedder_dir, new_catalog)


@pytest.fixture(scope="session")
def furnished_postgresql(embedder_dir, postgresql, postgresql_template):
    """The same with its catalog in PostgreSQL: the database that others are like, and the folder."""

    def make(base: Path) -> None:
        (base / "data").mkdir(mode=0o700)
        url = postgresql.database(like=postgresql_template)
        make_furnished(base, environment_in(base, embedder_dir, url))
        (base / "url").write_text(url)

    base = made_once("fp", make)
    return (base / "url").read_text(), base


@pytest.fixture
async def house(request, settings, tmp_path, new_catalog):
    if "furnished" in request.fixturenames:
        on = "furnished_postgresql" if settings.catalog.url else "furnished"
        made = request.getfixturevalue(on)
        copy_furnished(made[1] if settings.catalog.url else made, settings, tmp_path / "files")
    elif not settings.catalog.url:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(new_catalog, settings.data / "catalog.sqlite3")
    made = House(settings, tmp_path / "files")
    yield made
    await made.kb.close()


@pytest.fixture(scope="session")
def sample_server(tmp_path_factory, embedder_dir):
    """``kb serve`` over the sample documents, as a process; gives its address."""
    with serving_samples(tmp_path_factory.mktemp("s"), embedder_dir) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def light_hashes():
    """Passwords are hashed lightly: each look at one takes 0.2 s of processor otherwise, on purpose."""
    heavy = passwords._HASHER
    with pytest.MonkeyPatch.context() as patch:
        light = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(passwords, "_HASHER", light)
        yield heavy


@pytest.fixture
def heavy_hashes(light_hashes, monkeypatch):
    """Passwords are hashed as the product hashes them."""
    monkeypatch.setattr(passwords, "_HASHER", light_hashes)


@pytest.fixture
async def portal(house, furnished):
    """The application over two documents, with a client for each person of the cast."""
    made = Portal(house)
    yield made
    await made.close()


@pytest.fixture
async def administrator(house):
    """An administrator's client; there is a group hr and no document."""
    with house.kb.catalog.writing() as connection:
        groups.add(connection, "hr")
    house.kb.accounts.add(access.owner(), "anna", (), administrator=True, password=PASSWORD)
    return await Portal(house).sign_in("anna")


@pytest.fixture
def document_of(portal):
    """The id of a document by its path."""
    rows = portal.house.ledger()
    return lambda path: rows[path].id
