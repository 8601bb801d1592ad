"""Watching folders: a change asks for a run of its source soon after things have calmed down."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from watchfiles import Change, awatch

from ingest.finding.selection import Selection
from kb.types.library import Source

CALM_MILLISECONDS = 1000
"""Milliseconds: changes closer together than this are taken as one."""
AGAIN_SECONDS = 15.0
"""Seconds after which a watch begins again that broke off for no known reason."""
log = logging.getLogger("kb.watching")


class Watcher:
    """Watches every folder that wants it. Give it the sources again when they have changed."""

    def __init__(self, on_change: Callable[[Source], Awaitable[None]]) -> None:
        self._on_change = on_change
        self._watched: dict[str, tuple[Source, asyncio.Task[None]]] = {}

    def follow(self, sources: Iterable[Source]) -> None:
        """Watch these, and no others. A watch that broke off (a share was away) begins again."""
        wanted = {_key(s): s for s in sources if s.following.watch and not s.paused}
        for key in list(self._watched):
            _, task = self._watched[key]
            if key not in wanted or task.done():
                task.cancel()
                del self._watched[key]
        for key, source in wanted.items():
            if key not in self._watched:
                self._watched[key] = (source, asyncio.create_task(self._watch(source)))

    async def stop(self) -> None:
        """Watch nothing any more."""
        tasks = [task for _, task in self._watched.values()]
        self._watched.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, source: Source) -> None:
        root = Path(source.root)
        if not await asyncio.to_thread(root.is_dir):  # on a share that hangs this takes for ever
            return
        selection = Selection(source.following.include, source.following.exclude)

        def concerns(_change: Change, path: str) -> bool:
            with contextlib.suppress(ValueError):
                inside = os.fsencode(os.path.relpath(path, root))
                return selection.covers(inside) or os.path.isdir(path)
            return True

        try:
            async for _ in awatch(
                root,
                watch_filter=concerns,
                debounce=CALM_MILLISECONDS,
                ignore_permission_denied=True,
            ):
                await self._on_change(source)
        except (OSError, RuntimeError) as error:
            # The folder went away, or the system watches no more files: the sweep finds changes.
            log.warning("watching %s broke off: %s", source.name, error)
        except Exception:  # it begins again at the scheduler's next look, after a while
            log.exception("watching %s broke off", source.name)
            await asyncio.sleep(AGAIN_SECONDS)


def _key(source: Source) -> str:
    return f"{source.id}:{source.root}:{source.following.include}:{source.following.exclude}"
