"""Make the export that every later release imports: ``python -m tests.leaving.make_kept``.

It is kept as ``kept/format-N.tar.xz``, and is never made again once a release has it.
"""

import asyncio
import tarfile
import tempfile
from pathlib import Path

from kb.settings import load
from kb.types.leaving import VERSION
from tests.leaving.handmade import handmade
from tests.leaving.lived import export, take_in
from tests.parts.house import House
from tests.parts.processes import environment_in, stop_engines

KEPT = Path(__file__).parent / "kept"


async def make(base: Path) -> None:
    environment = environment_in(base, base / "e")
    known = {name: value for name, value in environment.items() if name.startswith("KB_")}
    house = House(load({}, known), base / "files")
    [model] = house.kb.embeddings.models
    await take_in(house, handmade(base / "given", model))
    await export(house, base / f"format-{VERSION}")
    await house.kb.stop_engines()
    await house.kb.close()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="kb-") as name:
        base = Path(name)
        asyncio.run(make(base))
        stop_engines(base / "data")
        KEPT.mkdir(exist_ok=True)
        with tarfile.open(KEPT / f"format-{VERSION}.tar.xz", "w:xz") as archive:
            archive.add(base / f"format-{VERSION}", f"format-{VERSION}", filter=_nobodys)


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main()
