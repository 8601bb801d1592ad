"""Values that nobody should send, in every field of every route: generated from the application.

The routes, their parameters, bodies and the fields of their forms are read from the application
itself, so that a new one is in it. Whatever is sent, the answer is no fault of the service, has
the one shape, and the service goes on.
"""

import inspect
import json
import os
import random
import re
import sys
from dataclasses import fields, is_dataclass
from urllib.parse import quote

import httpx
import pytest

from tests.parts.portal import ORIGIN, PASSWORD
from tests.web.test_matrix import address, routes
from web.auth.who import Who

pytestmark = [pytest.mark.both_catalogs, pytest.mark.slow]
SEED = int(os.environ.get("KB_TEST_SEED", "18"))
EVERYTHING = os.environ.get("KB_TEST_HOSTILE") == "all"
VALUES = [
    "", "\0", "a\0b", "0", "-1", "1e999", "NaN", "9" * 25, "9" * 5000, "²", "٣", "true", "null",
    "2300", "0001", "after:2300", "before=2300", "after:0001", "before:9999-12-31", "2025-13-99",
    "http://[", "//evil.example/", "../../../etc/passwd", "/" + "x" * 300, "~nobody/x", "y" * 70_000,
    "line\nbreak", "tab\there", "e\u0301\u202e\u200b", "\ufeff", "\U0010ffff", "[", "(a+)+$", "%", "%s",
    "{0.__class__}", "'; DROP TABLE documents; --", '"', "\\", "*", "a:b,c/d", "everyone", "-",
    "1-2-3", "0-0", "8589934591-0-1048575", "* * * * *", "61 25 0 0 9", "\x1b[31m", "a › b",
]  # fmt: skip
RAW = ["%00", "%ff", "%ed%a0%80", "%c0%80", "%", "%zz", "%f4%90%80%80", "%u0000", "+%0d%0a"]
"""As they stand in an address or a form: bytes that are not UTF-8, and what is no escape."""
BODIES = [
    b"", b"\0", b"{", b"[]", b"null", b"7", b'"x"', b"{}", b'{"a":\xff}', b'{"question":"\xed\xa0\x80"}',
    b"[" * 100_000, b'{"a":' * 20_000 + b"1" + b"}" * 20_000, b"[" * 900 + b"]" * 900,
    b'{"question":"\\u0000"}', b'{"question":"\\ud800"}', b'{"question":1e400}', b"1" * 30_000,
    b"\xff\xfe{\x00}\x00", b"a=\xff&b=%ff", b"a=%00", b"=&=&&", b"a=" + b"b" * 200_000, b"&" * 5000,
]  # fmt: skip
KINDS = [
    "application/json", "application/json; charset=rot13", "application/json; charset=utf-16",
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=unicode_escape",
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "b" * 300, "text/plain; charset=\xff", "application/x-msgpack",
    "application/octet-stream", "x", "/", ";;;", "application/json;charset",
]  # fmt: skip
HEADERS = {
    "Accept": ["", "text/html", "*/*;q=x", "\xff", ",,,", "text/html;q=9" * 200],
    "Accept-Language": ["de;q=x", "de;q=nan", "\xff", "," * 5000, "*"],
    "Authorization": ["Bearer", "Bearer ", "Bearer \xff", "Basic =", "Bearer " + "x" * 9000, "\xff"],
    "Cookie": ["kb_session=\xff", "kb_session=%00", "kb_language=%00", "=", ";;;", 'kb_session="\\000"',
               "kb_session=" + "x" * 9000, "kb_language=../../x", "__Host-kb=%ff"],
    "Origin": ["http://[", "null", "", "\xff", "http://localhost:99999999", "//", "http://localhost\\@x"],
    "Host": ["[", "localhost:x", "", "localhost:99999999", "\xff", "[::1", "localhost/x"],
    "Referer": ["http://[", "\xff"],
    "User-Agent": ["", "\xff", "x" * 9000],
    "Content-Length": ["-1", "x", "9" * 30],
    "Range": ["bytes=-", "bytes=9-1", "bytes=x", "bytes=0-" + "9" * 40],
    "If-Modified-Since": ["x", "Mon, 99 Foo 0000 00:00:00 GMT"],
    "If-None-Match": ["\xff", '"'],
    "X-CSRF-Token": ["\xff", "é", "x" * 9000],
    "X-Forwarded-For": ["\xff", "[", "1.2.3.4, x"],
    "Sec-Fetch-Site": ["\xff", "cross-site"],
    "HX-Request": ["\xff"],
    "Last-Event-ID": ["\xff"],
}  # fmt: skip
KEPT = {"name": "public", "password": PASSWORD, "question": "Ferry?", "readers": "hr", "days": "3"}
"""What the other fields of a form hold, so that the one in question is reached."""
MULTIPART = [
    b"\xff\xfe", b"\0", b"a", b"",
    b"x\r\nContent-Type: text/plain; charset=rot13",
]  # fmt: skip


@pytest.fixture
def settings(environment, tmp_path):
    from kb import settings as settings_module

    more = {"KB_FAIR_USE__REQUESTS_PER_MINUTE": "1000000000",
            "KB_FAIR_USE__REQUESTS_PER_MINUTE_ADDRESS": "1000000000"}  # fmt: skip
    known = {k: v for k, v in environment.items() if k.startswith("KB_")}
    return settings_module.load({}, known | more)


def query_fields(handler) -> set[str]:
    """What a route reads from behind the question mark: named in its signature, or asked for."""
    named = set()
    for name, field in inspect.signature(handler.fn).parameters.items():
        described = getattr(field.annotation, "__metadata__", [None])[0]
        named.add(getattr(described, "query", None) or name)
    source = inspect.getsource(sys.modules[handler.fn.__module__])
    asked = set(re.findall(r'(?:given|query_params)\.get(?:all)?\("(\w+)"', source))
    return (named | asked) - {"request", "data"}


def form_fields(handler) -> tuple[set[str], set[str]]:
    """The fields that a route's module reads from forms, and its actions."""
    source = inspect.getsource(sys.modules[handler.fn.__module__])
    read = set(re.findall(r'(?:form\.get(?:all)?\(|form\[|text\(|lines\()"(\w+)"', source))
    read |= set(re.findall(r'"(\w+)" (?:not )?in form', source))
    actions = set(re.findall(r'action == "(\w+)"', source))
    for several in re.findall(r"action in \{([^}]*)\}", source):
        actions |= set(re.findall(r'"(\w+)"', several))
    return read - {"action"}, actions or {""}


def body_fields(handler) -> list[str]:
    field = inspect.signature(handler.fn).parameters.get("data")
    kind = field.annotation if field else None
    if isinstance(kind, str):
        kind = getattr(sys.modules[handler.fn.__module__], kind)
    return [f.name for f in fields(kind)] if is_dataclass(kind) else []


def deeply(levels: int) -> list:
    found: list = []
    for _ in range(levels):
        found = [found]
    return found


WRONG_TYPES = [None, 7, -1, 10**30, 1.5, True, [], {}, deeply(50), deeply(300), ["x"], {"a": "\0"}]


class Sender:
    """Sends what is given, and keeps what the service was wrong about."""

    def __init__(self, client: httpx.AsyncClient):
        self.client = client
        self.sent = 0
        self.wrong: list[tuple] = []

    async def __call__(self, method: str, where: str, what: str, **how) -> None:
        try:
            request = self.client.build_request(method, where, **how)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            return  # what no client can send
        self.sent += 1
        try:
            answer = await self.client.send(request)
        except Exception as error:
            self.wrong.append((method, where[:80], what[:80], repr(error)[:200]))
            return
        kind = answer.headers.get("content-type", "")
        one_shape = (
            answer.status_code < 400 or method == "HEAD" or not kind.startswith("application/json")
        )
        if answer.status_code >= 500 or not (one_shape or has_the_shape(answer)):
            self.wrong.append(
                (method, where[:80], what[:80], answer.status_code, answer.text[:150])
            )


def has_the_shape(answer: httpx.Response) -> bool:
    shape = answer.json()
    return set(shape) == {"error"} and set(shape["error"]) == {"code", "message", "detail"}


CHANGES_WHO_ASKS = ("/logout", "/account/view-as", "/oidc")


def chosen(portal):
    """Every route; those that would sign the administrator out are left to the stranger."""
    return [r for r in routes(portal) if not r[1].startswith(CHANGES_WHO_ASKS)]


def some(dice: random.Random, values: list, count: int) -> list:
    """A few of the values, always others; all of them with ``KB_TEST_HOSTILE=all``."""
    return values if EVERYTHING else dice.sample(values, min(count, len(values)))


async def send_everything(portal, send: Sender, some_routes, ours: int) -> None:
    dice = random.Random(SEED)
    for method, _, path, handler in some_routes:
        await in_its_address(send, dice, method, path, handler, ours)
        if method in {"POST", "PATCH", "PUT"}:
            where = address(path, ours)
            await in_its_body(send, dice, method, where, handler)
            if not body_fields(handler):
                await in_its_form(send, dice, method, where, handler)


async def in_its_address(send: Sender, dice, method, path, handler, ours: int) -> None:
    where = address(path, ours)
    body = {} if method != "GET" else None
    for place in re.findall(r"\{[^}]+\}", path):
        for value in some(dice, RAW, 4) + some(dice, VALUES, 6):
            escaped = value if value in RAW else quote(value[:3000], safe="")
            hostile = address(path.replace(place, "@@"), ours).replace("@@", escaped)
            await send(method, hostile, "path", json=body)
    for field in sorted(query_fields(handler)):
        for value in some(dice, VALUES, 6):
            await send(method, where, f"?{field}={value!r}", params={field: value[:60_000]})
        for raw in some(dice, RAW, 2):
            await send(method, f"{where}?{field}={raw}&{raw}={raw}", f"?{field}={raw}")


async def in_its_body(send: Sender, dice, method, where, handler) -> None:
    names = body_fields(handler)
    usual = dict.fromkeys(names, "1-0") | {"address": "/?q=x", "citation": 0}
    for name in names:
        for value in some(dice, VALUES, 6) + some(dice, WRONG_TYPES, 6):
            given = {n: usual[n] for n in names} | {name: value}
            await send(method, where, f"json {name}={value!r}", json=given)
    for body in some(dice, BODIES, 6):
        for kind in some(dice, KINDS, 1):
            sent = {b"Content-Type": kind.encode("latin-1")}
            await send(method, where, f"{kind} {body[:40]!r}", content=body, headers=sent)
    for body in some(dice, BODIES, 3):
        sent = {"Content-Type": "application/json"}
        await send(method, where, f"json {body[:40]!r}", content=body, headers=sent)


async def in_its_form(send: Sender, dice, method, where, handler) -> None:
    read, actions = form_fields(handler)
    for action in sorted(actions):
        usual = {n: KEPT.get(n, "x") for n in read} | {"action": action}
        for name in sorted(read):
            for value in some(dice, VALUES, 2):
                await send(method, where, f"{action}: {name}={value!r}", data=usual | {name: value})
        for name in some(dice, sorted(read), 3):
            raw = f"action={action}&{name}={dice.choice(RAW)}"
            sent = {"Content-Type": "application/x-www-form-urlencoded"}
            await send(method, where, raw, content=raw.encode(), headers=sent)
            part = dice.choice(MULTIPART)
            body = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n--x--\r\n'
            sent = {"Content-Type": "multipart/form-data; boundary=x"}
            await send(
                method, where, f"multipart {name} {part!r}",
                content=body % (name.encode(), part), headers=sent,
            )  # fmt: skip


async def still_alive(portal) -> None:
    """People go on finding, and what they did is still noted."""
    rita = await portal.as_person("rita")
    assert (await rita.get("/health")).status_code == 200
    found = await rita.get("/api/v1/search", params={"q": "when does the ferry leave"})
    assert found.status_code == 200, found.text


@pytest.mark.case("N18")
async def test_an_administrator_sends_everything(portal, document_of):
    """Every field of every route, as somebody who may use all of them."""
    anna = await portal.as_person("anna")
    send = Sender(anna)
    await send_everything(portal, send, chosen(portal), document_of("ferry.txt"))
    assert send.sent > 1000
    assert not send.wrong, json.dumps(send.wrong[:40], indent=1)
    await still_alive(portal)


@pytest.mark.case("N18")
async def test_a_stranger_sends_everything(portal, document_of):
    """What lets in anybody is sent all of it; of the rest, that it asks who they are."""
    client = portal.client()
    send = Sender(client)
    every, dice = routes(portal), random.Random(SEED)
    open_ones = [r for r in every if r[3].opt["who"] == Who.ANYONE]
    await send_everything(portal, send, open_ones, document_of("ferry.txt"))
    for method, _, path, _ in every:
        where = address(path, 1)
        for raw in some(dice, RAW, 2):
            await send(method, f"{where}?q={raw}", raw)
        for body in some(dice, BODIES, 2):
            await send(method, where, f"{body[:40]!r}", content=body,
                       headers={"Content-Type": "application/json"})  # fmt: skip
    assert not send.wrong, json.dumps(send.wrong[:40], indent=1)
    await still_alive(portal)


@pytest.mark.case("N18")
@pytest.mark.parametrize("person", ["", "anna"])
async def test_headers_of_every_kind(portal, document_of, person):
    """Origin, Host, cookies and the like, at a page, an API route, a form and a style sheet."""
    client = await portal.as_person(person)
    dice = random.Random(SEED)
    kept = "; ".join(f"{n}={v}" for n, v in client.cookies.items())
    send = Sender(portal.client())
    asked = [
        "/",
        "/api/v1/search?q=ferry",
        "/login",
        "/static/style.css",
        "/ready",
        "/no-such-page",
    ]
    for where in asked:
        for name, values in HEADERS.items():
            for value in some(dice, values, 2):
                given = ORIGIN | {"Cookie": kept} | {name: value}
                raw = [(n.encode(), v.encode("latin-1")) for n, v in given.items()]
                await send("GET", where, f"{name}: {value!r}", headers=raw)
                await send("POST", "/login", f"{name}: {value!r}", headers=raw, content=b"a=b")
    assert not send.wrong, json.dumps(send.wrong[:40], indent=1)
    await still_alive(portal)
