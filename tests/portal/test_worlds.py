"""Random worlds: people, groups, rules and modes; every surface against brute force.

For the mirrored rule the truth is the kernel's: a child process becomes the person and opens each
file. ``KB_TEST_WORLDS`` asks for more worlds than CI does.
"""

import json
import os
import random
import struct

import pytest

from ingest import mirroring
from kb import access
from kb.catalog import documents, filtering, groups, ledger, people, sources
from kb.catalog.ledger import LedgerFilter
from kb.cli.folders import set_rule
from kb.publishing import queue_rights
from kb.queries import EVERYTHING
from kb.rules import PathRule
from tests.portal.conftest import Portal

WORLDS = int(os.environ.get("KB_TEST_WORLDS", "14"))
PEOPLE = ("ada", "bob", "cem", "dora")
GROUPS = ("crew", "desk", "yard")
FIRST_ID = 71_000
USERS = {FIRST_ID + n: name for n, name in enumerate(PEOPLE)} | {FIRST_ID + 8: "stranger"}
GIDS = {FIRST_ID + 50 + n: name for n, name in enumerate(GROUPS)} | {FIRST_ID + 58: "outsiders"}
NAMELESS = FIRST_ID + 99
FOLDERS = ("", "north", "north/deep", "south")
FILES = tuple(
    f"{folder}/{name}".lstrip("/") for folder in FOLDERS for name in ("tide.txt", "gale.txt")
)


class World:
    """One folder, read once; each world gives it other people and rights."""

    def __init__(self, house, chance: random.Random):
        self.house, self.kb, self.chance = house, house.kb, chance
        self.root = house.root / "shore"
        self.member_of: dict[str, set[str]] = {}

    async def begin(self) -> None:
        for path in FILES:
            self.house.write(f"shore/{path}", f"Harbour notice {path}: the storm wall is closed.")
        with self.kb.catalog.writing() as connection:
            for name in GROUPS:
                groups.add(connection, name)
        for name in PEOPLE:
            self.kb.accounts.add(access.owner(), name, ())
        self.house.follow("shore", root=self.root)
        await self.house.ingest("shore")

    def people_anew(self) -> None:
        self.member_of = {p: {g for g in GROUPS if self.chance.random() < 0.4} for p in PEOPLE}
        with self.kb.catalog.writing() as connection:
            for name, member_of in self.member_of.items():
                groups.set_of(connection, people.by_name(connection, name).id, member_of)

    def some_readers(self) -> list[str]:
        """A rule as it is given on the command line."""
        kind = self.chance.random()
        if kind < 0.2:
            return ["everyone"]
        chosen = self.chance.sample(GROUPS, self.chance.choice((1, 1, 2)))
        if kind < 0.4:
            return ["everyone", f"not:{chosen[0]}"]
        if kind < 0.5:
            return [f"person:{self.chance.choice(PEOPLE)}", *chosen[:1]]
        return chosen

    def fits(self, readers: list[str], person: str) -> bool:
        """Brute force."""
        mine = self.member_of[person]
        if any(r.startswith("not:") and r[4:] in mine for r in readers):
            return False
        wanted = [r for r in readers if not r.startswith("not:")]
        return any(
            r == "everyone" or r in mine or r == f"person:{person}" for r in wanted
        )  # fmt: skip

    async def _readers(self, readers: list[str]) -> None:
        with self.kb.catalog.writing() as connection:
            source = sources.by_name(connection, "shore")
            sources.set_readers(connection, source, access.readers(connection, readers))
            queue_rights(connection, documents.ids_of_source(connection, source.id))
        await self.kb.publisher.flush_rights()

    async def by_groups(self) -> dict[str, set[str]]:
        readers = self.some_readers()
        await self._readers(readers)
        await set_rule(self.kb, access.owner(), "shore", "groups", [])
        return {p: set(FILES) if self.fits(readers, p) else set() for p in PEOPLE}

    async def by_paths(self) -> dict[str, set[str]]:
        default = self.some_readers()
        lines = [
            PathRule(pattern, tuple(self.some_readers()))
            for pattern in self.chance.sample(("north/", "north/deep/", "south/", "gale.txt"), 2)
        ]
        await self._readers(default)
        await set_rule(self.kb, access.owner(), "shore", "paths", lines)

        def readers_of(path: str) -> list[str]:
            found = default
            for line in lines:
                inside = line.pattern.endswith("/") and path.startswith(line.pattern)
                named = path.rpartition("/")[2] == line.pattern
                found = list(line.readers) if inside or named else found
            return found

        return {p: {f for f in FILES if self.fits(readers_of(f), p)} for p in PEOPLE}

    async def mirrored(self) -> dict[str, set[str]]:
        for folder in FOLDERS:
            self._some_rights(self.root / folder, (0o7, 0o5, 0o1, 0o0))
        for path in FILES:
            self._some_rights(self.root / path, (0o6, 0o4, 0o0))
        await set_rule(self.kb, access.owner(), "shore", "mirror", [])
        for _ in range(2):
            before = self.embedded()
            await self.house.ingest("shore")
            assert self.embedded() == before, "rights alone: nothing is parsed or embedded again"
        return {
            p: opened_as(self.root, n, self.member_of[p]) for n, p in USERS.items() if p in PEOPLE
        }

    def embedded(self) -> int:
        with self.kb.catalog.reading() as connection:
            return connection.exec_driver_sql("SELECT count(*) FROM versions").scalar()

    def _some_rights(self, path, bits) -> None:
        chance = self.chance
        os.chown(path, chance.choice([*USERS, NAMELESS]), chance.choice([*GIDS, NAMELESS]))
        owner, group, other = (chance.choice(bits) for _ in range(3))
        if mirroring.ACL in os.listxattr(path):
            os.removexattr(path, mirroring.ACL)
        os.chmod(path, owner << 6 | group << 3 | other)
        if chance.random() < 0.4:
            self._some_acl(path, owner, group, other, bits)

    def _some_acl(self, path, owner, group, other, bits) -> None:
        chance, none = self.chance, 0xFFFFFFFF
        entries = [(mirroring.USER_OBJ, owner, none)]
        entries += [
            (mirroring.USER, chance.choice(bits), u) for u in sorted(chance.sample([*USERS], 1))
        ]
        entries += [(mirroring.GROUP_OBJ, group, none)]
        entries += [
            (mirroring.GROUP, chance.choice(bits), g) for g in sorted(chance.sample([*GIDS], 2))
        ]
        entries += [
            (mirroring.MASK, chance.choice((7, 7, 5, 4)), none),
            (mirroring.OTHER, other, none),
        ]
        raw = struct.pack("<I", 2) + b"".join(mirroring.ENTRY.pack(*e) for e in entries)
        os.setxattr(path, mirroring.ACL, raw)

    async def seen(self, person: str, portal: Portal) -> dict[str, set[str]]:
        """What each surface shows to somebody."""
        kb, principal = self.kb, self.kb.principal(person)
        found = (await kb.search("harbour storm wall closed", principal, 20)).passages
        paths = {p for passage in found for p in (passage.chunk.path, *passage.also)}
        with kb.catalog.reading() as connection:
            counted = filtering.count(connection, principal, EVERYTHING)
            facets = filtering.facets(connection, principal, EVERYTHING)
            rows = ledger.rows(connection, principal, LedgerFilter())
            states = ledger.count_by_state(connection, principal, LedgerFilter())
        total = sum(n for _, n in facets["source"])
        assert total == counted == len(rows) == sum(states.values())
        assert {n for kind in ("type", "language") for n in [sum(c for _, c in facets[kind])]} <= {
            total
        }
        return {
            "search": paths,
            "ledger": {r.path for r in rows},
            "documents": self._opened(principal),
        }

    def _opened(self, principal) -> set[str]:
        from kb.errors import NotFoundError

        found = set()
        for path, row in self.house.ledger().items():
            try:
                self.kb.document(principal, row.id)
                found.add(path)
            except NotFoundError:
                continue
        return found


def opened_as(root, number: int, member_of: set[str]) -> set[str]:
    """What the kernel lets this person open: beneath the folder, whatever is above it."""
    gids = [g for g, name in GIDS.items() if name in member_of]
    down, up = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chdir(root)
            os.setgroups(gids)
            os.setgid(65534)
            os.setuid(number)
            opened = [p for p in FILES if _opens(p)]
            os.write(up, json.dumps(opened).encode())
        finally:
            os._exit(0)
    os.close(up)
    with os.fdopen(down, "rb") as told:
        content = told.read()
    os.waitpid(child, 0)
    return set(json.loads(content))


def _opens(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: files get other people's owners")
async def test_every_surface_shows_what_brute_force_allows(house, monkeypatch):
    """R06, S40, S42: nobody ever sees more; and what the file system can tell, nobody sees less."""
    monkeypatch.setattr(mirroring, "user_name", lambda n: USERS.get(n, f"#{n}"))
    monkeypatch.setattr(mirroring, "group_name", lambda n: GIDS.get(n, f"#{n}"))
    monkeypatch.setattr(mirroring, "forget_names", lambda: None)
    house.root.mkdir(exist_ok=True)
    chance = random.Random(int(os.environ.get("KB_TEST_SEED", "7")))
    world = World(house, chance)
    await world.begin()
    portal = Portal(house)
    less = total = 0
    for number in range(WORLDS):
        world.people_anew()
        kind = ("groups", "paths", "mirror")[number % 3]
        make = {"groups": world.by_groups, "paths": world.by_paths, "mirror": world.mirrored}[kind]
        allowed = await make()
        for person in PEOPLE:
            surfaces = await world.seen(person, portal)
            for surface, shown in surfaces.items():
                assert shown <= allowed[person], (number, kind, person, surface)
                if kind != "mirror":
                    assert shown == allowed[person], (number, kind, person, surface)
            assert len(set(map(frozenset, surfaces.values()))) == 1, (
                number,
                kind,
                person,
                surfaces,
            )
            less += len(allowed[person]) - len(surfaces["ledger"])
            total += len(allowed[person])
    # Where an entry refuses somebody who is not known here, «other» is taken as refused too.
    assert less <= 0.5 * total, (less, total)
    assert await world.kb.check() == {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}


async def test_a_group_that_is_removed_stops_no_run_and_opens_nothing(house):
    house.root.mkdir(exist_ok=True)
    with house.kb.catalog.writing() as connection:
        for name in ("hr", "all"):
            groups.add(connection, name)
    house.kb.accounts.add(access.owner(), "ada", ("all",))
    house.follow("files", readers=["all"])
    house.write("hr/wages.txt", "Wages rise in May.")
    house.write("notes.txt", "The pier is open.")
    await set_rule(house.kb, access.owner(), "files", "paths", [PathRule("hr/", ("hr",))])
    with house.kb.catalog.writing() as connection:
        groups.remove(connection, "hr")
    await house.ingest("files")
    ada = house.kb.principal("ada")
    assert await house.paths("wages in May", ada) == ["notes.txt"]
    assert "hr/wages.txt" in await house.paths("wages in May")
