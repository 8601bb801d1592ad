"""One file never stops a run: what is not ours becomes that file's reason."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from kb.errors import (
    ConfigurationError,
    DamagedError,
    EngineError,
    FileProblem,
    KbError,
    RetryableError,
)
from kb.files import disk
from kb.types.versions import Ready

log = logging.getLogger("kb.ingest")


def of_file(error: Exception) -> KbError:
    """What an error that one file met says of that file.

    Raises:
        KbError: it says nothing of the file: the disk is full, the catalog is away, a setting is
            wrong, somebody else has taken over.
    """
    if isinstance(error, (FileProblem, EngineError)):
        return error
    if isinstance(error, (RetryableError, ConfigurationError, DamagedError)):
        raise error
    if isinstance(error, OSError) and error.errno in disk.BROKEN:
        with disk.translated():
            raise error
    log.error("unexpected while reading a file", exc_info=error)
    said = error.message if isinstance(error, KbError) else f"{type(error).__name__}: {error}"
    return FileProblem("unexpected", what=said.replace("\0", " ")[:300])


def of_writing(error: Exception) -> KbError:
    """What an error says of the file that was being written; an engine's says nothing of it."""
    problem = of_file(error)
    if isinstance(problem, EngineError):
        raise problem from error
    return problem


async def one_by_one(
    publish: Callable[[Sequence[Ready]], Awaitable[set[int]]], group: Sequence[Ready]
) -> tuple[set[int], list[tuple[Ready, KbError]]]:
    """Publish a group; where that meets what nobody expected, one document at a time.

    Returns the numbers of what is published, and what could not be, each with its reason.
    """
    try:
        return await publish(group), []
    except Exception as error:  # noqa: BLE001 - told apart in of_file
        problem = of_writing(error)
        if len(group) == 1:
            return set(), [(group[0], problem)]
    published: set[int] = set()
    failed: list[tuple[Ready, KbError]] = []
    for ready in group:
        done, problems = await one_by_one(publish, [ready])
        published |= done
        failed += problems
    return published, failed


def of_run(error: Exception) -> KbError:
    """What nobody expected, as the error that a run ends with and the source shows."""
    log.error("unexpected in a run", exc_info=error)
    said = f"{type(error).__name__}: {error}"[:300]
    return KbError(f"The run met what nobody expected: {said}.", code="unexpected")
