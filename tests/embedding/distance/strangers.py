"""What stands at an address in an embedder's place."""

import asyncio
import contextlib


async def silent(reader, writer):
    """Takes what comes and never answers."""
    await reader.read()


def saying(*parts: bytes):
    """Says this, whatever comes."""

    async def speak(reader, writer):
        await reader.read(10)
        for part in parts:
            writer.write(part)
        await writer.drain()
        writer.close()

    return speak


def answering(status: int, body: bytes):
    """Answers each request with this."""
    head = b"HTTP/1.1 %d X\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(body))
    return saying(head, body)


STRANGERS = {
    "another protocol": saying(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "it hangs up": saying(),
    "a web page": answering(200, b"<html>Welcome</html>"),
    "an address that is not there": answering(404, b'{"detail": "Not Found"}'),
    "a number": answering(200, b"7"),
    "an error that is none": answering(500, b"Internal Server Error"),
    "a proxy before nobody": answering(502, b"<html>Bad Gateway</html>"),
    "an answer without an end": saying(
        b"HTTP/1.1 200 X\r\ncontent-length: 900000000\r\n\r\n", *[b"x" * 1_000_000] * 80
    ),
}


@contextlib.asynccontextmanager
async def stranger(speak):
    """At a port; gives its address."""

    async def meet(reader, writer):
        with contextlib.suppress(ConnectionError):
            await speak(reader, writer)

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
