"""Whose request it is, with the rights of this moment."""

from typing import Any

from sqlalchemy import Row

from kb.accounts.directory import Known
from kb.accounts.entering import Entering
from kb.audit.log import noted
from kb.catalog import groups, people, signing_in
from kb.catalog.database import Connection, now
from kb.catalog.people import Person
from kb.errors import ForbiddenError, NotFoundError
from kb.types.people import Principal

VOUCHED_SECONDS = 3600.0
"""A proxy's word is noted so often; tokens count from it."""


class Recognising(Entering):
    """From a secret, or from what a trusted proxy says, to a principal."""

    def of_session(self, secret: str) -> tuple[Row[Any], Principal, Person] | None:
        """A living session, who asks in it with the rights of this moment, and whose it is.

        It reads only: the session's last use is noted behind. Whose groups :meth:`is_outdated`
        says are old has to be refreshed, and the session looked up again.
        """
        with self._catalog.reading() as connection:
            row = signing_in.session(connection, secret, self._settings.idle_hours * 3600)
            if row is None:
                return None
            person = people.by_name(connection, row.name)
            if self.is_stale(person):
                return None
            principal = self._seen_as(connection, row)
        if signing_in.needs_touch(row):
            self._behind.put(("session", row.hash), lambda c: signing_in.touch(c, row))
        return row, principal, person

    def of_token(self, secret: str) -> tuple[Row[Any], Principal, Person] | None:
        """The same for a token: whoever left a directory has none that works."""
        with self._catalog.reading() as connection:
            row = signing_in.token(connection, secret)
            if row is None:
                return None
            person = people.by_name(connection, row.person)
            if self.is_stale(person):
                return None
            principal = self.principal(connection, row.person)
        if row.used_at is None or row.used_at < now() - signing_in.TOUCH_SECONDS:
            self._behind.put(("token", row.id), lambda c: signing_in.token_used(c, row.id))
        return row, principal, person

    def recalled(self, found: Known) -> tuple[bool, Principal | None]:
        """Whether all that a trusted proxy says of somebody is known here, and then who it is.

        It reads only: that the proxy vouches for them is noted behind.
        """
        with self._catalog.reading() as connection:
            person = people.by_subject(connection, found.subject)
            if person is None or not self._is_known(connection, person, found):
                return False, None
            principal = None if person.is_disabled else self.principal(connection, person.name)
        if now() - (person.vouched_at or 0.0) >= VOUCHED_SECONDS:
            number, at = person.id, now()
            self._behind.put(("vouched", number), lambda c: people.change(c, number, vouched_at=at))
        return True, principal

    def _is_known(self, connection: Connection, person: Person, found: Known) -> bool:
        whole = groups.are_set(connection, person.id, found.groups, origin=found.origin)
        administrators = self._settings.administrators
        same_role = not administrators or person.administrator == (administrators in found.groups)
        return (
            whole is not None
            and person.groups_whole == (whole and found.groups_whole)
            and same_role
        )

    def of_header(self, found: Known) -> Principal | None:
        """Whom a trusted proxy names; None where they are kept out here."""
        is_known, principal = self.recalled(found)
        if is_known:
            return principal
        with self._catalog.writing() as connection:
            person = self.came(connection, found)
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
            signing_in.view_as(connection, session_hash, name)
            action = "view_as.begin" if name else "view_as.end"
            noted(connection, Principal(mine, frozenset()), action, name or principal.name)

    def _seen_as(self, connection: Connection, row: Row[Any]) -> Principal:
        mine = self.principal(connection, row.name)
        if row.viewing_as is None or not mine.administrator:
            return mine  # who is no administrator any more looks through their own eyes again
        try:
            seen = self.principal(connection, row.viewing_as)
        except NotFoundError:  # they were removed meanwhile
            return mine
        return Principal(seen.name, seen.tokens, curates=seen.curates, viewed_by=row.name)
