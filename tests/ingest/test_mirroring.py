"""Which file systems' rights are believed, and what a rule makes of them."""

import pytest

from ingest.finding import mirroring
from ingest.finding.mirroring import Mount
from kb import posix
from kb.accounts.vouching import Vouching
from kb.errors import UsageError
from kb.posix import Step

ROOT = Mount("/", "ext4", ("rw",))


@pytest.mark.parametrize(
    "mount",
    [
        Mount("/srv/share", "cifs", ("rw", "uid=0", "file_mode=0755")),
        Mount("/srv/share", "vfat", ("rw",)),
        Mount("/srv", "fuse.sshfs", ("rw",)),
        Mount("/srv/share/beneath", "9p", ("rw",)),
        Mount("/srv/share", "ntfs3", ("rw",)),
    ],
)
def test_modes_that_are_made_up_are_refused_naming_the_mount(mount):
    with pytest.raises(UsageError) as refused:
        mirroring.check("/srv/share", [ROOT, mount])
    assert refused.value.code == "rights_made_up"
    assert refused.value.detail["mount"] == mount.point


@pytest.mark.parametrize(
    "mounts",
    [
        [ROOT],
        [ROOT, Mount("/srv/share", "cifs", ("rw", "cifsacl"))],
        [ROOT, Mount("/srv/share", "nfs4", ("rw",))],
        [ROOT, Mount("/srv/shareware", "vfat", ("rw",)), Mount("/proc", "proc", ())],
    ],
)
def test_rights_that_are_kept_are_believed(mounts):
    assert mirroring.check("/srv/share", mounts) is None


def test_where_it_cannot_be_told_nothing_is_believed():
    with pytest.raises(UsageError):
        mirroring.check("/srv/share", [])


def may(step: Step, name: str, groups: set[str] = frozenset(), known=frozenset({"crew"})) -> bool:
    return posix.lets_through((step,), name, frozenset(groups), known)


def test_the_owners_entry_counts_even_where_the_groups_grants_more():
    step = Step(("ada", False), (), (("crew", True),), True)
    assert not may(step, "ada", {"crew"})
    assert may(step, "bob", {"crew"})
    assert may(step, "bob")


def test_a_number_without_a_name_is_nobody_and_its_refusal_shuts_others_out():
    grants = Step(("#4711", True), (), (("#4712", True),), False)
    assert not may(grants, "ada")
    assert not may(grants, "#4711"[1:])
    refuses = Step(("root", True), (), (("#4712", False),), True)
    assert not may(refuses, "ada")
    unknown_here = Step(("root", True), (), (("interns", False),), True)
    assert not may(unknown_here, "ada")
    assert may(unknown_here, "ada", known=frozenset({"interns"}))


@pytest.mark.case("N09")
def test_somebody_whose_name_is_not_the_systems_might_be_anybody_it_refuses():
    """A provider's «news» is not the file system's, in neither way."""
    owned = Step(("news", True), (), (("crew", False),), False)
    assert may(owned, "news")
    assert not may(owned, None)
    shut_out = Step(("root", True), (("news", False),), (("crew", True),), True)
    assert not may(shut_out, None)
    assert not may(shut_out, None, {"crew"})
    assert may(Step(("root", True), (), (("crew", True),), False), None, {"crew"})
    assert may(Step(("root", True), (), (("crew", True),), True), None)


@pytest.mark.case("N09")
@pytest.mark.parametrize(
    "entry", ["mallory@corp.example", "CORP\\mallory", "CORP+mallory", "Mallory"]
)
def test_an_entry_that_refuses_somebody_in_another_spelling_refuses_them(entry):
    """And grants them nothing."""
    assert not may(Step(("root", True), ((entry, False),), (), True), "mallory")
    assert may(Step(("root", True), ((entry, False),), (), True), "bob")
    assert not may(Step(("root", True), ((entry, True),), (), False), "mallory")


@pytest.mark.case("N09")
async def test_an_account_of_a_provider_is_the_systems_person_only_if_that_is_said(house):
    """``auth.system_names``."""
    from kb.accounts.directory import KnownPerson
    from kb.catalog import acls, groups, people
    from kb.rights import access

    step = Step(("news", True), (), (("crew", True),), False)
    with house.kb.catalog.writing() as connection:
        token = acls.keep_mirrored(connection, (step,))
        groups.add(connection, "crew")
        for name, origin, member_of in (("news", "oidc", ()), ("olga", "ldap", ("crew",))):
            known = KnownPerson(name, name, f"{origin}:1", member_of, origin)
            Vouching(house.kb.catalog, house.kb.settings.auth).came(connection, known)
        people.add_person(connection, "local", ("crew",))
    with house.kb.catalog.reading() as connection:

        def carries(name: str, *trusted: str) -> bool:
            return token in access.person(connection, name, frozenset(trusted)).tokens

        assert not carries("news")
        assert not carries("news", "ldap")
        assert carries("news", "oidc")
        assert not carries("olga")
        assert carries("olga", "ldap")
        assert carries("local")
    assert token not in house.kb.principal("news").tokens
