"""Whether this machine has a graphics card that torch computes on, without loading torch."""

import platform
import sys
from pathlib import Path

from kb.embedding.naming import Device
from kb.settings import Embedding

NVIDIA = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""What a driver for CUDA leaves to be seen; the last one in Windows' own Linux."""


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
