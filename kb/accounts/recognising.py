"""Whose request it is, with the rights of this moment."""

from dataclasses import replace

from kb.accounts.directory import KnownPerson
from kb.accounts.vouching import Vouching
from kb.audit.log import noted
from kb.catalog import api_tokens, groups, people, sessions
from kb.catalog.behind import Behind
from kb.catalog.database import Catalog, Connection, now
from kb.errors import ForbiddenError, NotFoundError
from kb.rights import access
from kb.settings import Auth
from kb.types.accounts import ApiToken, Recognised, Session
from kb.types.people import Person, Principal

USED_SECONDS = 60.0
"""Seconds between two notes of the last use of a session or a token."""
VOUCHED_SECONDS = 3600.0
"""Seconds between two notes of a proxy's word; how long tokens hold is counted from the last
note."""


class Recognising:
    """From a secret, or from what a trusted proxy says, to a principal."""

    def __init__(
        self, catalog: Catalog, settings: Auth, behind: Behind, vouching: Vouching
    ) -> None:
        self._catalog = catalog
        self._settings = settings
        self._behind = behind
        self._vouching = vouching

    def exist(self) -> bool:
        """Whether anybody has an account here, or could come from a directory."""
        s = self._settings
        return bool(s.header or s.oidc_issuer or s.ldap_url) or self.are_there()

    def are_there(self) -> bool:
        """Whether anybody has an account here."""
        with self._catalog.reading() as connection:
            return people.can_sign_in(connection)

    def principal(self, connection: Connection, name: str) -> Principal:
        """A person with the rights of this moment.

        Raises:
            NotFoundError: there is no such person.
        """
        return self._principal_of(connection, people.by_name(connection, name))

    def on_this_machine(self, name: str | None) -> Principal:
        """Who asks on this machine: the owner, or the owner through a person's eyes, by name.

        Raises:
            NotFoundError: there is no such person.
        """
        if name is None:
            return access.owner()
        with self._catalog.reading() as connection:
            person = self.principal(connection, name)
        return replace(person, viewed_by=access.owner().name)

    def _principal_of(self, connection: Connection, person: Person) -> Principal:
        return access.as_principal(connection, person, frozenset(self._settings.system_names))

    def of_session(self, secret: str) -> Recognised | None:
        """Whose a living session is, with the rights of this moment.

        It only reads; a thread notes the session's last use later. Where ``Vouching.is_outdated``
        says so, the caller refreshes the person and looks the session up again.
        """
        with self._catalog.reading() as connection:
            found = sessions.living(connection, secret, self._settings.idle_hours * 3600)
            person = self._person_of(connection, found)
            if found is None or person is None:
                return None
            principal = self._seen_as(connection, person, found.viewing_as)
        if found.seen_at < now() - USED_SECONDS:
            self._behind.put(("session", found.hash), lambda c: sessions.touch(c, found))
        return Recognised(principal, person, found)

    def of_token(self, secret: str) -> Recognised | None:
        """Whose a token is, as :meth:`of_session`; who left a directory has none that works."""
        with self._catalog.reading() as connection:
            found = api_tokens.living(connection, secret)
            person = self._person_of(connection, found)
            if found is None or person is None:
                return None
            principal = self._principal_of(connection, person)
        if found.used_at is None or found.used_at < now() - USED_SECONDS:
            self._behind.put(("token", found.id), lambda c: api_tokens.touch(c, found.id))
        return Recognised(principal, person, found)

    def _person_of(self, connection: Connection, found: Session | ApiToken | None) -> Person | None:
        """Whose it is, unless they have to sign in again where they come from."""
        person = people.by_id(connection, found.person_id) if found is not None else None
        return None if person is None or self._vouching.is_stale(person) else person

    def recalled(self, found: KnownPerson) -> tuple[bool, Principal | None]:
        """Whether all that a trusted proxy says of somebody is known here, and then who it is.

        It only reads; a thread notes later that the proxy vouches for them.
        """
        with self._catalog.reading() as connection:
            person = people.by_subject(connection, found.subject)
            if person is None or not self._is_known(connection, person, found):
                return False, None
            principal = None if person.is_disabled else self._principal_of(connection, person)
        if now() - (person.vouched_at or 0.0) >= VOUCHED_SECONDS:
            number, at = person.id, now()
            self._behind.put(("vouched", number), lambda c: people.change(c, number, vouched_at=at))
        return True, principal

    def _is_known(self, connection: Connection, person: Person, found: KnownPerson) -> bool:
        whole = groups.are_set(connection, person.id, found.groups, origin=found.origin)
        administrators = self._settings.administrators
        same_role = not administrators or person.administrator == (administrators in found.groups)
        return (
            whole is not None
            and person.groups_whole == (whole and found.groups_whole)
            and same_role
        )

    def of_header(self, found: KnownPerson) -> Principal | None:
        """Whom a trusted proxy names; None where they are kept out here."""
        is_known, principal = self.recalled(found)
        if is_known:
            return principal
        with self._catalog.writing() as connection:
            person = self._vouching.came(connection, found)
        if person.is_disabled:
            return None
        with self._catalog.reading() as connection:
            return self.principal(connection, person.name)

    def view_as(self, principal: Principal, session_hash: str, name: str | None) -> None:
        """Look through somebody's eyes (None: through one's own again).

        Raises:
            NotFoundError: there is no such person.
            ForbiddenError: only administrators may.
        """
        mine = principal.viewed_by or principal.name
        with self._catalog.writing() as connection:
            if name is not None:
                if not self.principal(connection, mine).administrator:
                    raise ForbiddenError("Only administrators may look through others' eyes.")
                people.by_name(connection, name)
            sessions.view_as(connection, session_hash, name)
            action = "view_as.begin" if name else "view_as.end"
            noted(connection, Principal(mine, frozenset()), action, name or principal.name)

    def _seen_as(self, connection: Connection, person: Person, viewing_as: str | None) -> Principal:
        """Somebody, or, where they are an administrator, whom they look through the eyes of."""
        mine = self._principal_of(connection, person)
        if viewing_as is None or not mine.administrator:
            return mine  # who is no administrator any more looks through their own eyes again
        try:
            seen = self.principal(connection, viewing_as)
        except NotFoundError:  # they were removed meanwhile
            return mine
        return Principal(seen.name, seen.tokens, curates=seen.curates, viewed_by=person.name)
