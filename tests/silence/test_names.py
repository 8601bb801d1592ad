"""By its name a configured host is reached, wherever the name is told to be; no neighbour of it is."""

import json
import subprocess
import sys

import pytest

from tests.parts.model_servers import Server, send
from tests.silence.test_sinkhole import needs_namespaces

ASKING = """
import asyncio, http.server, json, pathlib, threading
from kb.settings import load
from kb.silence import guard
from kb.silence.destinations import configured
from kb.silence.looping import Loop
def configure(url):
    guard.install(configured(load({"llm.url": url, "server.port": 0}, {})), lambda *_: None)
async def asked(url):
    import httpx
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        try:
            return (await client.get(url)).status_code
        except httpx.HTTPError as error:
            return str(error)
def tell(all_of, loop):
    with asyncio.Runner(loop_factory=loop) as runner:
        print(json.dumps([runner.run(all_of()), guard.refused()]))
"""
"""What each of these processes begins with."""
GUARDED = """
configure("{url}")
async def all_of():
    return [await asked(url) for url in {asked}]
tell(all_of, {loop})
"""
CHANGING = """
class Answering(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Answering)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://B\u00fccher.lan:{{server.server_port}}"
configure(url)
async def all_of():
    found = []
    for at in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        pathlib.Path("/etc/hosts").write_text(at + " xn--bcher-kva.lan")
        found.append(await asked(url))
    found.append(await asked(f"http://127.0.0.4:{{server.server_port}}"))
    return found
tell(all_of, {loop})
"""


@pytest.mark.parametrize("loop", ["Loop", "asyncio.new_event_loop"])
def test_the_configured_model_server_is_reached_by_its_name_and_no_neighbour(loop):
    """On the loop of the web service, which connects past the hook, and on that of workers."""
    ok = lambda handler, *_: send(handler, 200, b"{}")  # noqa: E731
    with Server(ok) as allowed, Server(ok) as neighbour:
        named = allowed.url.replace("127.0.0.1", "localhost")
        asked = [named, neighbour.url, "http://198.51.100.9/", "http://elsewhere.invalid/"]
        code = ASKING + GUARDED.format(url=named, asked=asked, loop=loop)
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=300
        )
        found, refused = json.loads(done.stdout)
        assert neighbour.asked == []
    assert found[0] == 200
    assert [type(one) for one in found] == [int, str, str, str], found
    assert "not in the configuration" in found[3]
    assert refused == 3


@needs_namespaces
@pytest.mark.parametrize("loop", ["Loop", "asyncio.new_event_loop"])
def test_a_name_is_reached_wherever_it_is_told_to_be(loop, tmp_path):
    """At every new answer at once, and by a name with an umlaut; the table of hosts is our own."""
    (tmp_path / "hosts").touch()
    code = ASKING + CHANGING.format(loop=loop)
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", 'mount --bind "$0/hosts" /etc/hosts && exec "$@"',
         str(tmp_path), sys.executable, "-c", code],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found, refused = json.loads(done.stdout)
    assert found[:3] == [204, 204, 204]
    assert (type(found[3]), refused) == (str, 1)
