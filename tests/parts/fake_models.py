"""A server that speaks Ollama's protocol and says what a test wants: every form of Markdown,
thoughts, an answer that is cut, empty, broken off, or false."""

import contextlib
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Says:
    """What the model says: pieces of text; thoughts before them, in the field that is for them."""

    pieces: Sequence[str] = ()
    thoughts: Sequence[str] = ()
    reason: str = "stop"
    """Why it ends; ``None``: the connection breaks off."""
    pause: float = 0.0
    """Seconds before each piece and thought."""

    def parts(self) -> list[dict[str, Any]]:
        said = [
            {"message": {"role": "assistant", "content": "", "thinking": t}} for t in self.thoughts
        ]
        said += [{"message": {"role": "assistant", "content": p}} for p in self.pieces]
        return [{"model": "m", "done": False, **part} for part in said]


@dataclass
class FakeOllama:
    """``asked`` are the bodies of its chats. What it says may be changed at any time."""

    says: Says
    rewrites: str = "nothing"
    """What it makes of a follow-up."""
    show: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    others: dict[str, Says] = field(default_factory=dict)
    """What it says as other models than ``m``, by their names."""

    def __enter__(self) -> "FakeOllama":
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                details = {"family": "llama", "families": ["llama"]}
                names = ("m", *fake.others)
                self._json({"models": [
                    {"name": n, "model": n, "digest": "a" * 64, "details": details} for n in names
                ]})  # fmt: skip

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
                if self.path != "/api/chat":
                    return self._json(fake.show)
                if "Last question:" in body["messages"][-1]["content"]:
                    return self._speak(Says([fake.rewrites]))
                fake.asked.append(body)
                with contextlib.suppress(ConnectionError):
                    self._speak(fake.others.get(body["model"], fake.says))

            def _json(self, value: dict[str, Any]) -> None:
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _speak(self, says: Says) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/x-ndjson")
                self.send_header("Connection", "close")
                self.end_headers()
                end = {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True}
                for part in says.parts():
                    time.sleep(says.pause)
                    self._line(part)
                if says.reason:
                    self._line(end | {"done_reason": says.reason, "prompt_eval_count": 10})
                self.close_connection = True

            def _line(self, part: dict[str, Any]) -> None:
                self.wfile.write(json.dumps(part).encode() + b"\n")
                self.wfile.flush()

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def env(self) -> dict[str, str]:
        """The settings that lead to it."""
        return {"KB_LLM__PROVIDER": "ollama", "KB_LLM__URL": self.url}
