"""What people change about their own account: password and second factor."""

from kb.accounts import passwords, throttle, totp
from kb.accounts.sessions import Sessions, set_password
from kb.audit.log import noted
from kb.catalog import api_tokens, groups, people, sessions
from kb.catalog.database import Catalog
from kb.errors import ForbiddenError, NotFoundError, UsageError
from kb.settings import Auth
from kb.types.accounts import Account, Client
from kb.types.people import Principal

SIGNED_IN = "signed in"


class OwnAccount:
    """One's own account. Every change asks for the password and is noted in the audit log."""

    def __init__(self, catalog: Catalog, settings: Auth, sessions: Sessions) -> None:
        self._catalog = catalog
        self._settings = settings
        self._sessions = sessions

    def own(self, principal: Principal) -> Account:
        """What the principal's account is.

        Raises:
            NotFoundError: they have none; nobody has one yet, where it is the machine's owner.
        """
        if principal.owner:
            raise NotFoundError("No account exists yet.", code="no_accounts")
        with self._catalog.reading() as connection:
            person = people.by_name(connection, principal.name)
            return Account(
                person=person,
                groups=tuple(groups.of_person(connection, person.id)),
                sources=tuple(people.sources_curated(connection, person.id)),
                sessions=tuple(sessions.of_person(connection, person.id)),
                tokens=tuple(api_tokens.of_person(connection, person.id)),
            )

    def change_password(self, principal: Principal, old: str, new: str, client: Client) -> str:
        """Change one's own password; every session ends, and a new one begins.

        Raises:
            ForbiddenError: the old one is wrong.
            UsageError: the new one cannot be used.
        """
        self._confirm(principal, old, client)
        passwords.check(new, principal.name, self._settings.password_length)
        kept = passwords.hashed(new)
        with self._catalog.writing() as connection:
            person = people.by_name(connection, principal.name)
            set_password(connection, person, kept)
            noted(connection, principal, "user.password", person.name, by="self")
            return self._sessions.begin(connection, person, "password", client)

    def set_second_factor(
        self, principal: Principal, password: str, secret: str | None, code: str, client: Client
    ) -> None:
        """Ask for an app's code from now on, or (``secret`` None) no more.

        Raises:
            ForbiddenError: the password is wrong.
            UsageError: the code is not the app's.
        """
        self._confirm(principal, password, client)
        step = totp.step_of(secret, code, None) if secret else None
        if secret and step is None:
            raise UsageError("That is not the code that the app shows now.", code="wrong_code")
        with self._catalog.writing() as connection:
            person = people.by_name(connection, principal.name)
            people.change(connection, person.id, totp=secret, totp_step=step)
            noted(connection, principal, "user.second_factor", person.name, on=bool(secret))

    def _confirm(self, principal: Principal, password: str, client: Client) -> None:
        """The password of somebody who is signed in; their failures are nobody else's."""
        attempt = throttle.Attempt(client.address, SIGNED_IN)
        with self._catalog.writing() as connection:
            person = people.by_name(connection, principal.name)
            attempt.count(connection, str(person.id))
            kept = people.secrets(connection, person.id).password
        if not passwords.fits(password, kept):
            raise ForbiddenError("The password is wrong.", code="wrong_password")
        with self._catalog.writing() as connection:
            attempt.succeeded(connection)
