"""The rooms that look after people, groups and the audit log refuse who does not administrate."""

import pytest

from kb.errors import ForbiddenError, KbError
from kb.rights import access

FOR_ADMINISTRATORS = {
    "list people": lambda kb, by: kb.accounts.everybody(by),
    "look at somebody": lambda kb, by: kb.accounts.one(by, "rita"),
    "add somebody": lambda kb, by: kb.accounts.add(by, "otto", ()),
    "change somebody": lambda kb, by: kb.accounts.change(by, "rita", administrator=True),
    "rename somebody": lambda kb, by: kb.accounts.rename(by, "rita", "rita2"),
    "remove somebody": lambda kb, by: kb.accounts.remove(by, "rita"),
    "make a link": lambda kb, by: kb.accounts.link_for(by, "rita"),
    "list groups": lambda kb, by: kb.groups.all_of(by),
    "add a group": lambda kb, by: kb.groups.add(by, "night"),
    "rename a group": lambda kb, by: kb.groups.rename(by, "crew", "night"),
    "remove a group": lambda kb, by: kb.groups.remove(by, "crew"),
    "read the log": lambda kb, by: kb.audit.page(by),
    "verify the log": lambda kb, by: kb.audit.verification(by),
    "export the log": lambda kb, by: kb.audit.lines(by),
}


@pytest.fixture
def staffed(house):
    house.kb.groups.add(access.owner(), "crew")
    house.kb.accounts.add(access.owner(), "rita", ("crew",))
    return house.kb


@pytest.mark.parametrize("what", FOR_ADMINISTRATORS)
def test_a_room_refuses_who_does_not_administrate(staffed, what):
    """Whatever route or command calls it: nothing is shown, changed or noted."""
    before = list(staffed.audit.lines(access.owner()))
    with pytest.raises(ForbiddenError):
        FOR_ADMINISTRATORS[what](staffed, staffed.principal("rita"))
    assert list(staffed.audit.lines(access.owner())) == before


def test_everybody_is_listed_with_groups_and_groups_with_their_people(staffed):
    found = staffed.accounts.everybody(access.owner())
    assert [(p.person.name, p.groups, p.sessions) for p in found.people] == [
        ("rita", ("crew",), ())
    ]
    assert [(g.name, g.people) for g in found.groups] == [("crew", 1)]
    assert staffed.accounts.one(access.owner(), "rita") == found.people[0]


def test_a_change_of_a_group_and_its_entry_are_one(staffed):
    """The log refuses the entry: the group stays as it was."""
    with staffed.catalog.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(
                "CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        else:
            connection.exec_driver_sql("ALTER TABLE audit ADD CHECK (seq < 3)")
    owner = access.owner()
    for change in (
        lambda: staffed.groups.add(owner, "night"),
        lambda: staffed.groups.rename(owner, "crew", "night"),
        lambda: staffed.groups.remove(owner, "crew"),
        lambda: staffed.accounts.rename(owner, "rita", "nina"),
    ):
        with pytest.raises(KbError):
            change()
    found = staffed.accounts.everybody(owner)
    assert [g.name for g in found.groups] == ["crew"]
    assert [p.person.name for p in found.people] == ["rita"]
