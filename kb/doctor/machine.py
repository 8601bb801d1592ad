"""The machine: Python, processor, graphics card, clock, watched folders."""

import ctypes
import os
import platform
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kb import __version__, bulk
from kb.doctor.asking import Examined
from kb.doctor.findings import Finding
from kb.embedding.cards import card_of

WORTH_NAMING = {
    "avx2": "AVX2", "avx512f": "AVX-512", "avx512_vnni": "VNNI", "avx512_bf16": "bf16",
    "amx_tile": "AMX", "amx_bf16": "AMX bf16", "asimd": "NEON", "bf16": "bf16", "i8mm": "i8mm",
}  # fmt: skip
"""What embedding gains by, by the kernel's names of it."""
CLOCK_ERROR = 5
"""What adjtimex(2) returns where nothing keeps the clock right (TIME_ERROR)."""
ROOM_OF_TIMEX = 256
"""Bytes; more than any ``struct timex`` takes."""
SECONDS_APART = 5.0
"""By which the clocks of two machines may differ."""
FEW_WATCHES = 65_536
"""Folders that a system watches for a user: Debian's number on a small machine is below it."""
NEARLY = 0.8
"""Share of that limit from which it is nearly used up."""
LIMITS = ("/proc/sys/fs/inotify/max_user_watches", "/proc/sys/user/max_inotify_watches")


async def program(_: Examined) -> Iterable[Finding]:
    """Commonplace, and Python."""
    return [
        Finding(part="program", version=__version__, where=str(Path(__file__).parents[2])),
        Finding(part="python", version=platform.python_version(), where=sys.executable),
    ]


async def processor(_: Examined) -> Iterable[Finding]:
    """What embeds, where no graphics card does."""
    told = _cpuinfo()
    flags = set((told.get("flags") or told.get("Features") or "").split())
    gains = dict.fromkeys(name for flag, name in WORTH_NAMING.items() if flag in flags)
    model = told.get("model name") or platform.processor() or platform.machine()
    has_none = platform.machine() in {"x86_64", "AMD64"} and bool(flags) and "avx2" not in flags
    return [
        Finding(
            part="processor",
            state="better" if has_none else "ok",
            version=", ".join([model, *gains]),
            code="no_avx2" if has_none else "cores",
            detail={"n": bulk.usable_cores()},
        )
    ]


def _cpuinfo() -> dict[str, str]:
    """What the kernel says of the first processor; empty where it says nothing."""
    try:
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


async def card(asked: Examined) -> Iterable[Finding]:
    """A graphics card, and whether the torch that is installed computes on it."""
    found = card_of(asked.settings.embedding)
    if found is None:
        return [Finding(part="card", code="no_card")]
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = ""
    if found == "cuda" and (not torch or "+cpu" in torch):
        return [
            Finding(
                part="card", state="better", version=torch, where=found, code="card_unused",
                command=f"{sys.executable} -m pip install --force-reinstall torch",
            )
        ]  # fmt: skip
    return [Finding(part="card", version=torch, where=found)]


async def clock(asked: Examined) -> Iterable[Finding]:
    """Whether something keeps the clock right, and it agrees with the database's."""
    looked = await asked.catalog()
    ahead = 0.0 if looked is None else looked.ahead
    command = "timedatectl set-ntp true"
    if abs(ahead) > SECONDS_APART:
        detail = {"seconds": round(ahead)}
        return [Finding(part="clock", state="wrong", code="clocks_apart", detail=detail,
                        command=command)]  # fmt: skip
    kept = _is_kept()
    if kept is None:
        return [Finding(part="clock", code="clock_untold")]
    if not kept:
        return [Finding(part="clock", state="better", code="clock_unkept", command=command)]
    return [Finding(part="clock")]


def _is_kept() -> bool | None:
    """Whether the kernel's clock is kept right by something; None where it does not tell."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except AttributeError:
        return None
    answer = adjtimex(ctypes.create_string_buffer(ROOM_OF_TIMEX))  # all zero: nothing is set
    return None if answer < 0 else answer != CLOCK_ERROR


async def watching(asked: Examined) -> Iterable[Finding]:
    """How many folders the system watches for one user, and how many there are to watch."""
    limits = [int(text) for path in LIMITS if (text := _read(path)).isdecimal()]
    if not limits:
        return [Finding(part="watching", code="watching_untold")]
    limit, looked = min(limits), await asked.catalog()
    wanted = 0 if looked is None else looked.watched
    detail = {"limit": limit, "wanted": wanted}
    more = f"sysctl -w fs.inotify.max_user_watches={max(4 * wanted, 8 * FEW_WATCHES)}"
    if wanted > NEARLY * limit:
        return [Finding(part="watching", state="wrong", code="watches_used", detail=detail,
                        command=more)]  # fmt: skip
    if limit < FEW_WATCHES:
        return [Finding(part="watching", state="better", code="watches_few", detail=detail,
                        command=more)]  # fmt: skip
    return [Finding(part="watching", code="watches", detail=detail)]


def _read(path: str) -> str:
    if not os.path.exists(path):
        return ""
    return Path(path).read_text(encoding="utf-8").strip()
