"""Cookies: strangers send them too."""

import pytest
from litestar._parsers import parse_cookie_string
from litestar.connection import ASGIConnection

from tests.parts import timing
from tests.parts.portal import Portal
from web.jar import value_of


def sent(*headers: str) -> ASGIConnection:
    return ASGIConnection(
        {"type": "http", "headers": [(b"cookie", one.encode()) for one in headers]}
    )


def test_values_are_those_that_were_sent():
    jar = sent('a=1; kb_session=abc-_; b="x"', "c=3; kb_session=later; d")
    assert [value_of(jar, name) for name in ("a", "kb_session", "b", "c", "d", "e")] == [
        "1", "abc-_", "x", "3", "", "",
    ]  # fmt: skip


@pytest.mark.case("N18")
def test_reading_them_takes_time_by_their_length():
    assert timing.slow(lambda text: [value_of(sent(f'kb_session="{text}"'), "kb_session")]) == []


@pytest.mark.case("N18")
async def test_none_is_decoded_or_kept_by_the_framework(house):
    """Python 3.11.7 decodes 60,000 backslashes in a quarter of a minute."""
    before = parse_cookie_string.cache_info()
    answer = await Portal(house).client(Cookie=f'kb_session="{chr(92) * 60_000}"').get("/login")
    assert answer.status_code == 200
    assert parse_cookie_string.cache_info() == before
