"""What a Qdrant server, or what stands in its place, can answer becomes an error of ours.

The servers here are foreign ones in small: real gRPC with Qdrant's own services, real HTTP.
"""

import asyncio
import contextlib

import grpc
import pytest
from qdrant_client import AsyncQdrantClient
from qdrant_client import grpc as qdrant

from kb.errors import ConfigurationError, EngineError, KbError, PermanentError, RetryableError
from kb.index.server import ServerIndex
from tests.parts.processes import free_port

KINDS = {
    "UNAVAILABLE": (EngineError, "engine_unavailable"),
    "DEADLINE_EXCEEDED": (EngineError, "engine_unavailable"),
    "RESOURCE_EXHAUSTED": (EngineError, "engine_unavailable"),
    "INTERNAL": (EngineError, "engine_unavailable"),
    "NOT_FOUND": (EngineError, "generation_missing"),
    "UNAUTHENTICATED": (ConfigurationError, "index_refused"),
    "PERMISSION_DENIED": (ConfigurationError, "index_refused"),
    "INVALID_ARGUMENT": (PermanentError, "index_failed"),
}


@contextlib.asynccontextmanager
async def qdrant_that_says(status):
    class Points(qdrant.PointsServicer):
        async def Count(self, request, context):
            await context.abort(status, "collection at 10.1.2.3:6334 /srv/qdrant/storage")

    server = grpc.aio.server()
    qdrant.add_PointsServicer_to_server(Points(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    client = AsyncQdrantClient(
        host="127.0.0.1", grpc_port=port, prefer_grpc=True, timeout=5, check_compatibility=False
    )
    try:
        yield ServerIndex(client, "t")
    finally:
        await client.close()
        await server.stop(0)


@contextlib.asynccontextmanager
async def http_that_says(answer: bytes):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = AsyncQdrantClient(url=f"http://127.0.0.1:{port}", timeout=5, check_compatibility=False)
    try:
        yield ServerIndex(client, "t")
    finally:
        await client.close()
        server.close()


def answered(status: str, kind: str, body: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n{body}".encode()


@pytest.mark.case("N18")
@pytest.mark.parametrize("name", KINDS)
async def test_each_of_grpcs_statuses_is_an_error_of_its_kind(name):
    """gRPC's errors are translated; addresses and paths in their words go no further."""
    kind, code = KINDS[name]
    async with qdrant_that_says(grpc.StatusCode[name]) as index:
        with pytest.raises(KbError) as problem:
            await index.count("g1")
    assert (type(problem.value), problem.value.code) == (kind, code)
    assert "10.1.2.3" not in problem.value.message
    assert "/srv" not in problem.value.message


@pytest.mark.case("N18")
async def test_no_server_at_all():
    client = AsyncQdrantClient(
        host="127.0.0.1", grpc_port=free_port(), prefer_grpc=True, timeout=2,
        check_compatibility=False,
    )  # fmt: skip
    with pytest.raises(EngineError) as problem:
        await ServerIndex(client, "t").count("g1")
    await client.close()
    assert isinstance(problem.value, RetryableError)


LOGIN = "<html><body><h1>Sign in to proceed</h1></body></html>"


@pytest.mark.case("N18")
@pytest.mark.parametrize(
    "answer",
    [
        answered("200 OK", "text/html", LOGIN),
        answered("502 Bad Gateway", "text/html", LOGIN),
        answered("200 OK", "application/json", "{not json"),
        answered("200 OK", "application/json", "[]"),
        answered("200 OK", "application/json", '{"result":null}'),
        answered("200 OK", "application/json", '{"result":{"count":"many"}}'),
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"garbage\r\n\r\n",
        b"",
    ],
)
async def test_a_proxy_in_the_place_of_the_server(answer):
    """HTML, JSON that is not JSON, JSON of another shape, an answer that breaks off."""
    async with http_that_says(answer) as index:
        with pytest.raises(EngineError) as problem:
            await index.count("g1")
    assert "Sign in" not in problem.value.message
    assert problem.value.code == "engine_unavailable"


@pytest.mark.case("N18")
@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_key_that_is_refused_names_the_setting(status):
    async with http_that_says(answered(status, "application/json", "{}")) as index:
        with pytest.raises(ConfigurationError, match=r"index\.api_key"):
            await index.count("g1")
