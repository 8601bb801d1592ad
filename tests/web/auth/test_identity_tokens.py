"""Tokens of identity: what one has to say before anybody comes in by it. The provider is a small server
that signs whatever a test wants it to say."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from kb.accounts.accounts import Accounts
from kb.catalog import people
from tests.parts.portal import Portal

KEY = RSAKey.generate_key(2048, {"kid": "of-the-test"})
CLIENT = "commonplace"


class Provider:
    """Discovery, keys, tokens and userinfo, as OpenID Connect writes them."""

    def __init__(self):
        self.token: dict[str, object] = {}
        self.about: dict[str, object] = {"sub": "42", "preferred_username": "olga"}
        self.asked: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                provider.asked.append(self.path)
                self.answer(provider.page(self.path))

            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                provider.asked.append(self.path)
                self.answer(
                    {"access_token": "a", "token_type": "Bearer", "id_token": provider.signed()}
                )

            def answer(self, value):
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def page(self, path: str) -> dict[str, object]:
        if path == "/userinfo":
            return self.about
        if path == "/keys":
            return {"keys": [KEY.as_dict(private=False)]}
        names = {
            "authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys",
            "userinfo_endpoint": "userinfo",
        }  # fmt: skip
        return {"issuer": self.issuer} | {k: f"{self.issuer}/{v}" for k, v in names.items()}

    def signed(self) -> str:
        return jwt.encode({"alg": "RS256", "kid": "of-the-test"}, self.token, KEY)

    def good(self, nonce: str = "") -> dict[str, object]:
        now = int(time.time())
        return {
            "iss": self.issuer, "aud": CLIENT, "sub": "42", "iat": now, "exp": now + 300,
            "nonce": nonce,
        }  # fmt: skip


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def portal(house, provider):
    auth = msgspec.structs.replace(
        house.kb.settings.auth, oidc_issuer=provider.issuer, oidc_client_id=CLIENT
    )
    house.kb.settings = msgspec.structs.replace(house.kb.settings, auth=auth)
    house.kb.accounts = Accounts(house.kb.catalog, auth, house.kb.behind)
    return Portal(house)


async def come_in(portal, provider, **said):
    """Go through the flow with a token that says ``said``; None takes a claim away."""
    client = portal.client()
    begun = await client.get("/oidc/login")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    token = provider.good(asked["nonce"][0]) | said
    provider.token = {k: v for k, v in token.items() if v is not None}
    return await client.get("/oidc/callback", params={"code": "c", "state": asked["state"][0]})


async def test_a_good_token_lets_somebody_in(portal, provider):
    assert (await come_in(portal, provider)).status_code == 303
    assert (await come_in(portal, provider, azp=CLIENT)).status_code == 303
    both = await come_in(portal, provider, aud=[CLIENT, "another"], azp=CLIENT)
    assert both.status_code == 303


@pytest.mark.case("N11")
@pytest.mark.parametrize(
    "said",
    [
        {"exp": None},
        {"exp": 1},
        {"azp": "another"},
        {"aud": ["commonplace", "another"]},
        {"aud": ["commonplace", "another"], "azp": "another"},
        {"aud": "another", "azp": "commonplace"},
        {"sub": None},
        {"sub": ""},
        {"sub": 42},
        {"sub": "4" * 256},
        {"sub": "4\n2"},
        {"sub": "43"},
        {"nonce": "of another flow"},
        {"nonce": None},
        {"iss": "http://127.0.0.1:1"},
        {"iat": None},
    ],
    ids=str,
)
async def test_a_token_of_identity_has_an_end_a_party_and_a_known_subject(portal, provider, said):
    answer = await come_in(portal, provider, **said)
    assert answer.status_code == 401, answer.text
    assert answer.json()["error"]["code"] == "provider_refused"
    assert "kb_session" not in answer.headers.get("set-cookie", "")
    with portal.kb.catalog.reading() as connection:
        assert people.all_of(connection) == []


@pytest.mark.case("N11")
@pytest.mark.parametrize("about", [{}, {"preferred_username": "olga"}, {"sub": "43"}], ids=str)
async def test_what_is_told_beside_the_token_is_about_the_same_person(portal, provider, about):
    provider.about = about
    assert (await come_in(portal, provider)).status_code == 401


@pytest.mark.case("N11")
async def test_a_logout_token_names_somebody(portal, provider):
    """Neither a session nor a person: nothing ends, and it is said."""
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    provider.token = {k: v for k, v in provider.good().items() if k not in {"sub", "nonce"}}
    provider.token["events"] = event
    client = portal.client()
    answer = await client.post("/oidc/backchannel", data={"logout_token": provider.signed()})
    assert answer.status_code == 401
    provider.token["sub"] = "nobody of ours"
    answer = await client.post("/oidc/backchannel", data={"logout_token": provider.signed()})
    assert answer.status_code == 200


@pytest.mark.case("N18")
@pytest.mark.parametrize("events", [None, [], "logout", 7], ids=str)
async def test_a_logout_token_with_events_of_another_shape(portal, provider, events):
    """Refused like any other token that is none for logging out."""
    provider.token = {k: v for k, v in provider.good().items() if k != "nonce"}
    provider.token["events"] = events
    told = {"logout_token": provider.signed()}
    answer = await portal.client().post("/oidc/backchannel", data=told)
    assert answer.status_code == 401, answer.text


@pytest.mark.case("N11")
async def test_tokens_of_strangers_do_not_make_us_call_the_provider_each_time(portal, provider):
    """Thirty junk tokens, one look at the provider."""
    await come_in(portal, provider)
    before = len(provider.asked)
    client = portal.client()
    for _ in range(30):
        answer = await client.post("/oidc/backchannel", data={"logout_token": "e30.e30.x"})
        assert answer.status_code == 401
    assert len(provider.asked) - before <= 2
