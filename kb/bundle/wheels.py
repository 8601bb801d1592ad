"""The wheels of a bundle: kept in a folder, fetched where one is missing, built where none is.

What was fetched or built once is taken from the folder the next time, to the byte: two bundles of
the same sources and the same folder are the same.
"""

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.utils import (
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from kb.bundle.platforms import Target
from kb.bundle.resolving import Pins, last, tool, uv
from kb.errors import PermanentError, RetryableError

BUILT = 315_532_800
"""Unix seconds of the first day that a wheel can name, 1980-01-01: all that is packed is of it."""
AT_ONCE = 6
"""Programs that fetch side by side: most of their time they wait."""
QUIET = ("--no-deps", "--quiet", "--disable-pip-version-check")


class Shelf:
    """The folder of wheels that are kept between bundles; ``brought`` are folders that are read."""

    def __init__(self, folder: Path, target: Target, *brought: Path) -> None:
        self._folder = folder
        self._target = target
        self._brought = brought
        self._order = {tag: place for place, tag in enumerate(target.tags())}

    def files(self, pins: Pins, constraints: Path) -> list[Path]:
        """The wheel of each package, by its name.

        Raises:
            RetryableError: one cannot be fetched, or not be built.
            PermanentError: one would have to be built on a machine of that kind.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        missing = {name: release for name, release in pins.items() if not self.best(name, release)}
        if missing:
            self._fetch(missing)
            self._build(constraints)
        found = {name: self.best(name, release) for name, release in pins.items()}
        lacking = [f"{name}=={pins[name]}" for name, file in found.items() if file is None]
        if lacking:
            raise PermanentError(
                f"There is no wheel for {self._target.label} of {', '.join(lacking)}. Make the "
                f"bundle on a machine of that kind, or put a wheel into {self._folder}.",
                code="no_wheel",
            )
        return [file for _, file in sorted(found.items()) if file]

    def best(self, name: str, release: str) -> Path | None:
        """The wheel of a package that suits the machine best; None: there is none."""
        fitting = []
        for folder in (*self._brought, self._folder):
            for file in sorted(folder.glob("*.whl")):
                place = self._place(file, name, release)
                if place is not None:
                    fitting.append((place, file))
        return min(fitting, default=(0, None))[1]

    def _place(self, file: Path, name: str, release: str) -> int | None:
        """How well a file suits, 0 best; None: it is another package, or of another machine."""
        try:
            of, version, _, tags = parse_wheel_filename(file.name)
        except InvalidWheelFilename:
            return None
        if (of, str(version)) != (name, release):
            return None
        return min((self._order[tag] for tag in tags if tag in self._order), default=None)

    def _fetch(self, missing: Pins) -> None:
        wanted = [f"{name}=={release}" for name, release in sorted(missing.items())]
        parts = [part for i in range(AT_ONCE) if (part := wanted[i::AT_ONCE])]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._fetch_some, parts))

    def _fetch_some(self, wanted: list[str]) -> None:
        into = tempfile.mkdtemp(dir=self._folder, prefix=".fetching-")
        try:
            command = [*tool("pip"), "download", *QUIET, "--prefer-binary", *self._target.for_pip()]
            _run([*command, "--dest", into, *wanted], f"fetching {', '.join(wanted)}")
            for file in sorted(Path(into).iterdir()):
                os.replace(file, self._folder / file.name)
        finally:
            shutil.rmtree(into, ignore_errors=True)

    def _build(self, constraints: Path) -> None:
        """Make wheels of the sources that were fetched, since there was no wheel."""
        for sources in sorted(self._folder.glob("*.tar.gz")):
            name, release = parse_sdist_filename(sources.name)
            if self.best(name, str(release)):
                continue
            with tempfile.TemporaryDirectory(dir=self._folder) as into:
                _run(
                    [*uv(), "build", "--wheel", "--quiet", "--build-constraints", str(constraints),
                     "--out-dir", into, str(sources)],
                    f"building {name}=={release}",
                )  # fmt: skip
                for file in Path(into).glob("*.whl"):
                    os.replace(file, self._folder / file.name)


def own_wheel(sources: Path, into: Path) -> Path:
    """Build this program's wheel, the same from the same sources.

    Raises:
        RetryableError: it cannot be built.
    """
    constraints = str(sources / "constraints.txt")
    _run(
        [*uv(), "build", "--wheel", "--quiet", "--build-constraints", constraints,
         "--out-dir", str(into), str(sources)],
        "building Commonplace",
    )  # fmt: skip
    [wheel] = into.glob("*.whl")
    return wheel


def kept_in() -> Path:
    """Where wheels are kept, unless somebody names another folder."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "commonplace" / "wheels"


def named(wheel: Path) -> tuple[str, str]:
    """A wheel's package and its release."""
    name, release, _, _ = parse_wheel_filename(wheel.name)
    return canonicalize_name(name), str(release)


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SOURCE_DATE_EPOCH": str(BUILT)},
    )
    if done.returncode:
        raise RetryableError(f"It failed while {what}: {last(done.stderr)}", code="wheel_not_made")
