"""Signing in at a real provider (npm's oidc-provider): code flow, groups, logout from both ends."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.parts.processes import (
    Serving,
    environment_in,
    free_port,
    kb,
    missing,
    stop_engines,
    wait_for,
)

pytestmark = pytest.mark.real
SCRIPT = Path(__file__).with_name("oidc") / "provider.mjs"


@pytest.fixture(scope="module")
def modules():
    """Where npm put oidc-provider (``npm install --prefix FOLDER oidc-provider``)."""
    named = os.environ.get("KB_TEST_NODE_MODULES", "")
    if not shutil.which("node") or not (Path(named) / "oidc-provider").is_dir():
        missing(
            "oidc-provider (npm install --prefix D oidc-provider; KB_TEST_NODE_MODULES=D/node_modules)"
        )
    return Path(named)


@pytest.fixture(scope="module")
def shape(modules, tmp_path_factory, embedder_dir):
    """A provider, and ``kb serve`` that trusts it; a source for the crew."""
    base = tmp_path_factory.mktemp("o")
    port, app_port = free_port(), free_port()
    app = f"http://127.0.0.1:{app_port}"
    (base / "provider.mjs").write_text(SCRIPT.read_text())
    (base / "node_modules").symlink_to(modules)
    provider = subprocess.Popen(
        ["node", "provider.mjs", str(port), app], cwd=base, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert "listening" in provider.stdout.readline()
    environment = environment_in(base, embedder_dir) | {
        "KB_AUTH__OIDC_ISSUER": f"http://127.0.0.1:{port}",
        "KB_AUTH__OIDC_CLIENT_ID": "commonplace",
        "KB_AUTH__OIDC_CLIENT_SECRET": "a-secret-of-the-test",
        "KB_AUTH__ADMINISTRATORS": "night",
        "KB_SERVER__PUBLIC_URL": app,
        "KB_SERVER__PORT": str(app_port),
    }
    (base / "files").mkdir()
    (base / "files" / "tide.txt").write_text("High tide is at six in the evening.")
    kb(environment, base, "group", "add", "crew")
    kb(environment, base, "source", "add", "files", str(base / "files"), "--readers", "crew")
    kb(environment, base, "ingest")
    server = Serving(environment, base, port=app_port)
    yield server, environment, base
    server.stop()
    provider.terminate()
    provider.wait(300)
    stop_engines(base / "data")


def follow(client: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """As a browser does, forms of the provider included."""
    for _ in range(20):
        if answer.is_redirect:
            answer = client.get(urljoin(str(answer.url), answer.headers["location"]))
            continue
        form = re.search(r'<form[^>]*action="([^"]+)"[^>]*method="post"', answer.text)
        if form is None or "/interaction/" not in str(answer.url):
            return answer
        fields = {"prompt": "login", "login": client.who, "password": "any"}
        if 'value="consent"' in answer.text:
            fields = {"prompt": "consent"}
        answer = client.post(urljoin(str(answer.url), form[1]), data=fields)
    raise AssertionError("too many steps")


def come_in(server, who: str) -> httpx.Client:
    client = httpx.Client(timeout=300, trust_env=False)
    client.who = who
    answer = follow(client, client.get(f"{server.address}/oidc/login?next=/account"))
    assert str(answer.url) == f"{server.address}/account", answer.text[:500]
    return client


def hits(server, client) -> list:
    return client.get(f"{server.address}/api/v1/search?q=tide").json().get("hits")


def test_groups_of_the_provider_say_what_somebody_reads_and_does(shape):
    server, environment, base = shape
    olga, pavel = come_in(server, "olga"), come_in(server, "pavel")
    assert len(hits(server, olga)) == 1
    assert hits(server, pavel) == []
    assert olga.get(f"{server.address}/people").status_code == 200
    assert pavel.get(f"{server.address}/people").status_code == 403
    told = {u["user"]: u for u in kb(environment, base, "user", "list")["users"]}
    assert told["olga"]["groups"] == ["crew", "night"]
    assert told["olga"]["origin"] == "oidc"
    assert not told["pavel"]["administrator"]


def test_logging_out_here_leads_to_the_providers_end(shape):
    server, _, _ = shape
    olga = come_in(server, "olga")
    answer = olga.post(f"{server.address}/logout", headers={"Origin": server.address})
    assert "/session/end" in answer.headers["location"]
    assert "id_token_hint" in answer.headers["location"]
    assert olga.get(f"{server.address}/api/v1/files").status_code == 401


def test_a_session_that_the_provider_ends_ends_here(shape):
    """Back-channel logout: the provider calls us."""
    server, environment, _ = shape
    olga = come_in(server, "olga")
    assert hits(server, olga)
    issuer = environment["KB_AUTH__OIDC_ISSUER"]
    page = olga.get(f"{issuer}/session/end")
    secret = re.search(r'name="xsrf" value="([^"]+)"', page.text)[1]
    action = re.search(r'action="([^"]+)"', page.text)[1]
    done = olga.post(urljoin(issuer, action), data={"xsrf": secret, "logout": "yes"})
    assert done.status_code in (302, 303), done.text
    wait_for(lambda: olga.get(f"{server.address}/api/v1/files").status_code == 401)


@pytest.mark.parametrize("what", ["state", "code", "cookie"])
def test_an_answer_of_another_flow_is_refused(shape, what):
    server, _, _ = shape
    client = httpx.Client(timeout=300, trust_env=False)
    client.who = "olga"
    begun = client.get(f"{server.address}/oidc/login")
    step = begun
    while "/oidc/callback" not in step.headers.get("location", ""):
        if step.is_redirect:
            step = client.get(urljoin(str(step.url), step.headers["location"]))
        else:
            form = re.search(r'action="([^"]+)"', step.text)[1]
            consent = 'value="consent"' in step.text
            fields = (
                {"prompt": "consent"}
                if consent
                else {"prompt": "login", "login": "olga", "password": "x"}
            )
            step = client.post(urljoin(str(step.url), form), data=fields)
    back = httpx.URL(step.headers["location"])
    if what == "cookie":
        client.cookies.delete("kb_oidc")
    else:
        back = back.copy_set_param(what, "of-somebody-else")
    answer = client.get(back, headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "provider_refused"
    assert "kb_session" not in client.cookies


@pytest.mark.case("S47")
@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_nobody_signed_ends_no_session(shape, algorithm):
    import base64
    import hashlib
    import hmac
    import json
    import time

    server, environment, _ = shape
    olga = come_in(server, "olga")

    def part(value) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    claims = {"iss": environment["KB_AUTH__OIDC_ISSUER"], "aud": "commonplace", "sub": "olga",
              "iat": int(time.time()),
              "events": {"http://schemas.openid.net/event/backchannel-logout": {}}}  # fmt: skip
    body = part({"alg": algorithm, "typ": "logout+jwt"}) + b"." + part(claims)
    secret = b"" if algorithm == "none" else b"a-secret-of-the-test"
    signed = b"" if algorithm == "none" else hmac.new(secret, body, hashlib.sha256).digest()
    forged = body + b"." + base64.urlsafe_b64encode(signed).rstrip(b"=")
    answer = httpx.post(
        f"{server.address}/oidc/backchannel",
        data={"logout_token": forged.decode()},
        trust_env=False,
    )
    assert answer.status_code == 401
    assert hits(server, olga)
