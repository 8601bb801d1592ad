"""Signing in by a real LDAP directory (slapd): binding, groups, groups in groups, being let go."""

import os
import shutil
import subprocess
import time

import httpx
import pytest

from kb.catalog import groups, people
from kb.errors import NotSignedInError, RetryableError
from kb.rights import access
from tests.parts.processes import free_port, missing

pytestmark = pytest.mark.real
BASE = "dc=example,dc=org"
ENTRIES = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

dn: uid=lena,ou=people,{BASE}
objectClass: inetOrgPerson
uid: lena
cn: Lena Lang
sn: Lang
userPassword: a ladder in the orchard

dn: uid=marc,ou=people,{BASE}
objectClass: inetOrgPerson
uid: marc
cn: Marc (on leave) *
sn: Muster
userPassword: a lantern on the jetty

dn: cn=night,ou=groups,{BASE}
objectClass: groupOfNames
cn: night
member: uid=lena,ou=people,{BASE}

dn: cn=crew,ou=groups,{BASE}
objectClass: groupOfNames
cn: crew
member: cn=night,ou=groups,{BASE}

dn: cn=house,ou=groups,{BASE}
objectClass: groupOfNames
cn: house
member: cn=crew,ou=groups,{BASE}
member: cn=house,ou=groups,{BASE}
member: uid=marc,ou=people,{BASE}
"""


class Slapd:
    """A directory in a folder and on a port of its own."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        schemas = "/etc/ldap/schema"
        modules = next(p for p in ("/usr/lib/ldap", "/usr/lib/openldap") if os.path.isdir(p))
        (folder / "db").mkdir()
        (folder / "slapd.conf").write_text(
            f"include {schemas}/core.schema\ninclude {schemas}/cosine.schema\n"
            f"include {schemas}/inetorgperson.schema\nmodulepath {modules}\nmoduleload back_mdb\n"
            f'database mdb\nsuffix "{BASE}"\nrootdn "cn=admin,{BASE}"\nrootpw of-the-test\n'
            f"directory {folder}/db\nmaxsize 10485760\npidfile {folder}/pid\n"
        )
        (folder / "entries.ldif").write_text(ENTRIES.strip() + "\n")
        self._run("/usr/sbin/slapadd", "-f", "slapd.conf", "-l", "entries.ldif")
        self.process = subprocess.Popen(
            [
                "/usr/sbin/slapd",
                "-d",
                "0",
                "-f",
                "slapd.conf",
                "-h",
                f"ldap://127.0.0.1:{self.port}",
            ],
            cwd=folder,
        )
        for _ in range(100):
            if self.modify("") == 0:
                break
            time.sleep(0.05)

    def _run(self, *arguments: str) -> None:
        subprocess.run(arguments, cwd=self.folder, check=True, capture_output=True)

    def modify(self, ldif: str) -> int:
        return subprocess.run(
            ["ldapmodify", "-x", "-H", f"ldap://127.0.0.1:{self.port}", "-D", f"cn=admin,{BASE}",
             "-w", "of-the-test"],
            input=ldif, text=True, capture_output=True,
        ).returncode  # fmt: skip

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(300)


@pytest.fixture
def slapd(tmp_path):
    if not os.path.exists("/usr/sbin/slapd") or not shutil.which("ldapmodify"):
        missing("slapd (apt-get install slapd ldap-utils)")
    try:
        import bonsai  # noqa: F401
    except ImportError:
        missing("bonsai (pip install 'commonplace-kb[ldap]')")
    folder = tmp_path / "slapd"
    folder.mkdir()
    server = Slapd(folder)
    yield server
    server.stop()


@pytest.fixture
async def portal(slapd, environment, tmp_path):
    from kb import settings as settings_module
    from tests.parts.house import House
    from tests.parts.portal import Portal

    values = {k: v for k, v in environment.items() if k.startswith("KB_")} | {
        "KB_AUTH__LDAP_URL": f"ldap://127.0.0.1:{slapd.port}",
        "KB_AUTH__LDAP_BIND_DN": f"cn=admin,{BASE}",
        "KB_AUTH__LDAP_BIND_PASSWORD": "of-the-test",
        "KB_AUTH__LDAP_PEOPLE": f"ou=people,{BASE}",
        "KB_AUTH__LDAP_GROUPS": f"ou=groups,{BASE}",
        "KB_AUTH__LDAP_MINUTES": "0.0001",
        "KB_AUTH__ADMINISTRATORS": "night",
    }
    house = House(settings_module.load({}, values), tmp_path / "files")
    made = Portal(house)
    yield made
    await made.close()
    await house.kb.close()


def groups_of(portal, name: str) -> list[str]:
    with portal.kb.catalog.reading() as connection:
        return groups.of_person(connection, people.by_name(connection, name).id)


async def test_the_directorys_password_and_groups_count(portal):
    lena = await portal.sign_in("lena", "a ladder in the orchard")
    assert groups_of(portal, "lena") == ["crew", "house", "night"], "groups in groups too"
    assert (await lena.get("/people")).status_code == 200, "night administrates"
    marc = await portal.sign_in("marc", "a lantern on the jetty")
    assert groups_of(portal, "marc") == ["house"]
    assert (await marc.get("/people")).status_code == 403


@pytest.mark.parametrize(
    ("name", "password"),
    [("lena", "wrong"), ("lena", ""), ("*", "a ladder in the orchard"), ("nobody", "x"),
     ("lena)(uid=*", "a ladder in the orchard"), ("", "")],
)  # fmt: skip
async def test_nothing_else_lets_anybody_in(portal, name, password):
    from kb.types.accounts import Client

    with pytest.raises(NotSignedInError):
        portal.kb.accounts.sign_in(name, password, "", Client("127.0.0.1"))


async def test_what_changes_in_the_directory_is_read_again(portal, slapd):
    lena = await portal.sign_in("lena", "a ladder in the orchard")
    change = f"dn: cn=crew,ou=groups,{BASE}\nchangetype: modify\nadd: member\nmember: cn=x\n-\n"
    change += f"delete: member\nmember: cn=night,ou=groups,{BASE}\n"
    assert slapd.modify(change) == 0
    assert (await lena.get("/api/v1/files")).status_code == 200
    assert groups_of(portal, "lena") == ["night"]
    assert slapd.modify(f"dn: uid=lena,ou=people,{BASE}\nchangetype: delete\n") == 0
    assert (await lena.get("/api/v1/files")).status_code == 401, "who is gone there is out here"


async def test_a_directory_that_does_not_answer_lets_nobody_in_and_says_so(portal, slapd):
    from kb.types.accounts import Client

    slapd.stop()
    with pytest.raises(RetryableError) as refused:
        portal.kb.accounts.sign_in("lena", "a ladder in the orchard", "", Client("127.0.0.1"))
    assert refused.value.code == "directory_unavailable"
    portal.kb.accounts.add(access.owner(), "local", (), password="seven grey geese over water")
    assert isinstance(
        await portal.sign_in("local", "seven grey geese over water"), httpx.AsyncClient
    )


@pytest.mark.case("N09")
async def test_groups_are_not_cut_and_where_they_are_what_excepts_refuses(portal, slapd):
    """More groups in a level than one search asks for; a nesting deeper than is followed."""

    def group(name: str, member: str) -> str:
        return (
            f"dn: cn={name},ou=groups,{BASE}\nchangetype: add\nobjectClass: groupOfNames\n"
            f"cn: {name}\nmember: {member}\n\n"
        )

    lena = f"uid=lena,ou=people,{BASE}"
    wide = "".join(group(f"wide{n:03}", lena) for n in range(230))
    wide += "".join(
        group(f"above{n:03}", f"cn=wide{n:03},ou=groups,{BASE}") for n in (0, 1, 199, 200, 229)
    )
    assert slapd.modify(wide) == 0
    await portal.sign_in("lena", "a ladder in the orchard")
    found = groups_of(portal, "lena")
    assert {f"above{n:03}" for n in (0, 1, 199, 200, 229)} <= set(found)
    assert len(found) == 3 + 230 + 5
    with portal.kb.catalog.writing() as connection:
        assert people.by_name(connection, "lena").groups_whole
        token = access.readers(connection, ["everyone", "not:house"])[0]
    marc = f"uid=marc,ou=people,{BASE}"
    deep = group("deep0", marc)
    deep += "".join(group(f"deep{n}", f"cn=deep{n - 1},ou=groups,{BASE}") for n in range(1, 12))
    assert slapd.modify(deep) == 0
    leave = f"dn: cn=house,ou=groups,{BASE}\nchangetype: modify\ndelete: member\nmember: {marc}\n"
    assert slapd.modify(leave) == 0
    await portal.sign_in("marc", "a lantern on the jetty")
    with portal.kb.catalog.reading() as connection:
        assert not people.by_name(connection, "marc").groups_whole
    assert token not in portal.kb.principal("marc").tokens, "he might be in it, further up"


@pytest.mark.case("N09")
async def test_a_name_that_two_groups_have_is_nobodys(portal, slapd, caplog):
    """In another unit of the directory anybody may make a group called as one that counts."""

    def group(name: str, unit: str, member: str) -> str:
        return (
            f"dn: cn={name},{unit}{BASE}\nchangetype: add\nobjectClass: groupOfNames\n"
            f"cn: {name}\nmember: uid={member},ou=people,{BASE}\n\n"
        )

    unit = f"dn: ou=club,ou=groups,{BASE}\nchangetype: add\nobjectClass: organizationalUnit\nou: club\n\n"
    assert slapd.modify(unit + group("boat", "ou=groups,", "marc")) == 0
    assert slapd.modify(group("a/b", "ou=club,ou=groups,", "marc")) == 0
    await portal.sign_in("marc", "a lantern on the jetty")
    assert "boat" in groups_of(portal, "marc")
    with portal.kb.catalog.reading() as connection:
        assert not people.by_name(connection, "marc").groups_whole, "a/b cannot be named here"
    assert slapd.modify(group("Boat", "ou=club,ou=groups,", "lena")) == 0
    for name, password in (("marc", "a lantern on the jetty"), ("lena", "a ladder in the orchard")):
        await portal.sign_in(name, password)
        assert not {"boat", "Boat"} & set(groups_of(portal, name))
        with portal.kb.catalog.reading() as connection:
            assert not people.by_name(connection, name).groups_whole
    assert caplog.text.count("several groups of the directory") >= 1


@pytest.mark.case("N11")
async def test_an_api_token_asks_the_directory_too(portal, slapd):
    """A token of who left there is worth nothing, and groups that were lost are lost to it."""
    await portal.sign_in("lena", "a ladder in the orchard")
    secret = portal.kb.accounts.new_token(portal.kb.principal("lena"), "script", "read", 300)
    program = portal.client(Authorization=f"Bearer {secret}")
    assert (await program.get("/api/v1/files")).status_code == 200
    change = f"dn: cn=crew,ou=groups,{BASE}\nchangetype: modify\nadd: member\nmember: cn=x\n-\n"
    change += f"delete: member\nmember: cn=night,ou=groups,{BASE}\n"
    assert slapd.modify(change) == 0
    assert (await program.get("/api/v1/files")).status_code == 200
    assert groups_of(portal, "lena") == ["night"]
    assert slapd.modify(f"dn: uid=lena,ou=people,{BASE}\nchangetype: delete\n") == 0
    assert (await program.get("/api/v1/files")).status_code == 401


@pytest.mark.case("N11")
async def test_a_silent_directory_refuses_after_a_set_number_of_minutes(portal, slapd):
    """Sessions and tokens; until then what is known counts."""
    lena = await portal.sign_in("lena", "a ladder in the orchard")
    secret = portal.kb.accounts.new_token(portal.kb.principal("lena"), "script", "read", 300)
    program = portal.client(Authorization=f"Bearer {secret}")
    slapd.stop()
    for client in (lena, program):
        assert (await client.get("/api/v1/files")).status_code == 200
    with portal.kb.catalog.writing() as connection:
        connection.exec_driver_sql("UPDATE people SET vouched_at = vouched_at - 61 * 60")
    for client in (lena, program):
        refused = await client.get("/api/v1/files")
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "directory_unavailable"


@pytest.mark.case("N14")
async def test_guesses_are_counted_for_the_account_not_for_its_spelling(portal):
    """Many addresses, many spellings that the directory takes for one name."""
    from kb.errors import TooManyError
    from kb.types.accounts import Client

    made = 0
    for n in range(40):
        name = "".join(c.upper() if n >> i & 1 else c for i, c in enumerate("lena"))
        name = [name, f" {name}  ", f"{name}\u00ad"][n % 3]
        try:
            portal.kb.accounts.sign_in(name, "a guess", "", Client(f"203.0.113.{n}"))
        except TooManyError:
            continue
        except NotSignedInError:
            made += 1
    assert made <= 21, made
