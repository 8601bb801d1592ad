"""Names of groups as directories tell them, without a directory: what a search would give is given."""

import sys
from types import ModuleType

import pytest

from kb.accounts.directory import Directory
from kb.settings import Auth
from tests.rights.test_identities import come, give, harbour, read_by  # noqa: F401 - a fixture


class Entry(dict):
    """An entry of a directory."""

    def __init__(self, dn: str, *names: str):
        super().__init__(cn=list(names))
        self.dn = dn


class Listed(Directory):
    """Knows of each group its members; nothing is asked over a wire."""

    def __init__(self, **members: list[str]):
        super().__init__(Auth(ldap_url="ldap://none", ldap_groups="ou=groups"))
        self.entries = [(Entry(dn, dn.split(",")[0]), inside) for dn, inside in members.items()]

    def _search(self, base, wanted, attributes):
        by_member = [e for e, inside in self.entries if any(f"={m})" in wanted for m in inside)]
        if "(member=*)" not in wanted:
            return by_member
        return [e for e, _ in self.entries if f"(cn={e['cn'][0]})".lower() in wanted.lower()]


@pytest.fixture(autouse=True)
def escaping(monkeypatch):
    made = ModuleType("bonsai")
    made.escape_filter_exp = str
    monkeypatch.setitem(sys.modules, "bonsai", made)


@pytest.mark.case("N09")
def test_a_name_that_two_groups_have_is_nobodys(caplog):
    """Whoever may make groups in another unit makes no administrator; it is said once."""
    directory = Listed(**{
        "admins,ou=it": ["anna"], "Admins,ou=club": ["mallory"], "staff,ou=it": ["anna", "mallory"],
    })  # fmt: skip
    for _ in range(2):
        assert directory._groups("mallory") == (("staff",), False)
        assert directory._groups("anna") == (("staff",), False)
    assert len([r for r in caplog.records if "are called" in r.message]) == 2  # each spelling once
    assert Listed(**{"admins,ou=it": ["anna"]})._groups("anna") == (("admins",), True)


@pytest.mark.case("N09")
def test_a_group_that_cannot_be_named_here_is_missed():
    """Whoever is in one may be somebody whom a rule excepts."""
    directory = Listed(**{"staff/interns": ["ivo"], "staff": ["ivo", "lena"], "everyone": ["lena"]})
    assert directory._groups("ivo") == (("staff",), False)
    assert directory._groups("lena") == (("staff",), True)


@pytest.mark.case("N09")
@pytest.mark.parametrize("origin", ["oidc", "ldap", "header"])
async def test_such_a_group_does_not_open_what_excepts_another(harbour, origin):  # noqa: F811
    """Also where a proxy tells it, and whichever way it came here."""
    await give(harbour, "everyone", "not:interns")
    come(harbour, "olga", ("staff", "/staff/interns"), origin=origin)
    assert read_by(harbour, "olga") == set()
    come(harbour, "olga", ("staff", "everyone"), origin=origin)
    assert len(read_by(harbour, "olga")) == 2
