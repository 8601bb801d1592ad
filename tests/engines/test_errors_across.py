"""Errors keep their class when they cross to another process: from an engine, and from a run."""

import asyncio
import contextlib
import os
import signal
import socket
import threading

import pytest
import uvicorn

from kb import errors
from kb.cli.working import Working
from kb.engines.calling import EngineClient
from kb.engines.serving import Service
from kb.errors import KbError


def kinds(kind=KbError):
    return {kind} | {lower for k in kind.__subclasses__() for lower in kinds(k)}


def made(kind):
    if kind is errors.FileProblem:
        return kind("too_large", limit=3)
    if issubclass(kind, errors.TooManyError):
        return kind("m", seconds=7)
    return kind("m", code="special", detail={"a": [1, "x"]})


@pytest.mark.case("N18")
@pytest.mark.parametrize("kind", sorted(kinds(), key=lambda k: k.__name__))
def test_every_class_comes_out_as_it_went_in(kind):
    """Generated from the tree itself, so that a new class is in it."""
    before = made(kind)
    after = errors.rebuilt(errors.told(before))
    assert type(after) is kind
    assert (after.code, after.message, after.detail, after.status) == (
        before.code, before.message, before.detail, before.status,
    )  # fmt: skip
    assert vars(after).keys() == vars(before).keys()


@pytest.mark.case("N18")
def test_a_class_of_another_release_keeps_whether_to_try_again():
    told = {"kind": "FutureError", "code": "c", "message": "m", "detail": {}}
    assert isinstance(errors.rebuilt(told | {"retryable": True}), errors.RetryableError)
    assert type(errors.rebuilt(told | {"retryable": False})) is KbError


class Failing:
    """An engine whose every call fails in its own way."""

    fingerprint = "f"

    async def down(self):
        raise errors.EngineError("Not reached.", detail={"engine": "index"})

    async def empty(self):
        raise errors.UsageError("A question without reader tokens.", code="no_rights")

    async def busy(self):
        raise errors.TooManyError("Too much.", seconds=9)

    async def full(self):
        raise MemoryError

    async def bug(self):
        return {}["nope"]

    def close(self):
        pass


@contextlib.asynccontextmanager
async def served(client):
    service = Service(Failing(), 100)
    config = uvicorn.Config(service, uds=str(client._socket), lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield
    server.should_exit = True
    await task


@pytest.fixture
async def client(settings):
    made = EngineClient("fake", "no.such.module", settings, "f")
    yield made
    await made.close()


@pytest.mark.case("N18")
@pytest.mark.parametrize(
    ("call", "kind", "code"),
    [
        ("down", errors.EngineError, "engine_unavailable"),
        ("empty", errors.UsageError, "no_rights"),
        ("busy", errors.TooManyError, "too_many"),
        ("full", errors.EngineError, "out_of_memory"),
        ("bug", errors.PermanentError, "engine_failed"),
        ("missing", errors.PermanentError, "no_such_call"),
    ],
)
async def test_an_engines_error_keeps_its_class_and_is_logged_there(
    client, caplog, call, kind, code
):
    """A fault of the engine is no "try again"; what it could not do is."""
    async with served(client):
        with pytest.raises(KbError) as problem:
            await client.call(call)
    assert (type(problem.value), problem.value.code) == (kind, code)
    assert [r for r in caplog.records if r.name == "kb.engine" and call in r.getMessage()]


@pytest.mark.case("N18")
async def test_an_engine_that_dies_while_it_is_sent_something_large(client, monkeypatch):
    """The write fails, not the read."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(client._socket))
    listener.listen(8)

    def dying():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.recv(100)
                connection.close()

    threading.Thread(target=dying, daemon=True).start()

    async def there():
        client._checked = True

    monkeypatch.setattr(client, "_ensure", there)
    with pytest.raises(errors.EngineError):
        await client.call("embed_passages", texts=["x" * 4_000_000])
    listener.close()


@pytest.mark.case("N18")
async def test_an_engine_that_answers_nonsense(client, monkeypatch):
    async def nonsense(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nOops!")
        writer.close()

    async def there():
        client._checked = True

    monkeypatch.setattr(client, "_ensure", there)
    server = await asyncio.start_unix_server(nonsense, str(client._socket))
    with pytest.raises(errors.EngineError):
        await client.call("describe")
    server.close()


async def read(house, name: str, *, kill: bool = False):
    working = Working(house.kb, asyncio.Event())
    reading = asyncio.create_task(working._read(name))
    if kill:
        while not working._running:
            await asyncio.sleep(0.01)
        os.kill(next(iter(working._running)).pid, signal.SIGKILL)
    with pytest.raises(KbError) as problem:
        await reading
    return problem.value


@pytest.mark.case("N18")
async def test_a_runs_error_keeps_its_class(house, environment, monkeypatch, caplog):
    """The code alone never said it; those the list of codes lacked were not tried again."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    missing = await read(house, "nobody")
    assert (type(missing), missing.code) == (errors.NotFoundError, "not_found")
    assert "not_found" in caplog.text
    house.follow("files")
    house.root.rename(house.root.with_name("away"))
    away = await read(house, "files")
    assert (away.code, isinstance(away, errors.RetryableError)) == ("source_unreachable", True)
    house.root.with_name("away").rename(house.root)
    killed = await read(house, "files", kill=True)
    assert (killed.code, isinstance(killed, errors.RetryableError)) == ("interrupted", True)


@pytest.mark.case("N18")
async def test_a_run_whose_class_no_list_of_codes_knew(house, environment, monkeypatch):
    """An engine that cannot be started is tried again, whatever its code."""
    house.follow("files")
    house.write("a.txt", "The sluice is opened at dawn.")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KB_INDEX__BACKEND", "server")
    monkeypatch.setenv("KB_INDEX__URL", "http://127.0.0.1:9")
    error = await read(house, "files")
    assert isinstance(error, errors.EngineError)
