"""Coming in: by password, by a directory or provider, by a one-time link; and going."""

from typing import Any

from sqlalchemy import Connection, Row

from kb import access
from kb.accounts import passwords, throttle, totp
from kb.accounts.base import (
    INVITE,
    NOBODY,
    RESET,
    SETUP,
    Base,
    Client,
)
from kb.accounts.directory import Known
from kb.auditing import entry, noted
from kb.catalog import audit, groups, people, signing_in
from kb.catalog.database import now
from kb.catalog.people import Person
from kb.errors import ConflictError, ForbiddenError, NotFoundError, NotSignedInError
from kb.types import Principal


class Entering(Base):
    """Every verb here is in the audit log."""

    def sign_in(self, name: str, password: str, code: str, client: Client) -> str:
        """A new session's secret.

        Raises:
            NotSignedInError: name, password or code is wrong; which of them is not said.
            TooManyError: too many attempts failed.
        """
        name = name.strip()[:100]
        with self._catalog.reading() as connection:
            throttle.check(connection, name, client.address)
            person = self._known(connection, name)
            secret = people.secrets(connection, person.id) if person else None
        kept = secret.password if secret is not None else None
        local = passwords.fits(password, kept)
        found = None if local or self.directory is None else self.directory.sign_in(name, password)
        if found is not None:
            with self._catalog.writing() as connection:
                person = self.came(connection, found)
                secret = people.secrets(connection, person.id)
        if person is None or person.is_disabled or not (local or found):
            self._refuse(name, client)
        assert person is not None
        self._check_code(person, secret, code, name, client)
        with self._catalog.writing() as connection:
            throttle.succeeded(connection, name, client.address)
            if local and kept and passwords.is_outdated(kept):
                people.change(connection, person.id, password=passwords.hashed(password))
            return self._begin(connection, person, "password" if local else "ldap", client)

    def _known(self, connection: Connection, name: str) -> Person | None:
        try:
            return people.by_name(connection, name)
        except NotFoundError:
            return None

    def _refuse(self, name: str, client: Client, code: str = "wrong_password") -> None:
        with self._catalog.writing() as connection:
            throttle.failed(connection, name, client.address)
            detail = {"address": client.address, "code": code}
            audit.append(connection, [entry(NOBODY, "sign_in.failed", name, **detail)])
        raise NotSignedInError("Name or password is wrong.", code="wrong_password")

    def _check_code(
        self, person: Person, secret: Row[Any] | None, code: str, name: str, client: Client
    ) -> None:
        if secret is None or secret.totp is None:
            return
        if not code.strip():
            raise NotSignedInError(
                "This account asks for the code of an authenticator app too.", code="code_needed"
            )
        step = totp.step_of(secret.totp, code, secret.totp_step)
        if step is None:
            self._refuse(name, client, "wrong_code")
        with self._catalog.writing() as connection:
            people.change(connection, person.id, totp_step=step)

    def _begin(
        self, connection: Connection, person: Person, how: str, client: Client, **provider: Any
    ) -> str:
        secret = signing_in.begin(
            connection,
            person.id,
            self._settings.session_hours * 3600,
            how=how,
            address=client.address[:60],
            agent=client.agent[:200],
            **provider,
        )
        people.change(connection, person.id, seen_at=now())
        signing_in.clear_up(connection)
        who = Principal(person.name, frozenset())
        noted(connection, who, "sign_in", person.name, address=client.address, how=how)
        return secret

    def begin_from_provider(self, found: Known, client: Client, **provider: Any) -> str:
        """A session for somebody whom a provider vouches for.

        Raises:
            NotSignedInError: they are kept out here.
        """
        with self._catalog.writing() as connection:
            person = self.came(connection, found)
            if person.is_disabled:
                raise NotSignedInError("This account is disabled.", code="disabled")
            return self._begin(connection, person, found.origin, client, **provider)

    def came(self, connection: Connection, found: Known) -> Person:
        """Somebody whom a directory knows, with the groups that it says they are in now.

        Raises:
            ConflictError: the name belongs to another account.
        """
        person = people.by_subject(connection, found.subject)
        if person is None:
            if self._known(connection, found.name) is not None:
                raise ConflictError(
                    f"There is another account called {found.name} here. An administrator has to "
                    "rename one of them.",
                    code="name_taken",
                )
            person = people.add_person(
                connection, found.name, shown_name=found.shown_name, origin=found.origin,
                subject=found.subject,
            )  # fmt: skip
        known = groups.set_of(connection, person.id, found.groups, origin=found.origin)
        people.change(connection, person.id, groups_whole=known and found.groups_whole)
        administrators = self._settings.administrators
        if administrators:
            people.change(connection, person.id, administrator=administrators in found.groups)
        return people.by_name(connection, person.name)

    def is_outdated(self, person: Person) -> bool:
        """Whether what is known of a directory's groups is older than it may be."""
        too_old = now() - self._settings.ldap_minutes * 60
        is_there = self.directory is not None and person.origin == "ldap"
        return is_there and (person.groups_at or 0) <= too_old

    def refresh(self, person: Person) -> None:
        """Read a directory's groups again, where what is known is older than it may be."""
        if self.directory is None or not self.is_outdated(person):
            return
        found = self.directory.look_up(person.name)
        with self._catalog.writing() as connection:
            if found is None or found.subject != person.subject:
                people.change(connection, person.id, disabled_at=now())
                signing_in.end_all(connection, person.id)
                noted(connection, access.owner(), "user.gone_from_directory", person.name)
            else:
                self.came(connection, found)

    def sign_out(self, principal: Principal, session_hash: str) -> str | None:
        """End a session; returns the token by which a provider knows it, where one began it."""
        with self._catalog.writing() as connection:
            id_token = signing_in.id_token_of(connection, session_hash)
            signing_in.end(connection, session_hash)
            noted(connection, principal, "sign_out")
        return id_token

    def setup_link(self) -> str:
        """The secret of the link by which the first administrator is made."""
        with self._catalog.writing() as connection:
            return signing_in.new_link(connection, SETUP, None, self._settings.link_hours * 3600)

    def link_for(self, by: Principal, name: str) -> str:
        """The secret of a link by which somebody sets their password.

        Raises:
            NotFoundError: there is no such person.
        """
        with self._catalog.writing() as connection:
            person = people.by_name(connection, name)
            purpose = RESET if person.has_password else INVITE
            noted(connection, by, f"user.{purpose}", name)
            seconds = self._settings.link_hours * 3600
            return signing_in.new_link(connection, purpose, person.id, seconds)

    def link(self, secret: str) -> tuple[str, Person | None]:
        """What a link is for, and for whom.

        Raises:
            NotFoundError: it was used, has ended, or never was.
        """
        with self._catalog.reading() as connection:
            row = signing_in.link(connection, secret)
            if row is None:
                raise NotFoundError(
                    "This link was used already, or has ended. Ask for a new one.",
                    code="link_ended",
                )
            person = people.by_id(connection, row.person_id) if row.person_id else None
            return row.purpose, person

    def use_link(self, secret: str, name: str, password: str, client: Client) -> str:
        """Set a password by a link; returns a new session's secret.

        Raises:
            NotFoundError: the link does not hold.
            UsageError: name or password cannot be used.
        """
        purpose, person = self.link(secret)
        wanted = person.name if person else name.strip()
        passwords.check(password, wanted, self._settings.password_length)
        kept = passwords.hashed(password)
        with self._catalog.writing() as connection:
            if not signing_in.use_link(connection, secret):
                raise NotFoundError("This link was used already.", code="link_ended")
            if person is None:
                if people.can_sign_in(connection):
                    raise ForbiddenError("There is an administrator already.", code="set_up")
                person = people.add_person(connection, wanted, administrator=True)
            self._set_password(connection, person, kept)
            who = Principal(person.name, frozenset())
            noted(connection, who, "user.password", person.name, by=purpose)
            return self._begin(connection, person, "link", client)

    def _set_password(self, connection: Connection, person: Person, kept: str) -> None:
        people.change(connection, person.id, password=kept, password_at=now())
        signing_in.end_all(connection, person.id)
        signing_in.revoke_all(connection, person.id)
