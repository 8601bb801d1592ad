"""Nobody waits for the catalog but who writes into it; and reading needs no writing."""

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from tests.parts.processes import PLAIN, HANGING, Serving, environment_in, kb, stop_engines

PASSWORD = "a quiet harbour at dawn"


@contextmanager
def locked(environment, data):
    """Another program holds the catalog for writing until this ends."""
    url = environment.get("KB_CATALOG__URL", "")
    if url.startswith("postgresql"):
        with psycopg.connect("postgresql://" + url.partition("://")[2]) as other:
            names = other.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            for (name,) in names.fetchall():
                other.execute(f'LOCK TABLE "{name}" IN EXCLUSIVE MODE')
            try:
                yield
            finally:
                other.rollback()
        return
    other = sqlite3.connect(data / "catalog.sqlite3", isolation_level=None, timeout=300)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


class Site:
    """``kb serve`` with one person in it, who has read a document."""

    def __init__(self, environment, base):
        self.environment, self.base = environment, base
        files = base / "files"
        files.mkdir()
        (files / "ferry.txt").write_text("The ferry to the island leaves at seven.")
        kb(environment, base, "source", "add", "files", str(files))
        kb(environment, base, "ingest")
        subprocess.run(
            [sys.executable, "-m", "kb", "user", "add", "anna", "--administrator",
             "--password-stdin", "--json"],
            env=environment, cwd=base, input=PASSWORD + "\n", text=True, check=True,
            capture_output=True,
        )  # fmt: skip
        self.token = kb(environment, base, "user", "token", "anna")["token"]
        self.server = Serving(environment, base)
        self.client = self.browser()
        answer = self.client.post("/login", data={"name": "anna", "password": PASSWORD})
        assert answer.status_code == 303, answer.text

    def browser(self, **headers) -> httpx.Client:
        address = self.server.address
        headers = {"Origin": address, "Accept": "application/json"} | headers
        return httpx.Client(base_url=address, headers=headers, timeout=HANGING, verify=PLAIN)


@pytest.fixture
def site(environment, tmp_path):
    made = Site(environment, tmp_path)
    yield made
    made.server.stop()


def begun(call):
    """Something under way on a thread, and what it gave in the end."""
    given = []
    thread = threading.Thread(target=lambda: given.append(call()))
    thread.start()
    return thread, given


@pytest.mark.slow
@pytest.mark.case("N17")
def test_the_loop_goes_on_while_another_process_writes(site, tmp_path):
    """Uploads, a paused source, a changed one and a run wait for the catalog; nobody else."""
    slow = site.browser()
    slow.cookies = site.client.cookies
    changes = {
        "upload": lambda: slow.post(
            "/api/v1/uploads?name=a.txt&readers=everyone", content=b"A small file."
        ),
        "pause": lambda: slow.post("/sources/files", data={"action": "pause"}),
        "readers": lambda: slow.post(
            "/sources/files", data={"action": "change", "readers": "person:anna"}
        ),
        "run": lambda: slow.post("/api/v1/sources/files/run"),
    }
    site.client.get("/documents")
    for name, change in changes.items():
        with locked(site.environment, tmp_path / "data"):
            thread, given = begun(change)
            for _ in range(5):
                assert site.client.get("/health").status_code == 200, name
                time.sleep(0.1)
            assert not given, f"{name} did not wait: the catalog was not locked"
        thread.join(HANGING)
        assert given[0].status_code in {201, 202, 303}, (name, given[0].text)


@pytest.mark.slow
@pytest.mark.case("N17")
def test_people_go_on_reading_while_the_catalog_is_locked(site, tmp_path):
    """Sessions, tokens and what was opened are noted behind; searching and reading go on."""
    number = site.client.get("/api/v1/search?q=ferry").json()["hits"][0]["document_id"]
    _make_old(site, tmp_path)
    with_token = site.browser(Authorization=f"Bearer {site.token}")
    with locked(site.environment, tmp_path / "data"):
        _read_everything(site.client, number)
        _read_everything(with_token, number)


@pytest.mark.slow
@pytest.mark.case("N17")
def test_people_go_on_reading_on_a_full_disk(tmp_path, embedder_dir, small_disk):
    """With no byte left, whoever is signed in goes on searching and reading."""
    environment = environment_in(tmp_path, embedder_dir) | {
        "KB_DATA_DIR": str(small_disk / "data"),
        "KB_INGEST__MIN_FREE_MB": "1",
    }
    site = Site(environment, tmp_path)
    number = site.client.get("/api/v1/search?q=ferry").json()["hits"][0]["document_id"]
    _make_old(site, small_disk)
    with_token = site.browser(Authorization=f"Bearer {site.token}")
    time.sleep(2)  # what was noted behind so far is written
    free = shutil.disk_usage(small_disk).free
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "ballast").write_bytes(bytes(free + 1024**2))
    assert shutil.disk_usage(small_disk).free == 0
    for _ in range(3):  # the notes behind fail meanwhile
        _read_everything(site.client, number)
        _read_everything(with_token, number)
        time.sleep(1.2)
    (small_disk / "ballast").unlink()
    site.server.stop()
    stop_engines(small_disk / "data")


def _make_old(site, base) -> None:
    """Session and token were last used long ago: their use has to be noted."""
    url = site.environment.get("KB_CATALOG__URL", "")
    if url.startswith("postgresql"):
        with psycopg.connect("postgresql://" + url.partition("://")[2]) as other:
            other.execute("UPDATE sessions SET seen_at = seen_at - 3600")
        return
    other = sqlite3.connect(base / "data" / "catalog.sqlite3", timeout=300)
    other.execute("UPDATE sessions SET seen_at = seen_at - 3600")
    other.commit()
    other.close()


def _read_everything(client, number) -> None:
    for path in (
        "/api/v1/search?q=ferry",
        "/api/v1/facets",
        "/api/v1/suggest?q=ferry",
        "/api/v1/files",
        "/api/v1/sources",
        "/api/v1/searches",
        f"/documents/{number}",
        f"/documents/{number}/original",
        "/documents",
        "/documents.csv",
        "/",
        "/account",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
