"""A portal with people in it: the real application over real documents, asked through HTTP."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from litestar import Litestar
from sqlalchemy import func, update

from kb.catalog import groups, people, sources, tables
from kb.catalog.database import open_catalog
from kb.rights import access
from kb.settings import Settings, load
from tests.parts.house import House, folders_of
from tests.parts.processes import environment_in, stop_engines
from tests.parts.sharing import made_once
from web.app import create_app

PASSWORD = "a quiet harbour at dawn"
ORIGIN = {"Origin": "http://localhost", "Accept": "application/json"}
CAST = {
    "anna": ((), True),  # administrates, and reads what everybody reads
    "rita": (("hr",), False),
    "otto": (("sales",), False),
    "carl": (("sales",), False),  # answers for the source «public»
    "nina": ((), False),  # in no group
}


class Portal:
    """The application, and a client for each person."""

    def __init__(self, house: House):
        self.house, self.kb = house, house.kb
        self.app = create_app(house.kb, folders_of(house.kb))
        self.clients: dict[str, httpx.AsyncClient] = {}

    @property
    def litestar(self) -> Litestar:
        """The application itself, behind what stands in front of it."""
        inner = self.app
        while not isinstance(inner, Litestar):
            inner = inner._app
        return inner

    def client(self, address: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=(address, 4711))
        return httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=ORIGIN | headers, timeout=300
        )

    async def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> httpx.AsyncClient:
        client = self.client()
        answer = await client.post("/login", data={"name": name, "password": password, **more})
        assert answer.status_code == 303, answer.text
        self.clients[name] = client
        return client

    async def as_person(self, name: str) -> httpx.AsyncClient:
        if name == "":
            return self.client()
        return self.clients.get(name) or await self.sign_in(name)

    async def close(self) -> None:
        for client in self.clients.values():
            await client.aclose()


async def furnish(house: House) -> None:
    """The cast, two sources and a document in each, read."""
    with house.kb.catalog.writing() as connection:
        for name in ("hr", "sales"):
            groups.add(connection, name)
    owner = access.owner()
    for name, (member_of, administrator) in CAST.items():
        house.kb.accounts.add(
            owner, name, member_of, administrator=administrator, password=PASSWORD
        )
    house.follow("public", root=house.root / "public")
    house.follow("staff", readers=["hr"], root=house.root / "staff")
    house.write("public/ferry.txt", "The ferry to the island leaves at seven in the morning.")
    house.write("staff/wages.txt", "Wages rise by four per cent in May, says the pay agreement.")
    with house.kb.catalog.writing() as connection:
        public = sources.by_name(connection, "public")
        people.set_curators(connection, public.id, ["carl"])
    for name in ("public", "staff"):
        await house.ingest(name)


def make_furnished(
    base: Path,
    environment: dict[str, str],
    furnish: Callable[[House], Awaitable[None]] = furnish,
) -> None:
    """Furnish a portal, or another house, in a folder, and leave it: nothing runs there any more."""
    known = {name: value for name, value in environment.items() if name.startswith("KB_")}

    async def make() -> None:
        house = House(load({}, known), base / "files")
        await furnish(house)
        await house.kb.close()

    with ThreadPoolExecutor(1) as thread:  # away from the loop of whatever test comes first
        thread.submit(asyncio.run, make()).result()
    stop_engines(base / "data")


def furnished_once(
    name: str,
    embedder_dir: Path,
    new_catalog: Path,
    furnish: Callable[[House], Awaitable[None]] = furnish,
) -> Path:
    """A folder that is furnished once, for all workers; its catalog is SQLite's."""

    def make(base: Path) -> None:
        (base / "data").mkdir(mode=0o700)
        shutil.copy2(new_catalog, base / "data" / "catalog.sqlite3")
        make_furnished(base, environment_in(base, embedder_dir), furnish)

    return made_once(name, make)


def copy_furnished(made: Path, settings: Settings, files: Path) -> None:
    """Have the data directory and the files of another place, where nothing runs any more."""
    shutil.copytree(made / "data", settings.data, ignore=shutil.ignore_patterns("run"))
    shutil.copytree(made / "files", files)
    catalog = open_catalog(settings)
    with catalog.writing() as connection:
        moved = func.replace(tables.sources.c.root, str(made / "files"), str(files))
        connection.execute(update(tables.sources).values(root=moved))
    catalog.close()
