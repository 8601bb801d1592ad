"""Work that nobody waits for steps back behind the questions."""

import contextlib
import os
import threading

BULK_NICENESS = 10


def step_back() -> None:
    """Give this thread, and those that it makes, the lower priority of bulk work.

    One that has a lower priority already keeps it, as on systems without priorities of threads.
    """
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BULK_NICENESS)
