"""Graphics cards that torch computes on, without loading torch: one that is here, its memory."""

import logging
import platform
import re
import sys
from collections.abc import Callable
from pathlib import Path

from kb.embedding.naming import Device
from kb.settings import Embedding

NVIDIA = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""What a driver for CUDA leaves to be seen; the last one in Windows' own Linux."""
OF_TORCH = "OutOfMemoryError"
SHORT = re.compile(r"out of memory|_STATUS_ALLOC_FAILED", re.IGNORECASE)
"""What torch's errors say of a card without memory where they have no type of their own: while the
card is opened, and from CUDA's libraries for matrix products."""

log = logging.getLogger("kb.embedding")
_used: dict[Device, Callable[[], None]] = {}
"""The cards that this process computes on."""


def card_of(settings: Embedding) -> Device | None:
    """The card that the settings name, or that is here; None: the processor computes."""
    if settings.device in {"cuda", "mps"}:
        return settings.device
    if settings.device == "cpu":
        return None
    if any(path.exists() for path in NVIDIA):
        return "cuda"
    is_apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return "mps" if is_apple else None


def is_short(error: BaseException) -> bool:
    """Whether an error of torch says that a card has no memory left."""
    is_so = type(error).__name__ == OF_TORCH or SHORT.search(str(error)) is not None
    return is_so and isinstance(error, RuntimeError)


def told_short(error: BaseException) -> str:
    """What such an error says, for people: torch goes on with advice to programmers."""
    first = str(error).partition("\n")[0]
    return "The card's memory is short: " + ". ".join(first.split(". ")[:3]).rstrip(".") + "."


def use(device: Device, give_memory_back: Callable[[], None]) -> None:
    """Note that this process computes on a card, and how others get what it does not use of it."""
    _used[device] = give_memory_back


def give_back() -> None:
    """Let others have what torch keeps of a card's memory and does not use.

    A card that has failed keeps it, and says so to whoever computes on it next.
    """
    for device, give_memory_back in list(_used.items()):
        try:
            give_memory_back()
        except RuntimeError as error:
            log.warning("%s keeps its memory: %s", device, error)
