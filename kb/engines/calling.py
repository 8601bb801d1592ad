"""The caller's side: find an engine by its socket, start it where it is not there, call it."""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from kb.engines import REFUSED
from kb.engines.sockets import listener_of, run_dir
from kb.engines.wire import Wire
from kb.errors import EngineError, KbError, rebuilt
from kb.settings import Settings

QUIET = {
    "LRU_CACHE_CAPACITY": "64",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "67108864",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Environment of every engine: memory is given back. The two capacities bound the
kernels that oneDNN, and torch's layer above it, keep for every shape they have met.

Both thresholds go together: a trim threshold alone fixes the other one at 128 KB, every tensor is
then mapped anew, and embedding takes 1.6 times as long (docs/benchmarks.md)."""
ITS_OWN = {"engine_failed", "no_such_call", "out_of_memory"}
"""Codes of errors of the engine itself, not of what it was asked to do: the message then names the
engine and its log."""
log = logging.getLogger("kb.engines")
TRIES = 4
"""How often a call is sent, the first time included: an engine may leave, or be killed, just when
it is called."""


class EngineClient:
    """Calls one engine by its socket; starts it at the first call, and again when it has died.

    ``module`` is what the engine runs, ``fingerprint`` names the settings that it has to have,
    ``folder`` is where its socket lies (None: in the data directory). One that is ``silent`` has no
    network.
    """

    def __init__(
        self,
        name: str,
        module: str,
        settings: Settings,
        fingerprint: str,
        folder: Path | None = None,
        *,
        silent: bool = True,
    ) -> None:
        self._name = name
        self._module = module
        self._settings = settings
        self._fingerprint = fingerprint
        self._alone = ["kb.engines.alone"] if silent else []
        self._socket = run_dir(folder or settings.data / "run") / f"{name}.sock"
        self._wire = Wire(self._socket)
        self._checked = False
        self._pid = 0

    async def call(self, call: str, *, seconds: float = 600.0, **arguments: Any) -> Any:
        """Send a call by name. An engine that has died, or hangs, is replaced, and called again.

        Raises:
            EngineError: the engine did not start, or died at each of ``TRIES`` tries, or took
                longer than ``seconds``.
            KbError: what the engine itself raised, in its own class.
        """
        body = msgspec.msgpack.encode(arguments)
        for attempt in range(1, TRIES + 1):
            try:
                if not self._checked:
                    await self._ensure()
                return await self._watched(call, body, seconds)
            except ConnectionError as error:
                self._checked = False
                if attempt == TRIES:
                    raise EngineError(
                        f"The {self._name} process does not answer; its log is {self._log()}.",
                        detail={"engine": self._name},
                    ) from error
                await asyncio.sleep(0.1 * attempt)
            except TimeoutError as error:
                raise EngineError(
                    f"The {self._name} process took longer than {seconds:g} s.",
                    detail={"engine": self._name},
                ) from error
        raise AssertionError

    async def runs(self) -> bool:
        """Whether an engine with our settings runs now; none is started."""
        about = await self._about()
        return about is not None and about["fingerprint"] == self._fingerprint

    async def call_where_it_runs(self, call: str, *, seconds: float = 10.0) -> Any:
        """Send a call without arguments; None where no engine with our settings runs now.

        Raises:
            KbError: what the engine itself raised.
        """
        if not await self.runs():
            return None
        try:
            return await self._post(call, msgspec.msgpack.encode({}), seconds)
        except (ConnectionError, TimeoutError):  # it has just left
            return None

    async def _watched(self, call: str, body: bytes, seconds: float) -> Any:
        """The answer to a call; while none comes, the engine has to say that it lives."""
        posting = asyncio.ensure_future(self._post(call, body, seconds))
        try:
            patience = self._settings.engines.hung_seconds
            while not (await asyncio.wait({posting}, timeout=patience))[0]:
                await self._about()
            return posting.result()
        finally:
            if not posting.done():
                posting.cancel()
                await asyncio.gather(posting, return_exceptions=True)

    async def _about(self) -> dict[str, Any] | None:
        """What the engine says of itself; None where none is there. One that hangs is ended.

        It is asked on a connection of its own, and answers beside whatever it works on.
        """
        own = Wire(self._socket)
        seconds = self._settings.engines.hung_seconds
        try:
            _, answer = await own.post("about", b"", seconds)
            about: dict[str, Any] = msgspec.msgpack.decode(answer)
        except TimeoutError:
            log.warning("the %s process has said nothing for %g s: ended", self._name, seconds)
            self._end_hung()
            return None
        except ConnectionError:
            return None
        finally:
            own.close()
        self._pid = int(about["pid"])
        return about

    def _end_hung(self) -> None:
        """Kill whoever listens at the socket, where that is an engine of ours."""
        pid = listener_of(self._socket) or self._pid
        command = Path(f"/proc/{pid}/cmdline")
        with contextlib.suppress(OSError):  # it has ended by itself
            if os.fsencode(self._socket) in command.read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)

    async def close(self) -> None:
        """Close the connections; the engine itself stays for others."""
        self._wire.close()

    async def leave(self) -> None:
        """Ask the engine to end, where one runs."""
        try:
            await self._post("leave", msgspec.msgpack.encode({}), 5.0)
        except (ConnectionError, TimeoutError):
            return

    async def _post(self, call: str, body: bytes, seconds: float) -> Any:
        status, content = await self._wire.post(call, body, seconds)
        try:
            answer = msgspec.msgpack.decode(content)
            if status == 200:
                return answer
            problem = rebuilt(answer)
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
            raise EngineError(
                f"The {self._name} process sent what cannot be read; its log is {self._log()}.",
                detail={"engine": self._name},
            ) from error
        if problem.code in ITS_OWN:
            words = f"The {self._name} process: {problem.message} Its log is {self._log()}."
            problem.message, problem.detail = words, problem.detail | {"engine": self._name}
        raise problem

    async def _ensure(self) -> None:
        """Find an engine with our settings, or start one. One starter at a time."""
        if await self._is_ours():
            return
        lock = os.open(self._socket.with_suffix(".start"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            await self._only_starter(lock)
            if not await self._is_ours():
                await self._start()
        finally:
            os.close(lock)

    async def _only_starter(self, lock: int) -> None:
        """Wait until nobody else starts it; no thread waits meanwhile."""
        deadline = time.monotonic() + 2 * self._settings.engines.start_seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(BlockingIOError):
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            await asyncio.sleep(0.05)
        raise EngineError(
            f"The {self._name} process is being started and does not answer yet. Try again.",
            detail={"engine": self._name},
        )

    async def _is_ours(self) -> bool:
        about = await self._about()
        if about is None:
            return False
        if about["fingerprint"] != self._fingerprint:
            await self.leave()
            await self._wait_until_gone(int(about["pid"]))
            return False
        self._checked = True
        return True

    async def _wait_until_gone(self, pid: int) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            await asyncio.sleep(0.05)

    async def _start(self) -> None:
        """Start an engine and wait for it. One that is just leaving is let go first.

        Raises:
            ConfigurationError: its settings keep it from starting.
            EngineError: it did not start, for any other reason, or takes too long.
        """
        deadline = time.monotonic() + self._settings.engines.start_seconds
        process = self._launch()
        while time.monotonic() < deadline:
            if await self._is_ours():
                return
            ended = process.poll()
            if ended == 0:  # it found another one, which was leaving
                process = self._launch()
            elif ended == REFUSED:
                raise self._refusal()
            elif ended is not None:
                raise self._not_started("did not start; the reason is at the end of")
            await asyncio.sleep(0.05)
        seconds = f"{self._settings.engines.start_seconds:g} s (engines.start_seconds)"
        raise self._not_started(f"is still starting after {seconds}. Try again; its log is")

    def _not_started(self, how: str) -> EngineError:
        return EngineError(
            f"The {self._name} process {how} {self._log()}.",
            detail={"engine": self._name, "log": str(self._log())},
        )

    def _refusal(self) -> KbError:
        lines = reversed(self._log().read_bytes().splitlines())
        return rebuilt(msgspec.json.decode(next(s for s in lines if s.startswith(b"{"))))

    def _launch(self) -> "subprocess.Popen[bytes]":
        log = self._log()
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *self._alone, self._module, str(self._socket)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**os.environ, **QUIET},
            )
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(self._settings))
        process.stdin.close()
        return process

    def _log(self) -> Path:
        return self._settings.data / "logs" / f"{self._name}.log"
