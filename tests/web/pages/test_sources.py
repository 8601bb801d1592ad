"""Folders, uploads, the ledger's page and its export, over HTTP; what must not be possible."""

import csv
import io
import json
import re
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.parts.processes import Serving, environment_in, kb, stop_engines, wait_for


@pytest.fixture(scope="module")
def served(tmp_path_factory, embedder_dir):
    base = tmp_path_factory.mktemp("u")
    environment = environment_in(base, embedder_dir) | {
        "KB_INGEST__ROOTS": f"{base}/allowed",
        "KB_INGEST__MAX_FILE_MB": "2",
    }
    (base / "allowed/files/inner").mkdir(parents=True)
    (base / "allowed/files/a.txt").write_text("Storm drains are cleaned in October.")
    (base / "allowed/files/inner/=cmd.txt").write_text("Bridges are painted in June.")
    (base / "allowed/files/broken.docx").write_bytes(b"PK\x03\x04garbage")
    (base / "secret").mkdir()
    kb(environment, base, "status")
    server = Serving(environment, base)
    with httpx.Client(base_url=server.address, timeout=300, trust_env=False) as client:
        client.base = base
        yield client
    server.stop()
    stop_engines(base / "data")


def files(web, **params) -> dict[str, dict]:
    return {f["path"]: f for f in web.get("/api/v1/files", params=params).json()["files"]}


@pytest.fixture
def followed(served):
    """The folder, followed and read."""
    if not any(s["name"] == "files" for s in served.get("/api/v1/sources").json()["sources"]):
        add(served)
    wait_for(lambda: len(files(served, source="files")) == 3)
    wait_for(lambda: "waiting" not in {f["state"] for f in files(served, source="files").values()})
    return served


def add(web):
    folder = f"{web.base}/allowed/files"
    fields = {"name": "files", "path": folder, "watch": "on", "readers": "everyone"}
    return web.post("/sources", data=fields)


def test_a_folder_is_added_in_the_page_and_read_at_once(served):
    look = served.get("/api/v1/folders", params={"path": f"{served.base}/allowed/files"}).json()
    assert (look["files"], look["kinds"]["txt"], look["complete"]) == (3, 2, True)
    assert add(served).status_code == 303
    wait_for(lambda: len(files(served)) == 3 and files(served)["a.txt"]["state"] == "indexed")
    sources = {s["name"]: s for s in served.get("/api/v1/sources").json()["sources"]}
    assert sources["files"]["watch"]
    page = served.get("/sources", headers={"Accept": "text/html"}).text
    assert "soon after a change" in page


@pytest.mark.case("S03", "S04")
@pytest.mark.parametrize(
    "path", ["file:///etc/passwd", "http://127.0.0.1/", "/etc", "", "/nowhere"]
)
def test_other_folders_are_refused_and_never_opened(served, path):
    look = served.get("/api/v1/folders", params={"path": path})
    assert look.status_code == 400
    assert set(look.json()) == {"error"}
    assert served.post("/sources", data={"name": "x", "path": path}).status_code == 400
    link = served.base / "allowed" / "link"
    if not link.exists():
        link.symlink_to(served.base / "secret")
    assert served.get("/api/v1/folders", params={"path": str(link)}).status_code == 400


def upload(web, name: str, content: bytes):
    wanted = {"name": name, "readers": "everyone"}
    return web.post("/api/v1/uploads", params=wanted, content=content)


def uploaded(web) -> Path:
    """Where the files lie that were handed in."""
    found = web.get("/api/v1/sources").json()["sources"]
    return next(Path(s["path"]) for s in found if s["uploads"])


def test_an_upload_is_read_before_anything_else(served):
    stored = upload(served, "minutes.txt", b"The council chose green lamps.")
    assert stored.status_code == 201
    assert stored.json() == {"source": "Uploads", "path": "minutes.txt"}
    wait_for(
        lambda: files(served, source="Uploads").get("minutes.txt", {}).get("state") == "indexed"
    )
    hits = served.get("/api/v1/search", params={"q": "green lamps"}).json()["hits"]
    assert hits[0]["document"] == "minutes.txt"
    again = upload(served, "minutes.txt", b"The council chose red lamps.")
    assert again.json()["path"] == "minutes (2).txt"


@pytest.mark.case("S01")
@pytest.mark.parametrize(
    "name",
    ["../../evil.txt", "..\\..\\evil.txt", "/etc/evil.txt", "C:\\evil.txt", ".evil.txt",
     "..%2fevil.txt", "x" * 400 + "evil.txt", "evil\n.txt"],
)  # fmt: skip
def test_names_of_uploads_stay_in_their_folder(served, name):
    before = {p for p in served.base.rglob("*") if "data" not in p.parts}
    stored = upload(served, name, b"Evil words.")
    assert stored.status_code == 201
    assert (uploaded(served) / stored.json()["path"]).parent == uploaded(served)
    assert not stored.json()["path"].startswith(".")
    assert {p for p in served.base.rglob("*") if "data" not in p.parts} == before


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("", b"x", "bad_name"), ("..", b"x", "bad_name"), ("a\0evil.txt", b"x", "bad_text"),
     ("a.txt", b"", "empty"), ("a.txt", b"x" * (3 * 1024**2), "too_large")],
)  # fmt: skip
def test_bad_uploads_are_refused_and_leave_nothing(served, name, content, code):
    handed_in = lambda: sorted((served.base / "data").glob("uploads/**/*"))
    before = handed_in()
    refused = upload(served, name, content)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == code
    assert [p for p in handed_in() if p.is_file()] == [p for p in before if p.is_file()]


def test_an_upload_is_erased_with_its_file(served):
    stored = upload(served, "erase me.txt", b"Vermilion words to be erased.")
    wait_for(
        lambda: files(served, source="Uploads").get("erase me.txt", {}).get("state") == "indexed",
    )
    page = served.get(
        "/documents", params={"text": "erase me"}, headers={"Accept": "text/html"}
    ).text
    number = re.search(r'href="/documents/(\d+)">erase me', page)[1]
    assert (
        "Erase for good" in served.get(f"/documents/{number}", headers={"Accept": "text/html"}).text
    )
    assert served.post(f"/documents/{number}/erase").status_code == 303
    assert "erase me.txt" not in files(served, source="Uploads")
    assert not (uploaded(served) / stored.json()["path"]).exists()


@pytest.mark.slow
def test_an_upload_is_erased_with_a_statement(served, tmp_path):
    """A worker makes it; the page offers statement, signature and key, which minisign takes."""
    upload(served, "prove me.txt", b"Vermilion words to be erased with a statement.")
    wait_for(lambda: files(served, source="Uploads").get("prove me.txt", {}).get("chunks"))
    found = served.get("/documents?text=prove me", headers={"Accept": "text/html"}).text
    number = re.search(r'href="/documents/(\d+)">prove me', found)[1]
    done = served.post(f"/documents/{number}/erase", data={"proof": "yes"})
    assert (done.status_code, done.headers["location"]) == (303, "/administration#erasings")

    def page():
        return served.get("/administration", headers={"Accept": "text/html"}).text

    wait_for(lambda: "/administration/erasings/1/json" in page())
    for kind, name in (("1/json", "p"), ("1/minisig", "p.minisig"), ("key.pub", "key.pub")):
        content = served.get(f"/administration/erasings/{kind}")
        assert content.headers["content-disposition"].startswith("attachment")
        (tmp_path / name).write_bytes(content.content)
    assert json.loads((tmp_path / "p").read_bytes())["erased"]["documents"][0]["bytes"] == 46
    minisign = ("minisign", "-Vm", str(tmp_path / "p"), "-p", str(tmp_path / "key.pub"))
    assert subprocess.run(minisign, check=False).returncode == 0


def test_a_failed_file_is_tried_again_on_request(followed):
    row = files(followed)["broken.docx"]
    assert row["state"] == "failed"
    page = followed.get(
        "/documents", params={"state": "failed"}, headers={"Accept": "text/html"}
    ).text
    assert "damaged" in page
    number = re.search(r'href="/documents/(\d+)">broken.docx', page)[1]
    history = lambda: followed.get(
        f"/documents/{number}", headers={"Accept": "text/html"}
    ).text.count("It is damaged")
    before = history()
    done = followed.post("/documents/again", data={"document": number})
    assert done.status_code == 303
    wait_for(lambda: history() > before)


@pytest.mark.case("S55")
def test_the_export_holds_no_formulas(followed):
    response = followed.get("/documents.csv", params={"source": "files"})
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.text.lstrip("\ufeff"))))
    assert {r["path"] for r in rows} == {"a.txt", "broken.docx", "inner/=cmd.txt"}
    assert all(r["state"] for r in rows)
    from web.pages.exporting import _safe

    for bad in ("=1", "+1", "-1", "@a", "\tx", "\rx"):
        assert _safe(bad).startswith("'")


def test_folders_are_crumbs(followed):
    page = followed.get(
        "/documents", params={"folder": "inner", "source": "files"}, headers={"Accept": "text/html"}
    ).text
    assert "=cmd.txt" in page
    assert ">a.txt<" not in page


@pytest.mark.case("S07", "S08")
def test_paths_in_addresses_lead_nowhere(served):
    for path in ("/documents/..%2f..%2fetc%2fpasswd", "/static/..%2f..%2fapp.py", "/documents/1%2foriginal",
                 "/api/v1/sources/..%2f/run", "/sources/..%2f"):  # fmt: skip
        assert served.get(path).status_code in {404, 405}


def test_a_source_is_paused_changed_and_removed(followed):
    act = lambda **data: followed.post("/sources/files", data=data)
    assert act(action="pause").status_code == 303
    shown = lambda: {s["name"]: s for s in followed.get("/api/v1/sources").json()["sources"]}
    assert shown()["files"]["paused"]
    act(action="resume")
    bad = act(action="change", schedule="every day")
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "bad_schedule")
    act(action="change", schedule="0 2 * * *", exclude="inner/\n", max_file_mb="1")
    assert shown()["files"]["exclude"] == ["inner/"]
    assert shown()["files"]["next_run"]
    readers = shown()["files"]["readers"]
    act(action="change", readers="", schedule="0 2 * * *")
    assert shown()["files"]["readers"] == readers  # an empty field opens nothing
    assert act(action="remove", confirm="wrong").status_code == 400
    assert "files" in shown()
    act(action="remove", confirm="files")
    assert "files" not in shown()
    assert (followed.base / "allowed/files/a.txt").exists()
