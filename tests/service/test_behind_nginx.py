"""The shipped files of nginx, before ``kb serve`` at a Unix socket, with TLS, at a path of its host."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from lxml import html

from tests.parts.model_servers import model, ollama
from tests.parts.nginx import nginx
from tests.parts.processes import (
    HANGING,
    Serving,
    copy_samples,
    environment_in,
    free_port,
    kb,
    stop_engines,
    wait_for,
)

pytestmark = [pytest.mark.real, pytest.mark.slow]
PASSWORD = "a few words of hers"
ASKED = "How many days of leave does a full-time employee have?"
FIRST, LAST = "Every full-time employee has 28 days", " of paid leave a year [1]."


class Front:
    """The service as people reach it, and what a test changes of it."""

    def __init__(self, base: Path, embedder_dir: Path) -> None:
        self.whole, self.beneath = free_port(), free_port()
        self.address = f"https://localhost:{self.beneath}/kb"
        self.heard = threading.Event()
        self.base = base
        self.environment = environment_in(base, embedder_dir) | {
            "KB_SERVER__SOCKET": str(base / "kb.sock"),
            "KB_SERVER__PUBLIC_URL": self.address,
            "KB_SERVER__TRUSTED_PROXIES": "unix",
            "KB_LLM__PROVIDER": "ollama",
        }

    def client(self, **more) -> httpx.Client:
        return httpx.Client(verify=False, trust_env=False, timeout=HANGING, **more)

    def invited(self, name: str, *more: str) -> str:
        """The link of somebody new."""
        kb(self.environment, self.base, "user", "add", name, *more)
        return kb(self.environment, self.base, "user", "invite", name)["link"]

    def let_in(self, name: str, *more: str) -> None:
        typed = {"name": name, "password": PASSWORD, "again": PASSWORD}
        with self.client(headers={"Origin": origin(self.address)}) as client:
            answer = client.post(self.invited(name, *more), data=typed)
        assert (answer.status_code, answer.headers["location"]) == (303, "/kb/")

    @contextmanager
    def signed_in(self, base: str = "", **more) -> Iterator[httpx.Client]:
        base = base or self.address
        with self.client(base_url=base, **more) as client:
            client.headers["Origin"] = origin(base)
            answer = client.post("/login", data={"name": "anna", "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            yield client


def origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


@pytest.fixture(scope="module")
def front(tmp_path_factory, embedder_dir):
    base = tmp_path_factory.mktemp("n")
    made = Front(base, embedder_dir)

    def chat(handler, _):
        """The last words are written once the reader has had the first."""
        handler.send_response(200)
        handler.send_header("Content-Type", "application/x-ndjson")
        handler.send_header("Connection", "close")
        handler.end_headers()
        for text in (FIRST, LAST, ""):
            said = {"role": "assistant", "content": text}
            line = {"model": "m", "message": said, "done": not text}
            handler.wfile.write(json.dumps(line).encode() + b"\n")
            handler.wfile.flush()
            if text == FIRST:
                made.heard.wait(HANGING)
        handler.close_connection = True

    copy_samples(base, embedder_dir)
    with ollama(model("m"), chat=chat) as language_model:
        environment = made.environment | {"KB_LLM__URL": language_model.url}
        made.server = Serving(environment, base, unready=True)
        (base / "nginx").mkdir()
        with nginx(base / "nginx", base / "kb.sock", made.whole, made.beneath):
            wait_for(lambda: is_ready(made))
            made.let_in("anna", "--administrator")
            yield made
        made.heard.set()
        made.server.stop()
        stop_engines(base / "data")


def is_ready(front) -> bool:
    try:
        with front.client() as client:
            return client.get(f"{front.address}/ready").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def page(chromium, front):
    """A browser's page; nothing that it asks for is missing, or beside the path."""
    context = chromium.new_context(locale="en", ignore_https_errors=True)
    opened, problems = context.new_page(), []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on(
        "response",
        lambda r: (
            problems.append(f"{r.status} {r.url}")
            if r.status >= 400 and r.request.method == "GET"
            else None
        ),
    )
    opened.on(
        "request",
        lambda r: None if r.url.startswith(front.address + "/") else problems.append(r.url),
    )
    yield opened
    context.close()
    assert not problems


def test_a_browser_comes_in_asks_hands_in_and_leaves(page, front):
    """By the link of an invitation, which leads through the proxy."""
    link = front.invited("berta", "--administrator")
    assert link.startswith(front.address + "/link/")
    page.goto(link)
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(front.address + "/")
    kept = {c["name"]: (c["path"], c["secure"]) for c in page.context.cookies()}
    assert kept["__Secure-kb"] == kept["__Secure-kb-device"] == ("/kb", True)

    front.heard.set()
    page.fill("#q", ASKED)
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer[aria-busy=false]")
    page.click("#prose .cite >> nth=0")
    page.frame_locator("#viewer").locator("mark, rect.cited").first.wait_for()
    assert urlsplit(page.url).path == "/kb/"
    page.reload()
    page.frame_locator("#viewer").locator("mark, rect.cited").first.wait_for()

    page.goto(front.address + "/documents")
    page.select_option("#upload-readers", "everyone")
    page.set_input_files(
        "#choose", {"name": "x.md", "mimeType": "text/markdown", "buffer": b"The lamps are violet."}
    )
    page.wait_for_selector("#tray li >> text=x.md")

    page.goto(front.address + "/account")
    form = page.locator("form", has=page.locator("input[name=old]"))
    for field in ("old", "new", "again"):
        form.locator(f"input[name={field}]").fill("not the one that it was")
    form.get_by_role("button", name="Change password").click()
    page.wait_for_selector("form[data-at]")
    assert page.url == front.address + "/account", "a refused form stands on its page"
    page.click("summary[aria-label^=Language]")
    page.click("button[value=de]")
    page.wait_for_selector("html[lang=de]")
    assert page.url == front.address + "/account"
    assert {c["path"] for c in page.context.cookies()} == {"/kb"}
    page.click("form[action='/kb/logout'] button")
    page.wait_for_url(front.address + "/login")
    page.goto(front.address + "/documents")
    page.wait_for_url(front.address + "/login?next=%2Fdocuments")
    page.fill("input[name=name]", "berta")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(front.address + "/documents")


def test_every_address_in_a_page_stands_beneath_the_path(front):
    """From the start, as a reader's clicks go: each answers, and none leaves the path."""
    with front.signed_in(headers={"Accept": "text/html"}) as client:
        client.follow_redirects = True
        crawl(client, front)


def crawl(client, front) -> None:
    seen, waiting, linked = set(), ["/kb/"], set()
    while waiting:
        at = waiting.pop()
        answer = client.get(urljoin(front.address, at))
        assert answer.status_code == 200, at
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        for name, address in addresses(answer.text):
            linked.add((name, address.partition("?")[0]))
            assert address.startswith("/kb/"), f"{at}: {name} {address}"
            shape = re.sub(r"\d+|[0-9a-f]{16,}", "N", address.partition("?")[0])
            if name != "action" and shape not in seen and "download" not in address:
                seen.add(shape)
                waiting.append(address)
    assert len(seen) > 25 and ("src", "/kb/static/theme.js") in linked
    assert client.get(f"https://localhost:{front.beneath}/kb").url.path == "/kb/"
    assert client.get(f"{front.address}/schema").json()["servers"] == [{"url": "/kb"}]
    assert "main site" in client.get(f"https://localhost:{front.beneath}/documents").text


def addresses(page: str):
    for element in html.document_fromstring(page).iter():
        for name in ("href", "src", "action", "formaction", "data-href"):
            value = element.get(name, "") if isinstance(element.tag, str) else ""
            if value and not value.startswith(("#", "?", "data:", "http:", "https:", "mailto:")):
                yield name, value


@pytest.mark.parametrize("where", ["whole", "beneath"])
def test_an_answer_arrives_while_it_is_written(front, where):
    """The model's last words are held until the first have come through nginx."""
    base = f"https://localhost:{getattr(front, where)}/kb"
    front.heard.clear()
    told = []
    with front.signed_in(base) as client:
        body = {"question": ASKED}
        with client.stream("POST", "/api/v1/ask", json=body) as stream:
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    told.append(line)
                if "28 days" in line and not front.heard.is_set():
                    assert "event: done" not in told
                    front.heard.set()
    assert told[0] == "event: passages" and told[-1] == "event: done"


def test_a_large_file_goes_through_as_it_is(front):
    size = 40 * 1024 * 1024
    with front.signed_in() as client:
        answer = client.post(
            "/api/v1/uploads", params={"name": "film.mp4", "readers": "everyone"},
            content=b"\x00\x00\x00\x18ftypmp42" + b"\x07" * (size - 12),
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        stored = answer.json()
        wait_for(lambda: stored["path"] in (rows := ledger(client)) and rows[stored["path"]])
    assert [f.stat().st_size for f in front.base.rglob("*film*") if f.is_file()] == [size]


def ledger(client) -> dict[str, int]:
    files = client.get("/api/v1/files", params={"text": "film"}).json()["files"]
    return {one["path"]: one["bytes"] for one in files}


def test_the_log_has_who_asked_and_nobody_can_claim_to_be_another(front):
    """Two clients of this machine are told apart by their addresses, whatever they claim."""
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    other = httpx.HTTPTransport(verify=False, local_address="127.0.0.2")
    with front.signed_in(headers=forged), front.signed_in(transport=other) as client:
        invited = client.post("/people", data={"action": "add", "name": "rita"})
        assert invited.status_code < 400, invited.text
        lines = client.get("/audit.jsonl").text.splitlines()
    entries = [json.loads(line) for line in lines]
    came = [entry["detail"]["address"] for entry in entries if entry["action"] == "sign_in"]
    assert came[-2:] == ["127.0.0.1", "127.0.0.2"], entries[-4:]
