"""Requests that do not arrive are ended; slow ones that come on are not."""

import asyncio
import time
from contextlib import asynccontextmanager
from functools import partial

import pytest
import uvicorn

from tests.parts.processes import HANGING
from web.arriving import LEAST_BYTES, Punctual

SECONDS = 2.0


async def application(scope, receive, send):
    """Counts a body; or tells an event every so often, longer than any request may take."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(6 if scope["path"] == "/events" else 0):
        await send({"type": "http.response.body", "body": b":\n", "more_body": True})
        await asyncio.sleep(SECONDS / 2)
    await send({"type": "http.response.body", "body": b"%d bytes" % size})


@asynccontextmanager
async def running(*, rests=5, **protocol):
    config = uvicorn.Config(
        application, port=0, lifespan="off", log_level="warning", timeout_keep_alive=rests,
        http=partial(Punctual, arrival_seconds=SECONDS, **protocol),
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server
    server.should_exit = True
    await task


@asynccontextmanager
async def serving():
    async with running() as server:
        yield port_of(server)


def port_of(server) -> int:
    return server.servers[0].sockets[0].getsockname()[1]


@pytest.mark.case("N22")
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nfew",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT",
    ],
)
async def test_what_does_not_arrive_is_ended(sent):
    """Half a head, half a body or nothing at all: the connection ends after the bound."""
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        async with asyncio.timeout(300):
            while await reader.read(1000):
                pass  # an answer to the whole request before, then the end
        assert reader.at_eof()
        writer.close()


@pytest.mark.case("N22")
async def test_a_head_that_drips_is_ended_too():
    """A byte now and then does not hold a connection."""
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        begun, ended = time.monotonic(), asyncio.create_task(reader.read())
        while not ended.done():
            assert time.monotonic() - begun < 300
            writer.write(b"X-A: b\r\n")
            await asyncio.wait({ended}, timeout=SECONDS / 10)
        writer.close()


@pytest.mark.slow
@pytest.mark.case("N22")
async def test_a_slow_upload_that_comes_on_is_taken():
    """One that takes five times the bound arrives whole."""
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        parts = 20
        size = parts * LEAST_BYTES * 4
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(parts):
            writer.write(bytes(LEAST_BYTES * 4))
            await asyncio.sleep(SECONDS / 4)
        async with asyncio.timeout(300):
            assert b"200" in await reader.readline()
        writer.close()


@pytest.mark.case("N22")
async def test_a_stream_of_events_goes_on():
    """An answer that is told over a longer time than a request may take to arrive."""
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(300):
            told = await reader.read()
        assert told.count(b":\n") == 6
        assert b"0 bytes" in told
        writer.close()


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def read_answer(reader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"bytes\r\n0\r\n\r\n")
    return head.lower()


async def test_a_connection_that_rests_may_bring_one_more_request_while_the_server_ends():
    """Whoever sends it just then is answered, and told to open another connection."""
    async with running(rests=HANGING, last_request_seconds=HANGING) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        writer.write(GET)
        assert b"connection: close" not in await read_answer(reader)
        listener = server.servers[0]
        server.should_exit = True
        while listener.is_serving():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        writer.write(GET)
        assert b"connection: close" in await read_answer(reader)
        assert await reader.read() == b""
        writer.close()


async def test_without_that_time_a_connection_that_rests_is_closed_at_once():
    async with running(rests=HANGING) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        writer.write(GET)
        await read_answer(reader)
        server.should_exit = True
        assert await asyncio.wait_for(reader.read(), HANGING) == b""
        writer.close()
