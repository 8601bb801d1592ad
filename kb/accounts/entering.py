"""Coming in: by password, here or at a directory, or by a provider's word."""

from typing import Any, NoReturn

from kb.accounts import passwords, throttle, totp
from kb.accounts.directory import KnownPerson
from kb.accounts.sessions import Sessions
from kb.accounts.vouching import Vouching
from kb.audit.log import entry
from kb.catalog import audit, devices, people
from kb.catalog.database import Catalog, Connection
from kb.errors import KbError, NotSignedInError
from kb.types.accounts import Client, Secrets
from kb.types.people import Person, Principal

NOBODY = Principal("anonymous", frozenset())
REFUSED = {"wrong_password", "wrong_code"}
"""Codes of errors that count as a failed attempt."""


class Entering:
    """The ways in. Whoever comes in, or is refused, is noted in the audit log."""

    def __init__(self, catalog: Catalog, vouching: Vouching, sessions: Sessions) -> None:
        self._catalog = catalog
        self._vouching = vouching
        self._sessions = sessions

    def sign_in(self, name: str, password: str, code: str, client: Client) -> str:
        """A new session's secret.

        Raises:
            NotSignedInError: name, password or code is wrong; which of them is not said.
            TooManyError: too many attempts failed.
        """
        name = name.strip()[:100]
        with self._catalog.writing() as connection:
            person = people.find(connection, name)
            secret = people.secrets(connection, person.id) if person else None
            attempt = self.attempt(connection, name, person, client)
        try:
            return self._come_in(name, password, code, client, attempt, person, secret)
        except NotSignedInError as error:
            if error.code in REFUSED:
                raise
            self.take_back(attempt)
            raise
        except KbError:  # nobody was refused: a directory was silent, or another counter is full
            self.take_back(attempt)
            raise

    def _come_in(
        self, name: str, password: str, code: str, client: Client, attempt: throttle.Attempt,
        person: Person | None, secret: Secrets | None,
    ) -> str:  # fmt: skip
        kept = secret.password if secret is not None else None
        local = passwords.fits(password, kept)
        found = None
        directory = self._vouching.directory
        if not local and directory is not None:
            found = directory.sign_in(name, password, lambda s: self._count(attempt, s))
        if found is not None:
            with self._catalog.writing() as connection:
                person = self._vouching.came(connection, found)
                secret = people.secrets(connection, person.id)
        if person is None or person.is_disabled or not (local or found):
            self._refuse(name, client)
        self._vouching.require_vouched(person)
        self.check_code(person, secret, code, name, client)
        with self._catalog.writing() as connection:
            attempt.succeeded(connection)
            if local and kept and passwords.is_outdated(kept):
                people.change(connection, person.id, password=passwords.hashed(password))
            return self._sessions.begin(connection, person, "password" if local else "ldap", client)

    def begin_from_provider(self, found: KnownPerson, client: Client, **provider: Any) -> str:
        """A session for somebody whom a provider vouches for.

        Raises:
            NotSignedInError: they are kept out here.
        """
        with self._catalog.writing() as connection:
            person = self._vouching.came(connection, found)
            if person.is_disabled:
                raise NotSignedInError("This account is disabled.", code="disabled")
            return self._sessions.begin(connection, person, found.origin, client, **provider)

    def attempt(
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

    def take_back(self, attempt: throttle.Attempt) -> None:
        """Take an attempt out of the counts: nobody was refused."""
        with self._catalog.writing() as connection:
            attempt.take_back(connection)

    def check_code(
        self, person: Person, secret: Secrets | None, code: str, name: str, client: Client
    ) -> None:
        """Check an app's code where the account asks for one; each code works once.

        Raises:
            NotSignedInError: it asks for one, and this is none, or was used.
        """
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

    def _refuse(self, name: str, client: Client, code: str = "wrong_password") -> NoReturn:
        with self._catalog.writing() as connection:
            detail = {"address": client.address, "code": code}
            audit.append(connection, [entry(NOBODY, "sign_in.failed", name, **detail)])
        raise NotSignedInError("Name or password is wrong.", code="wrong_password")
