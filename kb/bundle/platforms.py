"""The machines that a bundle is made for: which wheels they take, and how tools call them."""

import platform
import sys
from dataclasses import dataclass

from packaging.tags import Tag, compatible_tags, cpython_tags

from kb.errors import UsageError

MACHINES = {"linux-x86_64": "x86_64", "linux-aarch64": "aarch64"}
LIBC = 28
"""The least glibc is 2.28: Debian 10, RHEL 8, and all since."""
OLDER = (27, 26, 24, 17, 12, 5)
"""The minor versions of glibc 2, older than LIBC, for which wheels are made under a name of that
version."""
EARLIER_NAMES = {"x86_64": ("2014", "2010", "1"), "aarch64": ("2014",)}
"""What wheels for an older glibc are called, too."""
OLDEST_PYTHON = (3, 11)
"""The oldest Python that a bundle is made for: ``requires-python`` of the project."""


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of machine with one Python: ``linux-x86_64`` and ``(3, 11)``."""

    name: str
    python: tuple[int, int]

    @property
    def machine(self) -> str:
        """The processor, as ``uname -m`` says it."""
        return MACHINES[self.name]

    @property
    def version(self) -> str:
        """``3.11``."""
        return ".".join(map(str, self.python))

    @property
    def label(self) -> str:
        """As it stands in the name of a bundle."""
        return f"{self.name}-py{self.version}"

    @property
    def for_uv(self) -> str:
        """What uv calls the machine."""
        return f"{self.machine}-manylinux_2_{LIBC}"

    def tags(self) -> list[Tag]:
        """The wheels that it takes, the best first."""
        own = cpython_tags(self.python, None, self._platforms())
        return [*own, *compatible_tags(self.python, None, self._platforms())]

    def for_pip(self) -> list[str]:
        """What pip is told, to fetch for this machine on any other."""
        of_python = [f"--python-version={self.version}", "--implementation=cp"]
        abis = [f"--abi=cp{self.python[0]}{self.python[1]}", "--abi=abi3", "--abi=none"]
        return [*of_python, *abis, *(f"--platform={one}" for one in self._platforms())]

    def _platforms(self) -> list[str]:
        of_glibc = [f"manylinux_2_{n}_{self.machine}" for n in (LIBC, *OLDER)]
        return [*of_glibc, *(f"manylinux{n}_{self.machine}" for n in EARLIER_NAMES[self.machine])]


def target(name: str, python: str) -> Target:
    """The machine of this name; empty: this one, with the Python that runs here.

    Raises:
        UsageError: nothing is built for such a machine.
    """
    name = name or f"{sys.platform}-{platform.machine()}".lower()
    version = tuple(int(n) for n in python.split(".") if n.isdecimal()) or sys.version_info[:2]
    if name not in MACHINES:
        raise UsageError(
            f"There is no bundle for {name}. Name one of: {', '.join(MACHINES)}.",
            code="unknown_platform",
        )
    if len(version) != 2 or version < OLDEST_PYTHON:
        raise UsageError(
            f"There is no bundle for Python {python}. Name 3.11 or a later one.",
            code="unknown_platform",
        )
    return Target(name, (version[0], version[1]))
