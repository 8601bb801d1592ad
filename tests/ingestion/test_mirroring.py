"""Which file systems' rights are believed, and what a rule makes of them."""

import pytest

from ingest import mirroring
from ingest.mirroring import Mount
from kb import posix
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
    mirroring.check("/srv/share", mounts)


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
