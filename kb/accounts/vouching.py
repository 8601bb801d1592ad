"""Whether a directory, a provider or a proxy still vouches for somebody who came from there."""

from kb.accounts.directory import LDAP, Directory, KnownPerson
from kb.audit.log import noted
from kb.catalog import groups, people, sessions
from kb.catalog.database import Catalog, Connection, now
from kb.errors import ConflictError, NotSignedInError, RetryableError
from kb.rights import access
from kb.settings import Auth
from kb.types.people import Person


class Vouching:
    """Who is believed about whom, and for how long."""

    def __init__(self, catalog: Catalog, settings: Auth) -> None:
        self._catalog = catalog
        self._settings = settings
        self.directory = Directory(settings) if settings.ldap_url else None

    def came(self, connection: Connection, found: KnownPerson) -> Person:
        """Note somebody who was just vouched for, with the groups that they were said to be in.

        Raises:
            ConflictError: the name belongs to another account.
        """
        person = people.by_subject(connection, found.subject)
        if person is None:
            if people.find(connection, found.name) is not None:
                raise ConflictError(
                    "There is another account called {name} here. An administrator has to rename "
                    "one of them.",
                    code="name_taken",
                    detail={"name": found.name},
                )
            person = people.add_person(
                connection, found.name, shown_name=found.shown_name, origin=found.origin,
                subject=found.subject,
            )  # fmt: skip
        known = groups.set_of(connection, person.id, found.groups, origin=found.origin)
        whole = known and found.groups_whole
        people.change(connection, person.id, groups_whole=whole, vouched_at=now())
        administrators = self._settings.administrators
        if administrators:
            people.change(connection, person.id, administrator=administrators in found.groups)
        return people.by_name(connection, person.name)

    def is_stale(self, person: Person) -> bool:
        """Whether nobody can be asked about them, and they were vouched for too long ago."""
        if person.subject is None or self._can_ask_about(person):
            return False
        return now() - (person.vouched_at or 0.0) >= self._settings.fresh_days * 86400

    def is_outdated(self, person: Person) -> bool:
        """Whether what is known from a directory is older than it may be."""
        too_old = now() - self._settings.ldap_minutes * 60
        return self._can_ask_about(person) and (person.vouched_at or 0.0) <= too_old

    def _can_ask_about(self, person: Person) -> bool:
        return self.directory is not None and person.origin == LDAP

    def refresh(self, person: Person) -> None:
        """Ask a directory again, where what is known is older than it may be.

        Whoever is gone there is out here. While it is silent, what is known counts for a set time.

        Raises:
            RetryableError: it has been silent for too long.
        """
        if self.directory is None or not self.is_outdated(person):
            return
        try:
            found = self.directory.look_up(person.name)
        except RetryableError:
            too_old = now() - self._settings.ldap_silent_minutes * 60
            if (person.vouched_at or 0.0) > too_old:
                return
            raise
        with self._catalog.writing() as connection:
            if found is None or found.subject != person.subject:
                people.change(connection, person.id, disabled_at=now())
                sessions.end_all(connection, person.id)
                noted(connection, access.owner(), "user.gone_from_directory", person.name)
            else:
                self.came(connection, found)

    def require_vouched(self, person: Person) -> None:
        """Refuse a password of ours to somebody whom their directory has let go.

        Raises:
            NotSignedInError: they have to sign in there.
            RetryableError: the directory has been silent for too long.
        """
        self.refresh(person)
        with self._catalog.reading() as connection:
            again = people.by_id(connection, person.id)
        if again is None or again.is_disabled or self.is_stale(again):
            raise NotSignedInError(
                "This account comes from your organisation's directory. Sign in there again.",
                code="sign_in_there",
            )
