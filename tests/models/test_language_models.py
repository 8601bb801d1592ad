"""Language models in the register: read from a real Ollama, and brought into it."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import msgspec
import pytest

from kb.errors import ModelError
from kb.llm.ollama import Ollama
from kb.models import serving


@pytest.fixture
def with_ollama(command, ollama):
    def run(*arguments, code=0, **env):
        return command(
            *arguments, code=code, env={"KB_LLM__PROVIDER": "ollama", "KB_LLM__URL": ollama, **env}
        )

    return run


@pytest.mark.real
def test_what_ollama_has_is_listed_with_what_it_says(with_ollama, ollama):
    [tag] = [
        m for m in httpx.get(f"{ollama}/api/tags").json()["models"] if m["name"] == "smol:latest"
    ]
    shown = with_ollama("models", "show", "smol")
    assert (shown["name"], shown["purpose"], shown["keeper"]) == (
        "smol:latest",
        "language",
        "server",
    )
    assert (shown["digest"], shown["bytes"]) == (tag["digest"], tag["size"])
    assert (shown["licence"], shown["max_tokens"]) == ("Apache License", 8192)
    assert "completion" in shown["capabilities"]
    assert shown["in_use"]
    refused = with_ollama("models", "remove", "smol:latest", code=1)
    assert refused["error"]["code"] == "model_in_use"


@pytest.mark.slow
@pytest.mark.real
def test_a_file_is_brought_in_and_answers(with_ollama, ollama, gguf):
    try:
        assert with_ollama("models", "import", str(gguf), "--name", "brought") == {
            "name": "brought"
        }
        asked = {
            "model": "brought",
            "prompt": "Hello",
            "stream": False,
            "options": {"num_predict": 3},
        }
        assert httpx.post(f"{ollama}/api/generate", json=asked, timeout=300).json()["response"]
        again = with_ollama("models", "import", str(gguf), "--name", "brought", code=1)
        assert again["error"]["code"] == "model_exists"
        refused = with_ollama("models", "remove", "brought", code=1, KB_LLM__MODEL="smol")
        assert "ollama rm" in refused["error"]["message"]
    finally:
        httpx.request("DELETE", f"{ollama}/api/delete", json={"model": "brought"})


@pytest.mark.real
@pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04 something"])
def test_a_file_that_is_none_is_refused(with_ollama, tmp_path, content):
    (tmp_path / "x.gguf").write_bytes(content)
    refused = with_ollama("models", "import", str(tmp_path / "x.gguf"), code=1)
    assert refused["error"]["code"] == "not_a_model"


@pytest.mark.real
def test_a_file_that_is_cut_off_is_refused_by_ollama(with_ollama, tmp_path, gguf, ollama):
    (tmp_path / "cut.gguf").write_bytes(gguf.read_bytes()[:100_000])
    refused = with_ollama("models", "import", str(tmp_path / "cut.gguf"), code=1)
    assert refused["error"]["code"] == "model_failed"
    names = [m["name"] for m in httpx.get(f"{ollama}/api/tags").json()["models"]]
    assert "cut:latest" not in names


class Remote(BaseHTTPRequestHandler):
    """Tells of two models as Ollama does: one runs elsewhere."""

    def do_GET(self):
        models = [
            {
                "name": "big:cloud",
                "digest": "1" * 64,
                "size": 300,
                "remote_host": "https://elsewhere.example",
            },
            {
                "name": "embed:latest",
                "digest": "2" * 64,
                "size": 90,
                "details": {"families": ["bert"]},
            },
        ]
        self.say({"models": models})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["model"]
        can = ["completion"] if "big" in asked else ["embedding"]
        self.say({"capabilities": can, "license": "MIT\nmore", "model_info": {}})

    def say(self, what):
        content = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def test_one_that_runs_elsewhere_is_marked_and_never_in_use(command):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Remote)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    env = {"KB_LLM__PROVIDER": "ollama", "KB_LLM__URL": f"http://127.0.0.1:{server.server_port}"}
    try:
        found = {m["name"]: m for m in command("models", "list", env=env)["models"]}
    finally:
        server.shutdown()
    assert (found["big:cloud"]["elsewhere"], found["big:cloud"]["in_use"]) == (True, False)
    assert (found["embed:latest"]["purpose"], found["embed:latest"]["licence"]) == (
        "embedding",
        "MIT",
    )


class Slow(Remote):
    """Has 200 models; it tells of them at once, and of each a second later."""

    def do_GET(self):
        self.say({"models": [{"name": f"m{n}:latest", "digest": f"{n:064}"} for n in range(200)]})

    def do_POST(self):
        time.sleep(1)
        super().do_POST()


class Silent(Slow):
    """Takes the question, and says nothing."""

    def do_GET(self):
        time.sleep(20)


@pytest.mark.parametrize(("server", "known"), [(Slow, 200), (Silent, 0)])
async def test_a_slow_model_server_is_waited_for_two_seconds(settings, server, known):
    http = ThreadingHTTPServer(("127.0.0.1", 0), server)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    address = f"http://127.0.0.1:{http.server_port}"
    model = Ollama(msgspec.structs.replace(settings.llm, provider="ollama", url=address))
    try:
        begun = time.monotonic()
        try:
            found = await serving.served(model)
        except ModelError:
            found = []
        assert time.monotonic() - begun < 2 * serving.SECONDS, "twice: this machine may be busy"
        assert len(found) == known
    finally:
        await model.close()
        http.shutdown()


def test_a_model_server_that_is_away_is_said(command):
    env = {"KB_LLM__PROVIDER": "ollama", "KB_LLM__URL": "http://127.0.0.1:9"}
    listing = command("models", "list", env=env)
    assert "english" in [m["name"] for m in listing["models"]]
    assert "127.0.0.1:9" in listing["missing"]
