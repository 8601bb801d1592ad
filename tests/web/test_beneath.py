"""The service beneath a path of its host: what comes in loses the path, what goes out gets it."""

import httpx
import pytest

from web.beneath import Beneath

PAGE = (
    '<a href="/documents?q=a&amp;b" data-href="/x">href="/no"</a><form action="/people">'
    '<input value="/stays" title="a > b href=1"><a href="//elsewhere.example/">x</a>'
    '<a href="#here">x</a><img alt="&lt;a href=&quot;/no&quot;&gt;" src="/static/a.png"></form>'
)
ROOTED = (
    '<a href="/kb/documents?q=a&amp;b" data-href="/kb/x">href="/no"</a><form action="/kb/people">'
    '<input value="/stays" title="a > b href=1"><a href="//elsewhere.example/">x</a>'
    '<a href="#here">x</a><img alt="&lt;a href=&quot;/no&quot;&gt;" src="/kb/static/a.png"></form>'
)


class Inside:
    """An application that answers as it is told to, and remembers how it was asked."""

    def __init__(self, *headers, body=b"", parts=1):
        self.headers, self.body, self.parts = list(headers), body, parts

    async def __call__(self, scope, receive, send):
        self.asked = scope
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        size = -(-len(self.body) // self.parts) or 1
        for n in range(self.parts):
            part = self.body[n * size : (n + 1) * size]
            await send(
                {"type": "http.response.body", "body": part, "more_body": n < self.parts - 1}
            )


async def asked(inside, path="/kb/", root="/kb", **headers) -> httpx.Response:
    transport = httpx.ASGITransport(Beneath(inside, root))
    async with httpx.AsyncClient(transport=transport, base_url="https://example.org") as client:
        return await client.get(path, headers=headers)


@pytest.mark.parametrize("parts", [1, 7])
async def test_links_of_a_page_get_it_and_words_do_not(parts):
    length = (b"content-length", str(len(PAGE)).encode())
    kind = (b"content-type", b"text/html; charset=utf-8")
    answer = await asked(Inside(kind, length, body=PAGE.encode(), parts=parts))
    assert answer.text == ROOTED
    assert answer.headers["content-length"] == str(len(ROOTED))


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-type", b"application/json")],
        [(b"content-type", b"text/html"), (b"content-disposition", b"attachment")],
    ],
)
async def test_what_is_no_page_of_ours_is_passed_on_as_it_is(headers):
    assert (await asked(Inside(*headers, body=PAGE.encode()))).text == PAGE


async def test_a_redirect_and_a_cookie_stay_beneath_it():
    headers = [
        (b"location", b"/login?next=%2Fpeople"), (b"set-cookie", b"kb=1; HttpOnly; Path=/; Secure"),
        (b"set-cookie", b"kb_language=de; path=/"),
    ]  # fmt: skip
    answer = await asked(Inside(*headers))
    assert answer.headers["location"] == "/kb/login?next=%2Fpeople"
    assert answer.headers.get_list("set-cookie") == [
        "kb=1; HttpOnly; Path=/kb; Secure", "kb_language=de; path=/kb",
    ]  # fmt: skip
    elsewhere = await asked(Inside((b"location", b"https://login.example/")))
    assert elsewhere.headers["location"] == "https://login.example/"


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/kb/documents/3", "/documents/3"), ("/kb", "/"), ("/kb/", "/"), ("/kbx", "/kbx"),
        ("/health", "/health"), ("/kb/kb/x", "/kb/x"), ("/kb/source/a%20b", "/source/a b"),
    ],
)  # fmt: skip
async def test_inside_every_address_begins_at_the_root(path, inside):
    application = Inside()
    await asked(application, path, Referer="https://example.org/kb/people?edit=anna")
    assert application.asked["path"] == inside
    assert application.asked["raw_path"].decode() == inside.replace(" ", "%20")
    headers = dict(application.asked["headers"])
    assert headers[b"referer"] == b"https://example.org/people?edit=anna"


async def test_with_a_host_of_its_own_nothing_is_touched():
    kind = (b"content-type", b"text/html")
    application = Inside(kind, body=PAGE.encode())
    assert (await asked(application, "/kb/people", root="")).text == PAGE
    assert application.asked["path"] == "/kb/people"
