"""What a browser or a provider sends to sign somebody in is decoded with care: strangers send it too."""

import base64
import json

import pytest

from kb.errors import NotSignedInError, RetryableError
from kb.settings import Auth
from tests.parts.portal import Portal
from tests.web.auth.test_identity_tokens import come_in, portal, provider  # noqa: F401 - fixtures
from tests.web.auth.test_provider import foreign, settings_of  # noqa: F401 - fixtures
from web.auth import provider as providers

DEEP = "[" * 20_000
COOKIES = [
    DEEP,
    '{"a":' * 20_000,
    '{"state":"\\ud800","nonce":"a","verifier":"a","next":"/"}',
    '{"state":["b"],"nonce":"a","verifier":"a","next":"/"}',
    '{"state":"b","nonce":"a","verifier":"a","next":"/","more":' + DEEP,
    "null", "7", "[]", "{}", "{", "",
]  # fmt: skip


@pytest.mark.case("N18")
@pytest.mark.parametrize("number", range(len(COOKIES)))
async def test_a_cookie_that_is_none_of_ours(portal, number):  # noqa: F811
    """Nested deeper than anybody reads, half a surrogate pair, another shape: 401."""
    quoted = COOKIES[number].replace("\\", "\\\\").replace('"', '\\"')
    packed = base64.urlsafe_b64encode(COOKIES[number].encode()).decode().rstrip("=")
    for cookie in (f'kb_oidc="{quoted}"', f"kb_oidc={COOKIES[number]}", f"kb_oidc={packed}"):
        client = portal.client(Cookie=cookie)
        answer = await client.get("/oidc/callback", params={"code": "a", "state": "b"})
        assert answer.status_code == 401, answer.text
        assert answer.json()["error"]["code"] == "provider_refused"


@pytest.mark.case("N18")
async def test_without_a_provider_there_is_no_way_back_from_one(house):
    """404 before anything else is looked at."""
    client = Portal(house).client(Cookie=f"kb_oidc={DEEP}")
    answer = await client.get("/oidc/callback", params={"code": "a", "state": "b"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_provider")
    ended = await client.post("/oidc/backchannel", data={"logout_token": "a"})
    assert ended.status_code == 404


@pytest.mark.case("N18")
async def test_a_token_of_strangers_that_is_nested_deep(portal):  # noqa: F811
    """Its head is read before its signature."""
    for head in (DEEP, '{"alg":' * 9_000, '{"alg":"RS256","kid":"\\ud800"}'):
        part = base64.urlsafe_b64encode(head.encode()).decode().rstrip("=")
        answer = await portal.client().post(
            "/oidc/backchannel", data={"logout_token": f"{part}.e30.e30"}
        )
        assert answer.status_code == 401, answer.text


@pytest.mark.case("N18")
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks_uri", "/userinfo"])
async def test_a_provider_that_nests_deep(foreign, path):  # noqa: F811
    """What it says cannot be read: come again later."""
    foreign.said[path.replace("/userinfo", "/userinfo_endpoint")] = DEEP.encode()
    with pytest.raises(RetryableError):
        if path == "/userinfo":
            await providers.userinfo(settings_of(foreign), {"access_token": "a"})
        else:
            await providers.provider(settings_of(foreign))


@pytest.mark.case("N18")
@pytest.mark.parametrize("name", ["\ud800", "a\udfffb"])
async def test_half_a_surrogate_pair_in_a_name(portal, provider, name):  # noqa: F811
    """A provider that writes one, or breaks the connection over it, is told as what it is."""
    broken = await come_in(portal, provider, preferred_username=name)
    assert (broken.status_code, broken.json()["error"]["code"]) == (503, "provider_unavailable")
    provider.about = {"sub": "42", "preferred_username": name}
    assert (await come_in(portal, provider)).status_code == 503


@pytest.mark.case("N09")
@pytest.mark.parametrize(
    ("told", "kept", "whole"),
    [
        (["/staff/interns", "/all"], ("all",), False),
        (["a:b"], (), False),
        (["a,b", "c"], ("c",), False),
        (["everyone", "c"], ("c",), True),
        ("/c", ("c",), True),
        ({"c": 1}, (), False),
        (7, ("7",), True),
        (["/c/", "c"], ("c",), True),
    ],
)
def test_a_group_that_cannot_be_named_here_is_missed(told, kept, whole):
    """Rules that except a group do not let in whose groups are not all known."""
    known = providers.who(Auth(), {"iss": "i", "sub": "s"}, {"sub": "s", "groups": told})
    assert (known.groups, known.groups_whole) == (kept, whole)


@pytest.mark.case("N18")
def test_nobody_else_is_told_about():
    """The subject beside the token is the token's."""
    with pytest.raises(NotSignedInError):
        providers.who(Auth(), {"iss": "i", "sub": "s"}, json.loads('{"sub": "t"}'))
