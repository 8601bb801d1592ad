"""``kb models pull`` against a small hub on this machine, asked as the real one is."""

import hashlib
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kb.embedding import models
from kb.settings import Embedding

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "office/small-model"


class Hub(BaseHTTPRequestHandler):
    """Answers what huggingface_hub asks for one model; notes what was asked."""

    folder = None
    asked = []
    broken = ""

    def do_GET(self):
        self.answer(True)

    def do_HEAD(self):
        self.answer(False)

    def answer(self, whole):
        path = self.path.split("?")[0]
        self.asked.append(path)
        if f"/{REPOSITORY}" not in path:
            return self.say(404, b"{}", whole, {"X-Error-Code": "RepoNotFound"})
        if path.startswith("/api/models/") and "/tree/" in path:
            return self.say(200, json.dumps(self.tree()).encode(), whole)
        if path.startswith("/api/models/"):
            files = [{"rfilename": one["path"]} for one in self.tree()]
            told = {"id": REPOSITORY, "modelId": REPOSITORY, "sha": COMMIT, "siblings": files}
            return self.say(200, json.dumps(told).encode(), whole)
        name = path.partition(f"/resolve/{COMMIT}/")[2]
        if self.broken and name.endswith(self.broken):
            return self.say(500, b"broken", whole)
        content = (self.folder / name).read_bytes()
        etag = hashlib.sha256(content).hexdigest()
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}
        return self.say(200, content, whole, headers)

    def tree(self):
        files = [f for f in sorted(self.folder.rglob("*")) if f.is_file()]
        return [
            {
                "type": "file",
                "oid": "0" * 40,
                "size": f.stat().st_size,
                "path": f.relative_to(self.folder).as_posix(),
            }
            for f in files
        ]

    def say(self, status, content, whole, headers=None):
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if whole:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(tmp_path):
    folder = tmp_path / "repository"
    shutil.copytree(models.find(Embedding()).folder, folder)
    (folder / "pytorch_model.bin").write_bytes(b"pickled")
    (folder / "modeling_own.py").write_text("raise SystemExit")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(b"x")
    kind = type("This", (Hub,), {"folder": folder, "asked": [], "broken": ""})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    kind.address = f"http://127.0.0.1:{server.server_port}"
    yield kind
    server.shutdown()


@pytest.fixture
def pull(command, hub, tmp_path):
    def run(repository=REPOSITORY, code=0):
        env = {"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}
        return command("models", "pull", repository, code=code, env=env)

    return run


@pytest.mark.slow
def test_a_model_is_fetched_by_name(pull, hub, command, tmp_path):
    """Though the machine is set to be offline: somebody typed it."""
    assert pull()["name"] == "small-model"
    shown = command("models", "show", "small-model")
    assert shown["origin"] == f"{hub.address}/{REPOSITORY} at {COMMIT}"
    assert shown["digest"] == models.digest_of(hub.folder / models.WEIGHTS)
    assert not [p for p in hub.asked if p.endswith((".bin", ".py", ".onnx"))], "not even asked for"
    assert not list((tmp_path / "data" / "models" / "small-model").rglob(".cache"))
    again = pull(code=1)
    assert again["error"]["code"] == "model_exists"


def test_a_model_that_is_not_there_is_said(pull):
    refused = pull("office/no-such", code=1)
    assert refused["error"]["code"] == "model_not_found"


@pytest.mark.slow
def test_what_breaks_off_leaves_nothing(pull, hub, tmp_path):
    hub.broken = "model.safetensors"
    assert pull(code=1)["error"]["code"] == "hub_unavailable"
    left = [f.name for f in (tmp_path / "data" / "models").iterdir()]
    assert left == [".lock"]


def test_a_hub_that_is_away_is_said(command, tmp_path):
    env = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hub")}
    refused = command("models", "pull", REPOSITORY, code=1, env=env)
    assert refused["error"]["code"] == "hub_unavailable"
    assert "127.0.0.1:9" in refused["error"]["message"]


def test_one_with_pickled_weights_is_refused(pull, hub, tmp_path):
    (hub.folder / models.WEIGHTS).unlink()
    assert pull(code=1)["error"]["code"] == "not_a_model"
    assert [f.name for f in (tmp_path / "data" / "models").iterdir()] == [".lock"]
