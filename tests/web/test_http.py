"""The HTTP side of ``kb serve``, as a process."""

import json
import os
import signal

import httpx
import psutil
import pytest

from tests.cli.test_commands import ASK_KEYS, FILE_KEYS, HIT_KEYS
from tests.parts.processes import PLAIN


@pytest.fixture
def web(sample_server):
    with httpx.Client(
        base_url=sample_server.address, timeout=300, verify=PLAIN, trust_env=False
    ) as client:
        yield client


def events(response) -> list[tuple[str, dict]]:
    found = []
    for block in response.text.strip().split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_alive_and_ready_without_a_language_model(web):
    assert web.get("/health").json() == {"status": "ok"}
    assert web.get("/ready").status_code == 200


def test_search(web):
    body = web.get("/api/v1/search", params={"q": "solar roof", "limit": 2}).json()
    assert len(body["hits"]) == 2
    assert all(set(h) == HIT_KEYS for h in body["hits"])


def test_ask_streams_passages_then_the_answer(web):
    response = web.post(
        "/api/v1/ask", json={"question": "How many buses are electric?", "conversation": None}
    )
    assert response.headers["content-type"].startswith("text/event-stream")
    [(first, passages), (last, answer)] = events(response)
    assert (first, last) == ("passages", "done")
    assert set(passages) == {"hits"}
    assert set(answer) == ASK_KEYS
    assert answer["citations"][0]["page"] == 2


def test_ask_gives_the_object_alone_for_json(web):
    response = web.post(
        "/api/v1/ask",
        json={"question": "How many buses are electric?"},
        headers={"Accept": "application/json"},
    )
    assert set(response.json()) == ASK_KEYS
    kept = web.get(f"/api/v1/answers/{response.json()['id']}").json()
    assert [c["quote"] for c in kept["citations"]] == [
        c["quote"] for c in response.json()["citations"]
    ]


def test_files_and_sources(web):
    files = web.get("/api/v1/files").json()["files"]
    assert len(files) == 14
    assert all(set(f) == FILE_KEYS for f in files)
    assert web.get("/api/v1/files", params={"state": "failed"}).json() == {"files": []}
    assert "samples" in {s["name"] for s in web.get("/api/v1/sources").json()["sources"]}


def test_the_description_names_every_api_route(web):
    paths = web.get("/schema").json()["paths"]
    assert {"/api/v1/search", "/api/v1/ask", "/api/v1/files", "/health", "/ready"} <= set(paths)


@pytest.mark.case("S07", "S62", "S64")
@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/api/v1/search?q=", {}, 400),
        ("GET", "/api/v1/search?q=x&limit=0", {}, 400),
        ("GET", "/api/v1/search?q=x&limit=1000000000", {}, 400),
        ("GET", "/api/v1/search?q=x&limit=ten", {}, 400),
        ("POST", "/api/v1/ask", {"json": {"question": ""}}, 400),
        ("POST", "/api/v1/ask", {"json": {"question": "x" * 3000}}, 400),
        ("POST", "/api/v1/ask", {"json": {"question": "x" * 1_000_000}}, 413),
        ("POST", "/api/v1/ask", {"json": {}}, 400),
        ("POST", "/api/v1/ask", {"json": [1]}, 400),
        (
            "POST",
            "/api/v1/ask",
            {"content": b"{", "headers": {"content-type": "application/json"}},
            400,
        ),
        ("POST", "/api/v1/ask", {"json": {"question": "x", "conversation": "c"}}, 404),
        ("GET", "/api/v1/files?state=odd", {}, 400),
        ("GET", "/api/v1/answers/none", {}, 404),
        ("GET", "/documents/999999", {}, 404),
        ("GET", "/documents/1/pages/99", {}, 404),
        ("GET", "/documents/..%2f..%2fetc%2fpasswd", {}, 404),
        ("GET", "/static/..%2f..%2fapp.py", {}, 404),
        ("GET", "/nothing", {}, 404),
        ("DELETE", "/api/v1/search", {}, 405),
    ],
)
def test_bad_requests_get_the_one_shape(web, method, path, options, status):
    response = web.request(method, path, **options)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"code", "message", "detail"}


@pytest.mark.case("S25")
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_sites_in_the_same_browser_are_refused(web, headers):
    """No page elsewhere reads the documents through the loopback port."""
    for path in ("/api/v1/search?q=leave", "/documents", "/nothing", "/static/home.js"):
        response = web.get(path, headers=headers)
        assert response.status_code == 403
        assert response.json()["error"]["code"] in {"foreign_host", "foreign_origin"}
    posted = web.post("/api/v1/ask", json={"question": "leave"}, headers=headers)
    assert posted.status_code == 403


@pytest.mark.case("S20", "S21")
def test_every_page_is_strict_about_what_it_loads(web):
    for path in ("/", "/documents", "/documents/1", "/nothing"):
        response = web.get(path, headers={"Accept": "text/html"})
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert " style=" not in response.text
        assert "http://" not in response.text.replace("http://127.0.0.1:11434", "").replace(
            "http://www.w3.org", ""
        )


@pytest.mark.case("S18")
def test_originals_are_downloads_that_no_browser_runs(web):
    html = next(
        f for f in web.get("/api/v1/search", params={"q": "biglietto singolo"}).json()["hits"]
    )
    response = web.get(f"/documents/{html['document_id']}/original")
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in response.headers["content-security-policy"]


@pytest.mark.case("S59")
def test_metrics_are_prometheus_text_without_questions(web):
    web.get("/api/v1/search", params={"q": "canary-question-4711"})
    web.get("/api/v1/search", params={"q": ""})
    response = web.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    lines = response.text.splitlines()
    assert 'commonplace_documents{state="indexed"}' in response.text
    assert "commonplace_access_alarms 0.0" in lines
    assert any(x.startswith('commonplace_failures_total{code="empty_question"} ') for x in lines)
    [count] = [line for line in lines if line.startswith("commonplace_search_seconds_count")]
    assert float(count.split()[1]) >= 2
    assert "canary" not in response.text


def test_pages_speak_german(web):
    assert (
        "Fragen Sie Ihre Dokumente"
        in web.get("/", headers={"Accept-Language": "de-CH,en;q=0.5"}).text
    )
    web.post("/language", data={"language": "de", "back": "/"}, headers={"Accept": "text/html"})
    assert "Dokumente" in web.get("/documents").text


@pytest.mark.case("N23")
@pytest.mark.parametrize("back", ["//elsewhere.example", "/\\elsewhere.example", "/\t/elsewhere"])
def test_choosing_a_language_leads_nobody_elsewhere(web, back):
    """As after signing in; browsers read a backslash as a slash, and drop tabs."""
    answer = web.post("/language", data={"language": "en", "back": back}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_an_engine_that_was_killed_is_back_at_the_next_call(web, sample_server):
    data = sample_server.environment["KB_DATA_DIR"]
    killed = 0
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if "kb.index.process" in command and data in command:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(300)
            killed += 1
    assert killed == 1
    assert web.get("/api/v1/search", params={"q": "solar roof"}).json()["hits"]


@pytest.mark.case("R31")
def test_serving_ends_on_sigterm(environment, tmp_path):
    from tests.parts.processes import Serving

    server = Serving(environment, tmp_path, cold=True)
    page = httpx.get(server.address + "/", trust_env=False).text
    assert "Add a folder" in page
    assert server.stop() == 0
