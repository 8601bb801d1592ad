"""``python -m tests.parts.packages``: what a bundle is made of is fetched before the tests.

They have no network in CI, and uv answers from its cache there (``UV_OFFLINE``).
"""

import tempfile
from pathlib import Path

from kb.bundle import resolving, wheels
from kb.bundle.building import SOURCES
from kb.bundle.platforms import target
from tests.parts.weights import KEPT


def main() -> None:
    """Resolve the packages as ``kb bundle`` does, keep their wheels, build our own once."""
    here = target("", "")
    pins = resolving.resolved(SOURCES, here, resolving.NONE)
    wheels.Shelf(KEPT, here).files(pins, SOURCES / "constraints.txt")
    with tempfile.TemporaryDirectory() as folder:
        wheels.own_wheel(SOURCES, Path(folder))


if __name__ == "__main__":
    main()
