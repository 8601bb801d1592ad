"""uvloop's event loop, guarded: it connects by itself, past Python's audit events."""

from typing import Any

import uvloop

from kb.silence.guard import guards


class Loop(uvloop.Loop):
    """Uvloop's loop: asks the guard before it connects, tells it what a name was answered."""

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **more: Any
    ) -> Any:
        """See :meth:`asyncio.loop.create_connection`."""
        for guard in guards() if host is not None else ():
            guard.name(host)
            guard.place(host, port or 0)
        return await super().create_connection(protocol_factory, host, port, **more)

    async def create_datagram_endpoint(
        self, protocol_factory: Any, local_addr: Any = None, remote_addr: Any = None, **more: Any
    ) -> Any:
        """See :meth:`asyncio.loop.create_datagram_endpoint`."""
        for guard in guards() if isinstance(remote_addr, tuple) else ():
            guard.name(remote_addr[0])
            guard.place(*remote_addr[:2])
        return await super().create_datagram_endpoint(
            protocol_factory, local_addr, remote_addr, **more
        )

    async def getaddrinfo(self, host: Any, port: Any, **more: Any) -> Any:
        """See :meth:`asyncio.loop.getaddrinfo`."""
        for guard in guards():
            guard.name(host)
        found = await super().getaddrinfo(host, port, **more)
        for guard in guards():
            guard.answered(host, found)
        return found
