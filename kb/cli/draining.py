"""How a web process ends: what is under way is answered, and nobody new is sent here."""

import time
from types import FrameType

import uvicorn

from kb.duties import Duties

LEAVE_SECONDS = 600
"""Seconds for which answers may be written to their end by a process that another has replaced."""


class Draining(uvicorn.Server):
    """Uvicorn's server, which says at ``/ready`` that it ends before it does.

    ``drain_seconds``: for so long it still takes requests meanwhile, so that a balancer sees it.
    """

    def __init__(self, config: uvicorn.Config, duties: Duties, drain_seconds: float) -> None:
        super().__init__(config)
        self._duties = duties
        self._drain_seconds = drain_seconds
        self._until: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Told to stop. Told twice, it goes at once."""
        is_first = not self._duties.is_ending
        self._duties.is_ending = True
        if is_first and self._drain_seconds:
            self._captured_signals.append(sig)
            self._until = time.monotonic() + self._drain_seconds
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Whether it is time to end."""
        is_time = self._until is not None and time.monotonic() >= self._until
        return await super().on_tick(counter) or is_time

    def leave(self, seconds: int | None = None) -> None:
        """Take no more connections, and end when what is under way is answered.

        ``seconds``: how long that may take, where not as long as usual.
        """
        self._duties.is_ending = True
        if seconds is not None:
            self.config.timeout_graceful_shutdown = seconds
        self.should_exit = True
