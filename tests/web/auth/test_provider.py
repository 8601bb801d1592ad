"""A provider, or a proxy in its place, that answers what it should not: an error of ours, no fault.

The server here is a foreign one in small, behind real HTTP.
"""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from joserfc.jwk import ECKey

from kb.errors import NotSignedInError, RetryableError
from kb.settings import Auth
from web.auth import provider

LOGIN = b"<html><body>Sign in to the proxy</body></html>"
WRONG = [LOGIN, b"{not json", b"[]", b"null", b"7", b'{"issuer":7}', b"\xff\xfe", b'"x"', b""]

ABOUT = "/.well-known/openid-configuration"
ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")


class Foreign(ThreadingHTTPServer):
    """Answers each path with what ``said`` holds for it, or sends whoever asks to ``moved``."""

    daemon_threads = True

    def __init__(self):
        self.said: dict[str, bytes] = {}
        self.moved: dict[str, str] = {}
        self.asked: list[str] = []
        foreign = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                foreign.asked.append(self.path)
                body = foreign.said.get(self.path, b"{}")
                self.send_response(302 if self.path in foreign.moved else 200)
                self.send_header("Location", foreign.moved.get(self.path, self.path))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.tell({})
        key = ECKey.generate_key("P-256").as_dict(private=False)
        self.said["/jwks_uri"] = json.dumps({"keys": [key]}).encode()

    def tell(self, changed: dict[str, str]) -> None:
        """Describe itself, with some addresses changed."""
        about = {"issuer": self.address} | {n: f"{self.address}/{n}" for n in ADDRESSES}
        self.said[ABOUT] = json.dumps(about | changed).encode()


@pytest.fixture
def foreign(monkeypatch):
    monkeypatch.setattr(provider, "_known", {})  # another test's server may have had the same port
    with served() as server:
        yield server


@pytest.fixture
def elsewhere():
    with served() as server:
        yield server


@contextmanager
def served():
    server = Foreign()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def settings_of(foreign) -> Auth:
    return Auth(oidc_issuer=foreign.address, oidc_client_id="kb")


@pytest.mark.case("N18")
@pytest.mark.parametrize("path", [ABOUT, "/jwks_uri"])
@pytest.mark.parametrize("said", WRONG)
async def test_what_it_says_of_itself(foreign, path, said):
    """HTML from a proxy, JSON that is not JSON, JSON of another shape."""
    foreign.said[path] = said
    with pytest.raises(RetryableError) as problem:
        await provider.provider(settings_of(foreign))
    assert problem.value.code == "provider_unavailable"


@pytest.mark.case("N18")
@pytest.mark.parametrize("said", [*WRONG, b'{"access_token":7}', b'{"error":"invalid_grant"}'])
async def test_the_tokens_it_gives_for_a_code(foreign, said):
    """It is refused, or may be tried again; never a fault of the service."""
    foreign.said["/token_endpoint"] = said
    with pytest.raises((RetryableError, NotSignedInError)):
        await provider.exchange(settings_of(foreign), "code", "verifier", "http://localhost/back")


@pytest.mark.case("N18")
@pytest.mark.parametrize("said", [s for s in WRONG if s != b'{"issuer":7}' and s != b"[]"])
async def test_what_it_tells_of_a_person(foreign, said):
    foreign.said["/userinfo_endpoint"] = said
    with pytest.raises(RetryableError):
        await provider.userinfo(settings_of(foreign), {"access_token": "x"})


@pytest.mark.case("N18")
@pytest.mark.parametrize(
    "raw", ["", "x", "a.b.c", "é", "..", "e30.e30.e30", "eyJhbGciOiJub25lIn0.e30."]
)
async def test_a_token_that_is_none(foreign, raw):
    with pytest.raises(NotSignedInError):
        await provider.claims(settings_of(foreign), raw)


@pytest.mark.parametrize("name", [*ADDRESSES, "end_session_endpoint"])
async def test_an_address_on_another_host_is_not_used(foreign, elsewhere, name):
    assert (await provider.provider(settings_of(foreign))).metadata["issuer"] == foreign.address
    foreign.tell({name: f"{elsewhere.address}/jwks_uri"})
    provider._known.clear()
    with pytest.raises(RetryableError):
        await provider.provider(settings_of(foreign))
    assert elsewhere.asked == []


@pytest.mark.parametrize("path", [ABOUT, "/jwks_uri", "/token_endpoint", "/userinfo_endpoint"])
async def test_a_redirect_is_not_followed(foreign, elsewhere, path):
    foreign.moved[path] = elsewhere.address + path
    auth = settings_of(foreign)
    with pytest.raises((RetryableError, NotSignedInError)):
        if path == "/userinfo_endpoint":
            await provider.userinfo(auth, {"access_token": "x"})
        else:
            await provider.exchange(auth, "code", "verifier", "http://localhost/back")
    assert foreign.asked[-1] == path
    assert elsewhere.asked == []
