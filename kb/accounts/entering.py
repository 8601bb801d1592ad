"""Coming in: by password, by a directory or provider, by a one-time link; and going."""

from typing import Any

from sqlalchemy import Row

from kb.accounts import passwords, throttle, totp
from kb.accounts.base import NOBODY, Base, Client
from kb.accounts.directory import LDAP, Known
from kb.audit.log import entry, noted
from kb.catalog import audit, devices, groups, people, signing_in
from kb.catalog.database import Connection, now
from kb.catalog.people import Person
from kb.errors import ConflictError, KbError, NotFoundError, NotSignedInError, RetryableError
from kb.rights import access
from kb.types.people import Principal

REFUSED = {"wrong_password", "wrong_code"}
"""What counts as a failure."""


class Entering(Base):
    """Every verb here is in the audit log."""

    def sign_in(self, name: str, password: str, code: str, client: Client) -> str:
        """A new session's secret.

        Raises:
            NotSignedInError: name, password or code is wrong; which of them is not said.
            TooManyError: too many attempts failed.
        """
        name = name.strip()[:100]
        with self._catalog.writing() as connection:
            person = self._known(connection, name)
            secret = people.secrets(connection, person.id) if person else None
            attempt = self._attempt(connection, name, person, client)
        try:
            return self._come_in(name, password, code, client, attempt, person, secret)
        except NotSignedInError as error:
            if error.code in REFUSED:
                raise
            self._take_back(attempt)
            raise
        except KbError:  # nobody was refused: a directory was silent, or another counter is full
            self._take_back(attempt)
            raise

    def _come_in(
        self, name: str, password: str, code: str, client: Client, attempt: throttle.Attempt,
        person: Person | None, secret: Row[Any] | None,
    ) -> str:  # fmt: skip
        kept = secret.password if secret is not None else None
        local = passwords.fits(password, kept)
        found = None
        if not local and self.directory is not None:
            found = self.directory.sign_in(name, password, lambda s: self._count(attempt, s))
        if found is not None:
            with self._catalog.writing() as connection:
                person = self.came(connection, found)
                secret = people.secrets(connection, person.id)
        if person is None or person.is_disabled or not (local or found):
            self._refuse(name, client)
        assert person is not None
        self.require_vouched(person)
        self._check_code(person, secret, code, name, client)
        with self._catalog.writing() as connection:
            attempt.succeeded(connection)
            if local and kept and passwords.is_outdated(kept):
                people.change(connection, person.id, password=passwords.hashed(password))
            return self._begin(connection, person, "password" if local else "ldap", client)

    def _attempt(
        self, connection: Connection, name: str, person: Person | None, client: Client
    ) -> throttle.Attempt:
        """Count an attempt on the account that a name means, however it is spelled."""
        meant = person or self._of_this_device(connection, name, client)
        is_known = meant is not None and devices.knows(connection, client.device, meant.id)
        attempt = throttle.Attempt(client.address, client.device if is_known else "")
        attempt.count(connection, meant.subject or meant.name if meant else throttle.fold(name))
        return attempt

    def _of_this_device(self, connection: Connection, name: str, client: Client) -> Person | None:
        found = [people.by_id(connection, p) for p in devices.people_of(connection, client.device)]
        return next((p for p in found if p and throttle.fold(p.name) == throttle.fold(name)), None)

    def _count(self, attempt: throttle.Attempt, account: str) -> None:
        with self._catalog.writing() as connection:
            attempt.count(connection, account)

    def _take_back(self, attempt: throttle.Attempt) -> None:
        with self._catalog.writing() as connection:
            attempt.take_back(connection)

    def _known(self, connection: Connection, name: str) -> Person | None:
        try:
            return people.by_name(connection, name)
        except NotFoundError:
            return None

    def _refuse(self, name: str, client: Client, code: str = "wrong_password") -> None:
        with self._catalog.writing() as connection:
            detail = {"address": client.address, "code": code}
            audit.append(connection, [entry(NOBODY, "sign_in.failed", name, **detail)])
        raise NotSignedInError("Name or password is wrong.", code="wrong_password")

    def _check_code(
        self, person: Person, secret: Row[Any] | None, code: str, name: str, client: Client
    ) -> None:
        """The app's code where the account asks for one; each works once, whoever is quicker."""
        if secret is None or secret.totp is None:
            return
        if not code.strip():
            raise NotSignedInError(
                "This account asks for the code of an authenticator app too.", code="code_needed"
            )
        step = totp.step_of(secret.totp, code, secret.totp_step)
        if step is not None:
            with self._catalog.writing() as connection:
                if people.use_step(connection, person.id, step):
                    return
        self._refuse(name, client, "wrong_code")

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
        whole = known and found.groups_whole
        people.change(connection, person.id, groups_whole=whole, vouched_at=now())
        administrators = self._settings.administrators
        if administrators:
            people.change(connection, person.id, administrator=administrators in found.groups)
        return people.by_name(connection, person.name)

    def is_stale(self, person: Person) -> bool:
        """Whether nobody can be asked, and the last sign-in where they come from is too old."""
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
                signing_in.end_all(connection, person.id)
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

    def remember_device(self, session: str, device: str) -> str:
        """The secret of the device that a new session began on: it is known from now on."""
        with self._catalog.writing() as connection:
            row = signing_in.session(connection, session, self._settings.idle_hours * 3600)
            return devices.remember(connection, device, row.person_id) if row else device

    def sign_out(self, principal: Principal, session_hash: str) -> str | None:
        """End a session; returns the token by which a provider knows it, where one began it."""
        with self._catalog.writing() as connection:
            id_token = signing_in.id_token_of(connection, session_hash)
            signing_in.end(connection, session_hash)
            noted(connection, principal, "sign_out")
        return id_token
