"""The client's side of an engine's socket, against a server of asyncio's own that speaks by hand."""

import asyncio
import contextlib

import pytest

from kb.engines.wire import MOST, Wire


class Speaking:
    """Answers each call with its own body; ``peculiar`` are calls that are answered otherwise."""

    def __init__(self):
        self.connections = 0
        self.at_once, self.most_at_once = 0, 0
        self.writers = []

    async def __call__(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].split("\r\n")[0])
        body = await reader.readexactly(length)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._told(head.split()[1], body, writer)
        finally:
            self.at_once -= 1

    async def _told(self, path, body, writer):
        whole = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        match path:
            case "/slow":
                await asyncio.sleep(0.3)
                writer.write(whole)
            case "/silent":
                await asyncio.sleep(30)
            case "/bytewise":
                for byte in whole:
                    writer.write(bytes([byte]))
                    await writer.drain()
            case "/chunked":
                writer.write(b"HTTP/1.1 500 x\r\ntransfer-encoding: chunked\r\n\r\n")
                for byte in body:
                    writer.write(b"1\r\n%c\r\n" % byte)
                writer.write(b"0\r\n\r\n")
            case "/last":
                writer.write(whole.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
                writer.close()
            case "/half":
                writer.write(whole[:-1])
                writer.close()
            case "/babble":
                writer.write(b"\x00\x01 what is this?\r\n\r\n")
            case _:
                writer.write(whole)


@pytest.fixture
async def wire(tmp_path):
    speaking = Speaking()
    server = await asyncio.start_unix_server(speaking, str(tmp_path / "s"), limit=2**24)
    made = Wire(tmp_path / "s")
    made.speaking = speaking
    yield made
    made.close()
    server.close()
    for writer in speaking.writers:
        writer.close()
    await asyncio.sleep(0.01)


async def test_one_call_after_another_takes_one_connection(wire):
    for number in range(20):
        assert await wire.post("echo", b"%d" % number, 5) == (200, b"%d" % number)
    assert wire.speaking.connections == 1


async def test_calls_at_once_get_their_own_answers(wire):
    """More than there may be connections: the others wait."""
    bodies = [b"%d" % n * 1000 for n in range(3 * MOST)]
    answers = await asyncio.gather(*(wire.post("slow", body, 10) for body in bodies))
    assert [body for _, body in answers] == bodies
    assert wire.speaking.most_at_once == MOST == wire.speaking.connections


@pytest.mark.parametrize("call", ["bytewise", "chunked", "last"])
async def test_an_answer_however_it_comes(wire, call):
    for _ in range(2):
        assert (await wire.post(call, b"A sluice.", 5))[1] == b"A sluice."


async def test_a_large_call(wire):
    body = bytes(range(256)) * 40_000
    assert (await wire.post("echo", body, 10))[1] == body


async def test_a_status_is_told(wire):
    assert (await wire.post("chunked", b"x", 5))[0] == 500


@pytest.mark.parametrize("call", ["half", "babble"])
async def test_what_breaks_off_or_is_no_http(wire, call):
    with pytest.raises(ConnectionError):
        await wire.post(call, b"A sluice.", 5)
    assert await wire.post("echo", b"x", 5) == (200, b"x")


async def test_nobody_is_there(tmp_path):
    with pytest.raises(ConnectionError):
        await Wire(tmp_path / "nobody").post("echo", b"", 5)


async def test_too_late(wire):
    with pytest.raises(TimeoutError):
        await wire.post("silent", b"", 0.1)


async def test_the_answer_to_a_call_that_was_given_up_goes_to_nobody(wire):
    given_up = asyncio.create_task(wire.post("slow", b"old", 5))
    await asyncio.sleep(0.1)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert await wire.post("slow", b"new", 5) == (200, b"new")
    assert await wire.post("echo", b"newer", 5) == (200, b"newer")


async def test_a_connection_that_has_ended_meanwhile_is_replaced(wire):
    await wire.post("echo", b"x", 5)
    for writer in wire.speaking.writers:
        writer.close()
        await writer.wait_closed()
    await asyncio.sleep(0.05)
    assert await wire.post("echo", b"y", 5) == (200, b"y")
    assert wire.speaking.connections == 2
