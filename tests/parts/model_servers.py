"""Servers that speak Ollama's and OpenAI's protocols, and misbehave as a test wants it."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kb.llm.base import Identity
from kb.llm.chatting import chat

MESSAGES = [{"role": "user", "content": "Say hello."}]
MEMORY = b'{"error":"model requires more system memory (9.9 GiB) than is available (4.1 GiB)"}'
GONE = b'{"error":"model \\"m\\" not found, try pulling it first"}'
"""What a server says of a model that does not fit, and of one that it does not have."""


class Server:
    """A server in a thread; ``asked`` are its requests: path, and body where it was JSON."""

    def __init__(self, reply):
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with contextlib.suppress(ValueError):
                    body = json.loads(body or b"{}")
                server.asked.append((self.path, body))
                with contextlib.suppress(ConnectionError):
                    reply(self, self.path, body)

            do_GET = do_POST = do_CONNECT = do_PUT = _answer

        self.asked = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()

    def chats(self) -> list[dict]:
        return [body for path, body in self.asked if path in ("/api/chat", "/v1/chat/completions")]


def send(handler, status: int, body: bytes, kind: str = "application/json") -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def lines(handler, *parts: str, pause: float = 0) -> None:
    """An answer in Ollama's way, after a pause in seconds."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/x-ndjson")
    handler.send_header("Connection", "close")
    handler.end_headers()
    time.sleep(pause)
    for text in (*parts, ""):
        said = {"role": "assistant", "content": text}
        part = {"model": "m", "message": said, "done": not text}
        handler.wfile.write(json.dumps(part).encode() + b"\n")
        handler.wfile.flush()
    handler.close_connection = True


def model(name: str, family: str = "llama", **more) -> dict:
    details = {"family": family, "families": [family]}
    return {"name": name, "model": name, "digest": "a" * 64, "details": details, **more}


def ollama(*models: dict, chat=None, show=None, tags=None):
    """Ollama's three calls. ``chat``: what answers a model; ``show``: by name."""

    def reply(handler, path, body):
        if path == "/api/tags":
            if tags is not None:
                return tags(handler)
            return send(handler, 200, json.dumps({"models": list(models)}).encode())
        if path == "/api/show":
            return send(handler, 200, json.dumps((show or {}).get(body["model"], {})).encode())
        return (chat or (lambda h, _: lines(h, "Hello.")))(handler, body["model"])

    return Server(reply)


def refuses(status: int, text: bytes, kind: str = "application/json"):
    return lambda handler, _: send(handler, status, text, kind)


async def said(adapter) -> tuple[str, str]:
    """Who answered, and what."""
    try:
        pieces = [p async for p in chat(adapter, MESSAGES)]
    finally:
        await adapter.close()
    names = [p.name for p in pieces if isinstance(p, Identity)]
    return names[-1], "".join(p for p in pieces if isinstance(p, str))
