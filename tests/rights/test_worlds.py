"""Random worlds: people, groups, rules, modes, links and kept answers; every surface against brute
force.

For the mirrored rule the truth is the kernel's: a child process becomes the person and opens each
file. For the others it is a model of identities: a group or a person that was removed is nobody,
whatever is called so later. ``KB_TEST_WORLDS`` asks for more worlds than CI does.
"""

import json
import os
import random
import struct

import msgspec
import pytest
from sqlalchemy import event

from ingest.finding import mirroring
from kb.accounts.directory import KnownPerson
from kb.accounts.vouching import Vouching
from kb.catalog import answers, filtering, groups, ledger, people, sources
from kb.catalog.outbox import queue_rights
from kb.errors import ConflictError, NotFoundError
from kb.rights import access, stamping
from kb.text.queries import EVERYTHING
from kb.types.kept import KeptAnswer
from kb.types.library import LedgerFilter, PathRule
from tests.parts.house import set_rule

pytestmark = pytest.mark.both_catalogs

WORLDS = {"sqlite": 50, "postgresql": 20}
PEOPLE = ("ada", "bob", "cem", "dora")
PROVIDED = "dora"
"""She comes from a provider, whose names are not the file system's."""
GROUPS = ("crew", "desk", "yard")
FIRST_ID = 71_000
USERS = {FIRST_ID + n: name for n, name in enumerate(PEOPLE)} | {FIRST_ID + 8: "stranger"}
GIDS = {FIRST_ID + 50 + n: name for n, name in enumerate(GROUPS)} | {FIRST_ID + 58: "outsiders"}
NAMELESS, NOBODY = FIRST_ID + 99, FIRST_ID + 98
FOLDERS = ("", "north", "north/deep", "south")
FILES = tuple(
    f"{folder}/{name}".lstrip("/") for folder in FOLDERS for name in ("tide.txt", "gale.txt")
)
LINKS = ("link.txt", "north/link.txt", "south/link.txt")
ALL = FILES + LINKS
SAID = "what a model made of it"
RELINKED, SHUFFLED, READ_AGAIN = 0.25, 0.6, 0.15
"""How often links lead elsewhere, identities change under a rule, a run comes in between."""


class Identities:
    """Who is there: brute force's own record, by numbers that are never used twice."""

    def __init__(self):
        self.last = 0
        self.groups: dict[str, int] = {}
        self.people: dict[str, int] = {}
        self.member_of: dict[int, set[int]] = {}
        self.whole: dict[int, bool] = {}

    def new(self) -> int:
        self.last += 1
        return self.last

    def fits(self, readers: list[tuple[str, int]], person: str) -> bool:
        me = self.people[person]
        mine, there = self.member_of[me], set(self.groups.values())
        for kind, number in readers:
            if kind == "not" and (number in mine or number not in there or not self.whole[me]):
                return False
        return any(
            kind == "everyone"
            or (kind == "group" and number in mine)
            or (kind == "person" and number == me)
            for kind, number in readers
        )


class World:
    """One folder; each world gives it other people, rights and links."""

    def __init__(self, house, chance: random.Random):
        self.house, self.kb, self.chance = house, house.kb, chance
        self.root = house.root / "shore"
        self.who = Identities()
        self.curator = "bob"
        self.leads: dict[str, str] = {}
        self.answers: dict[str, tuple[str, set[str]]] = {}

    async def begin(self) -> None:
        for path in FILES:
            self.house.write(f"shore/{path}", f"Harbour notice {path}: the storm wall is closed.")
        self.relink()
        self.house.follow("shore", root=self.root)
        await self.house.ingest("shore")
        rows = self.house.ledger()
        self.versions = {path: rows[path].version for path in FILES}

    def relink(self) -> None:
        """Links lead to files, to each other, and by roundabout ways; never in a circle."""
        for number, path in enumerate(LINKS):
            target = self.chance.choice(FILES + LINKS[:number])
            self.leads[path] = self.leads.get(target, target)
            up = "../" * path.count("/")
            way = self.chance.choice(("", "", "north/../", "north/deep/../../"))
            (self.root / path).unlink(missing_ok=True)
            (self.root / path).symlink_to(f"{up}{way}{target}")

    async def people_anew(self) -> None:
        """Everybody is there under the usual name, in other groups."""
        who, chance = self.who, self.chance
        with self.kb.catalog.writing() as connection:
            for name in [n for n in who.groups if n not in GROUPS]:
                groups.remove(connection, name)
                who.groups.pop(name)
            for name in GROUPS:
                if name not in who.groups:
                    groups.add(connection, name)
                    who.groups[name] = who.new()
        for name in [n for n in who.people if n not in PEOPLE]:
            self.kb.accounts.remove(access.owner(), name)
            who.people.pop(name)
            self._asked_by(name, None)
            if self.curator == name:
                self.curator = "bob"
        for name in PEOPLE:
            if name not in who.people:
                self._add_person(name)
        with self.kb.catalog.writing() as connection:
            for name in PEOPLE:
                mine = {g for g in GROUPS if chance.random() < 0.4}
                self._into_groups(name, mine, connection)

    def _add_person(self, name: str) -> None:
        number = self.who.people[name] = self.who.new()
        self.who.whole[number] = True
        if name != PROVIDED:
            self.kb.accounts.add(access.owner(), name, ())
        self._into_groups(name, set())
        if name == self.curator:
            with self.kb.catalog.writing() as connection:
                shore = sources.by_name(connection, "shore")
                people.set_curators(connection, shore.id, [name])
        self._ask(name)

    def _into_groups(self, name: str, wanted: set[str], connection=None) -> None:
        if connection is None:
            with self.kb.catalog.writing() as connection:
                self._into_groups(name, wanted, connection)
            return
        who = self.who
        me = who.people[name]
        who.member_of[me] = {who.groups[g] for g in wanted}
        if name == PROVIDED:
            who.whole[me] = self.chance.random() < 0.8
            known = KnownPerson(
                name, name, f"oidc:{me}", tuple(sorted(wanted)), "oidc", who.whole[me]
            )
            Vouching(self.kb.catalog, self.kb.settings.auth).came(connection, known)
        else:
            groups.set_of(connection, people.by_name(connection, name).id, wanted)

    def _ask(self, name: str) -> None:
        """Two kept answers, each made from some files; some were called bad."""
        for _ in range(2):
            number = f"{self.chance.getrandbits(128):032x}"
            used = self.chance.sample(FILES, self.chance.choice((1, 2, 3)))
            point = {p: self.versions[p] << 20 for p in used}
            row = {
                "id": number, "asker": name, "question": "Is the wall closed?", "text": SAID,
                "mode": "generated", "notice": None,
                "sentences": [{"text": SAID, "citations": [1], "supported": True}],
                "citations": [[1, [point[used[0]]], 0, 7, True]],
                "passages": [[self.versions[p], [point[p]]] for p in used],
                "model": "fake", "settings": {}, "asked_at": 1.0, "seconds": 0.1,
            }  # fmt: skip
            with self.kb.catalog.writing() as connection:
                answers.keep(connection, msgspec.convert(row, KeptAnswer))
            self.kb.opinions.give(self.kb.principal(name), number, "bad", 0, "")
            self.answers[number] = (name, set(used))

    def shuffle(self) -> None:
        """Under the rule that stands, somebody gets another name, goes, or comes again."""
        chance, who = self.chance, self.who
        if chance.random() > SHUFFLED:
            return
        what = chance.choice(("gone", "again", "renamed", "person again", "person renamed"))
        group, person = chance.choice(GROUPS), chance.choice(PEOPLE[:3])
        with self.kb.catalog.writing() as connection:
            if what == "renamed" and who.member_of[who.people[PROVIDED]]:
                with pytest.raises(ConflictError):  # a directory tells of groups by their names
                    groups.rename(connection, group, "harbour")
            elif what == "renamed":
                groups.rename(connection, group, "harbour")
                who.groups["harbour"] = who.groups.pop(group)
            elif what in {"gone", "again"}:
                groups.remove(connection, group)
                dead = who.groups.pop(group)
                hers = who.people[PROVIDED]
                who.whole[hers] = who.whole[hers] and dead not in who.member_of[hers]
                for mine in who.member_of.values():
                    mine.discard(dead)
            elif what == "person renamed":
                people.rename(connection, person, "eve")
                who.people["eve"] = who.people.pop(person)
                self._asked_by(person, "eve")
            if what == "again":
                groups.add(connection, group)
                who.groups[group] = who.new()
        if what == "again":
            for name in who.people:
                if chance.random() < 0.5 and name != PROVIDED:
                    mine = {g for g, n in who.groups.items() if n in self._mine(name)}
                    self._into_groups(name, mine | {group})
        if what == "person again":
            self.kb.accounts.remove(access.owner(), person)
            self._asked_by(person, None)
            self._add_person(person)
            self._into_groups(person, {g for g in who.groups if chance.random() < 0.4})

    def _mine(self, name: str) -> set[int]:
        return self.who.member_of[self.who.people[name]]

    def _asked_by(self, old: str, new: str | None) -> None:
        """Answers go with whoever is removed, and along with whoever is renamed."""
        if old == self.curator and new is not None:
            self.curator = new
        for number, (asker, used) in list(self.answers.items()):
            if asker == old:
                del self.answers[number]
                if new is not None:
                    self.answers[number] = (new, used)

    def some_readers(self) -> tuple[list[str], list[tuple[str, int]]]:
        """A rule as it is given on the command line, and what it means."""
        kind, who = self.chance.random(), self.who
        if kind < 0.2:
            return ["everyone"], [("everyone", 0)]
        chosen = self.chance.sample(GROUPS, self.chance.choice((1, 1, 2)))
        named = [("group", who.groups[g]) for g in chosen]
        if kind < 0.45:
            excepted = [("everyone", 0), ("not", who.groups[chosen[0]])]
            return ["everyone", f"not:{chosen[0]}"], excepted
        if kind < 0.55:
            person = self.chance.choice(PEOPLE)
            single = [("person", who.people[person]), named[0]]
            return [f"person:{person}", chosen[0]], single
        return chosen, named

    async def _readers(self, readers: list[str]) -> None:
        with self.kb.catalog.writing() as connection:
            source = sources.by_name(connection, "shore")
            tokens = access.readers(connection, readers)
            queue_rights(connection, stamping.set_readers(connection, source, tokens))
        await self.kb.publisher.flush_rights()

    async def by_groups(self) -> None:
        readers, meant = self.some_readers()
        await self._readers(readers)
        await set_rule(self.kb, access.owner(), "shore", "groups", [])
        self.allowed = lambda p: set(ALL) if self.who.fits(meant, p) else set()

    async def by_paths(self) -> None:
        default, meant = self.some_readers()
        given = [
            (pattern, *self.some_readers())
            for pattern in self.chance.sample(("north/", "north/deep/", "south/", "gale.txt"), 2)
        ]
        await self._readers(default)
        lines = [PathRule(pattern, tuple(names)) for pattern, names, _ in given]
        await set_rule(self.kb, access.owner(), "shore", "paths", lines)

        def readers_of(path: str) -> list[tuple[str, int]]:
            found = meant
            for pattern, _, those in given:
                inside = pattern.endswith("/") and path.startswith(pattern)
                named = path.rpartition("/")[2] == pattern
                found = those if inside or named else found
            return found

        def allowed(person: str) -> set[str]:
            fit = {f for f in ALL if self.who.fits(readers_of(f), person)}
            return {f for f in fit if self.leads.get(f, f) in fit}

        self.allowed = allowed

    async def mirrored(self) -> None:
        for folder in FOLDERS:
            self._some_rights(self.root / folder, (0o7, 0o5, 0o1, 0o0))
        for path in FILES:
            self._some_rights(self.root / path, (0o6, 0o4, 0o0))
        await set_rule(self.kb, access.owner(), "shore", "mirror", [])
        before = self.embedded()
        await self.house.ingest("shore")
        assert self.embedded() == before, "rights alone: nothing is parsed or embedded again"
        self.allowed = self._kernel

    def _kernel(self, person: str) -> set[str]:
        mine = {g for g, n in self.who.groups.items() if n in self._mine(person)}
        numbers = {name: n for n, name in USERS.items()}
        found = opened_as(self.root, numbers.get(person, NOBODY), mine, ALL)
        if person == PROVIDED:  # she may be anybody, and in none of these groups
            found &= opened_as(self.root, NOBODY, set(), ALL)
        return found

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

    async def seen(self, person: str, *, searching: bool) -> dict[str, set[str]]:
        """What each surface shows to somebody."""
        kb, principal = self.kb, self.kb.principal(person)
        with kb.catalog.reading() as connection:
            counted = filtering.count(connection, principal, EVERYTHING)
            facets = filtering.facets(connection, principal, EVERYTHING)
            rows = ledger.rows(connection, principal, LedgerFilter())
            states = ledger.count_by_state(connection, principal, LedgerFilter())
            opened = {
                path
                for path, number in self.numbers.items()
                if ledger.one(connection, principal, number) is not None
            }
        total = sum(n for _, n in facets["source"])
        assert total == counted == len(rows) == sum(states.values())
        for kind in ("type", "language"):
            assert sum(n for _, n in facets[kind]) == total
        surfaces = {"ledger": {r.path for r in rows}, "documents": opened}
        if searching:
            found = (await kb.search.passages("harbour storm wall closed", principal, 30)).passages
            surfaces["search"] = {p for f in found for p in (f.chunk.path, *f.also)}
        return surfaces

    def kept(self, person: str, seen: set[str]) -> None:
        """Receipts of one's own answers and of those to review: the words, and what they name."""
        principal = self.kb.principal(person)
        listed = {r.asked.id: r for r in self.kb.opinions.reviewed(principal, settled=False)}
        assert set(listed) == (set(self.answers) if person == self.curator else set())
        for number, row in listed.items():
            used = self.answers[number][1]
            assert (row.answer is not None) == (used <= seen), (used, seen)
            if row.nearest is not None:
                assert row.nearest.chunk.path in seen
        for number, (asker, used) in self.answers.items():
            if person not in {asker, self.curator}:
                with pytest.raises(NotFoundError):
                    self.kb.receipts.receipt(principal, number)
                continue
            receipt = self.kb.receipts.receipt(principal, number)
            assert (receipt.answer is not None) == (used <= seen), (used, seen)
            named = {u.passage.chunk.path for u in receipt.used if u.passage}
            assert named == used & seen
            assert not any(u.document for u in receipt.used if u.state == "gone")


def opened_as(root, number: int, member_of: set[str], files) -> set[str]:
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
            opened = [p for p in files if _opens(p)]
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


def hurried(catalog) -> None:
    """A test's catalog need not outlive a power cut: SQLite waits for no disk."""
    engine = catalog._engine
    if engine.dialect.name == "sqlite":
        engine.dispose()
        event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF"))


@pytest.mark.slow
@pytest.mark.case("R06", "S40", "S42", "N08", "N09", "N10")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: files get other people's owners")
async def test_every_surface_shows_what_brute_force_allows(house, catalog_kind, monkeypatch):
    """Nobody ever sees more; and what can be told, nobody sees less.

    Links, excepted groups, people and groups that are renamed, removed and made again, receipts and
    reviews are among the worlds.
    """
    monkeypatch.setattr(mirroring, "user_name", lambda n: USERS.get(n, f"#{n}"))
    monkeypatch.setattr(mirroring, "group_name", lambda n: GIDS.get(n, f"#{n}"))
    monkeypatch.setattr(mirroring, "forget_names", lambda: None)
    house.root.mkdir(exist_ok=True)
    chance = random.Random(int(os.environ.get("KB_TEST_SEED", "7")))
    world = World(house, chance)
    hurried(house.kb.catalog)
    await world.begin()
    less = total = 0
    for number in range(int(os.environ.get("KB_TEST_WORLDS", WORLDS[catalog_kind]))):
        await world.people_anew()
        if chance.random() < RELINKED:
            world.relink()
            await house.ingest("shore")
        world.numbers = {path: row.id for path, row in house.ledger().items()}
        kind = ("groups", "paths", "mirror")[number % 3]
        await {"groups": world.by_groups, "paths": world.by_paths, "mirror": world.mirrored}[kind]()
        world.shuffle()
        if chance.random() < READ_AGAIN:
            await house.ingest("shore")
        searcher = chance.choice([*world.who.people])
        for person in world.who.people:
            allowed = world.allowed(person)
            surfaces = await world.seen(person, searching=person == searcher)
            for surface, shown in surfaces.items():
                where = (number, kind, person, surface, world.leads)
                assert shown <= allowed, (*where, shown - allowed)
                if kind != "mirror":
                    assert shown == allowed, (*where, allowed - shown)
            assert len(set(map(frozenset, surfaces.values()))) == 1, (
                number,
                kind,
                person,
                surfaces,
            )
            if person in {searcher, world.curator}:
                world.kept(person, surfaces["ledger"])
            if person != PROVIDED:
                less += len(allowed) - len(surfaces["ledger"])
                total += len(allowed)
    # Where an entry refuses somebody who is not known here, «other» is taken as refused too.
    assert less <= 0.5 * total, (less, total)
    assert await world.kb.upkeep.check() == {
        "lost": 0,
        "duplicate": 0,
        "orphan": 0,
        "wrong_access": 0,
    }


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
