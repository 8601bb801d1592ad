"""Named steps at which a test may have this process killed. Without ``KB_FAILPOINT``, nothing.

``KB_FAILPOINT=committed:3`` kills the process with SIGKILL the third time it reaches that step: the
way a power cut or an administrator would, with no chance to clear up.
"""

import os
import signal
import threading

STEPS = (
    "attempt_begun", "embedded", "planned", "upserted", "flushed", "committed",
    "members_recorded", "removed", "renamed", "rights_written", "points_deleted", "swept",
    "blob_written", "run_begun",
)  # fmt: skip
"""The steps of a version's life (docs/architecture.md), in their order, and those beside it."""

_wanted, _, _times = os.environ.get("KB_FAILPOINT", "").partition(":")
_left = int(_times or 1)
_lock = threading.Lock()


def reached(step: str) -> None:
    """This process has come to a named step."""
    global _left  # noqa: PLW0603 - one countdown per process is the point
    if step != _wanted:
        return
    with _lock:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
