"""An LDAP directory: who somebody is, whether their password is right, and their groups.

The only file that knows bonsai, which is installed where LDAP is used (``commonplace-kb[ldap]``).
"""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from kb.errors import ConfigurationError, RetryableError
from kb.settings import Auth
from kb.text.naming import FORBIDDEN, RESERVED, fold

LDAP, OIDC, HEADER = "ldap", "oidc", "header"
DEEPEST = 8
"""Levels of nesting, group in group, that are followed."""
ASKED_AT_ONCE = 200
"""Most members that one search for their groups names."""
TIMEOUT_SECONDS = 10.0
"""Seconds that one connection to the directory, and one answer of it, may take."""
SILENT_SECONDS = 20.0
"""Seconds for which a directory that did not answer is not asked again who somebody is; whoever
signs in is looked for all the same."""
log = logging.getLogger("kb.directory")


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody whom a directory, a provider or a proxy knows. ``subject`` never changes."""

    name: str
    shown_name: str
    subject: str
    groups: tuple[str, ...]
    origin: str
    groups_whole: bool = True
    """Whether these are all of their groups; where not, rules that except a group refuse them."""


def nameable(told: Collection[str]) -> tuple[tuple[str, ...], bool]:
    """The groups among ``told`` that can be named here, and whether those are all.

    Where they are not, a rule may except a group that somebody is in and that has no name here
    (a path of groups, say).
    """
    telling = {name for name in told if name not in RESERVED}
    usable = {name for name in telling if not any(c in name for c in FORBIDDEN)}
    return tuple(sorted(usable)), usable == telling


class Directory:
    """Reads a directory; nothing is ever written to it."""

    def __init__(self, settings: Auth) -> None:
        self._settings = settings
        self._silent_until = 0.0
        self._warned: set[str] = set()

    def sign_in(
        self, name: str, password: str, meant: Callable[[str], None] = lambda _: None
    ) -> KnownPerson | None:
        """Who it is, if the directory takes their password.

        ``meant`` is told the subject that a name means before the password is tried: names are
        spelled in many ways, and guesses are counted for the account. What it raises goes on.

        Raises:
            RetryableError: the directory does not answer.
        """
        if not password or not name:
            return None  # an empty password would be an anonymous bind, which succeeds
        import bonsai

        found = self._find(name)
        if found is None:
            return None
        meant(_subject(found))
        try:
            with self._client(str(found.dn), password).connect(timeout=TIMEOUT_SECONDS):
                pass
        except bonsai.AuthenticationError:
            return None
        except bonsai.LDAPError as error:
            raise _unreachable(error) from error
        return self._known(found)

    def look_up(self, name: str) -> KnownPerson | None:
        """Who it is and their groups now; None where the directory knows nobody of that name.

        A directory that was silent is not waited for again at every request.

        Raises:
            RetryableError: the directory does not answer.
        """
        if time.monotonic() < self._silent_until:
            raise RetryableError("The directory does not answer.", code="directory_unavailable")
        try:
            found = self._find(name)
            return self._known(found) if found is not None else None
        except RetryableError:
            self._silent_until = time.monotonic() + SILENT_SECONDS
            raise

    def reach(self, seconds: float) -> None:
        """See that the directory takes our account, and has the place where people are.

        Raises:
            RetryableError: one of these is not so, within so many seconds.
            ConfigurationError: bonsai is not installed.
        """
        s = self._settings
        client = self._client(s.ldap_bind_dn, s.ldap_bind_password)
        import bonsai

        try:
            with client.connect(timeout=seconds) as connection:
                connection.search(
                    s.ldap_people, bonsai.LDAPSearchScope.BASE, "(objectClass=*)", ["1.1"],
                    timeout=seconds,
                )  # fmt: skip
        except (bonsai.LDAPError, OSError, ValueError, TypeError) as error:
            raise _unreachable(error) from error

    def _find(self, name: str) -> Any:
        import bonsai

        s = self._settings
        wanted = f"({s.ldap_name}={bonsai.escape_filter_exp(name)})"
        found = self._search(s.ldap_people, wanted, [s.ldap_name, "cn", "entryUUID"])
        return found[0] if len(found) == 1 else None

    def _known(self, entry: Any) -> KnownPerson:
        s = self._settings
        name = str(entry[s.ldap_name][0])
        shown = str(entry.get("cn", [name])[0])
        found, whole = self._groups(str(entry.dn))
        return KnownPerson(name, shown, _subject(entry), found, LDAP, groups_whole=whole)

    def _groups(self, dn: str) -> tuple[tuple[str, ...], bool]:
        """The groups that somebody is in, through groups in groups too; whether that is all."""
        import bonsai

        s = self._settings
        if not s.ldap_groups:
            return (), True
        names: dict[str, str] = {}
        members = [dn]
        for _ in range(DEEPEST):
            if not members:
                break
            found = []
            for start in range(0, len(members), ASKED_AT_ONCE):
                asked = "".join(
                    f"({s.ldap_member}={bonsai.escape_filter_exp(m)})"
                    for m in members[start : start + ASKED_AT_ONCE]
                )
                found += self._search(s.ldap_groups, f"(|{asked})", ["cn"])
            new = {str(g.dn): str(g["cn"][0]) for g in found if str(g.dn) not in names}
            names |= new
            members = list(new)
        clear = set(names.values()) - self._ambiguous(set(names.values()))
        usable, whole = nameable(clear)
        return usable, whole and not members and clear == set(names.values())

    def _ambiguous(self, names: set[str]) -> set[str]:
        """Of these names those that several groups have: nobody is in a group by such a name."""
        import bonsai

        s, named = self._settings, sorted(names)
        entries: dict[str, set[str]] = {}
        for start in range(0, len(named), ASKED_AT_ONCE):
            part = named[start : start + ASKED_AT_ONCE]
            asked = "".join(f"(cn={bonsai.escape_filter_exp(n)})" for n in part)
            for g in self._search(s.ldap_groups, f"(&({s.ldap_member}=*)(|{asked}))", ["cn"]):
                for cn in g["cn"]:
                    entries.setdefault(fold(str(cn)), set()).add(str(g.dn))
        found = {name for name in names if len(entries.get(fold(name), ())) > 1}
        for name in sorted(found - self._warned):
            log.warning("several groups of the directory are called %s: it counts for nobody", name)
        self._warned |= found
        return found

    def _search(self, base: str, wanted: str, attributes: list[str]) -> list[Any]:
        import bonsai

        s = self._settings
        client = self._client(s.ldap_bind_dn, s.ldap_bind_password)
        try:
            with client.connect(timeout=TIMEOUT_SECONDS) as connection:
                return list(
                    connection.search(
                        base, bonsai.LDAPSearchScope.SUBTREE, wanted, attributes,
                        timeout=TIMEOUT_SECONDS,
                    )
                )  # fmt: skip
        except (bonsai.LDAPError, OSError, ValueError, TypeError) as error:
            # a base that is not there is no fact about people either
            raise _unreachable(error) from error

    def _client(self, dn: str, password: str) -> Any:
        try:
            import bonsai
        except ImportError as error:
            raise ConfigurationError(
                "auth.ldap_url is set, but bonsai is not installed: pip install "
                "'commonplace-kb[ldap]' (Debian: libldap2-dev and libsasl2-dev first).",
                code="ldap_missing",
            ) from error
        client = bonsai.LDAPClient(self._settings.ldap_url)
        if dn:
            client.set_credentials("SIMPLE", user=dn, password=password)
        return client


def _subject(entry: Any) -> str:
    """What never changes about an entry."""
    return f"ldap:{entry.get('entryUUID', [entry.dn])[0]}"


def _unreachable(error: Exception) -> RetryableError:
    return RetryableError(
        f"The directory does not answer: {type(error).__name__}.", code="directory_unavailable"
    )
