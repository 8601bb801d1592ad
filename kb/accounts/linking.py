"""One-time links: the first administrator, invitations, resets."""

from kb.accounts import passwords
from kb.accounts.entering import Entering
from kb.accounts.sessions import Sessions, set_password
from kb.accounts.vouching import Vouching
from kb.audit.log import noted
from kb.catalog import one_time_links, people, sessions
from kb.catalog.database import Catalog, Connection
from kb.errors import ForbiddenError, NotFoundError, NotSignedInError
from kb.rights import access
from kb.settings import Auth
from kb.types.accounts import Client, OpenedLink
from kb.types.people import Person, Principal

SETUP, INVITE, RESET = "setup", "invite", "reset"


class Linking:
    """Makes one-time links, by which somebody sets a password. None replaces the second factor."""

    def __init__(
        self, catalog: Catalog, settings: Auth, vouching: Vouching, entering: Entering,
        sessions: Sessions,
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._settings = settings
        self._vouching = vouching
        self._entering = entering
        self._sessions = sessions

    def setup_link(self) -> str:
        """The secret of the link by which the first administrator is made."""
        with self._catalog.writing() as connection:
            return self._link(connection, SETUP, None)

    def link_for(self, by: Principal, name: str) -> str:
        """The secret of a link by which somebody sets their password.

        Raises:
            NotFoundError: there is no such person.
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.writing() as connection:
            person = people.by_name(connection, name)
            purpose = RESET if person.has_password else INVITE
            noted(connection, by, f"user.{purpose}", name)
            return self._link(connection, purpose, person.id)

    def recover(self, by: Principal, name: str, *, administrator: bool = False) -> str:
        """Let somebody in again who is locked out: the secret of a link for a new password.

        Their account is enabled and their second factor forgotten, their sessions end. They
        administrate from now on where that is said.

        Raises:
            NotFoundError: there is no such person.
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.writing() as connection:
            person = people.by_name(connection, name)
            people.change(connection, person.id, disabled_at=None, totp=None, totp_step=None)
            if administrator:
                people.change(connection, person.id, administrator=True)
            sessions.end_all(connection, person.id)
            detail = {"administrator": administrator or person.administrator}
            noted(connection, by, "user.recover", name, **detail)
            return self._link(connection, RESET, person.id)

    def _link(self, connection: Connection, purpose: str, person_id: int | None) -> str:
        return one_time_links.add(connection, purpose, person_id, self._settings.link_hours * 3600)

    def link(self, secret: str) -> OpenedLink:
        """What a link is for, and for whom.

        Raises:
            NotFoundError: it was used, has ended, or never was.
        """
        with self._catalog.reading() as connection:
            found = one_time_links.living(connection, secret)
            if found is None:
                raise NotFoundError(
                    "This link was used already, or has ended. Ask for a new one.",
                    code="link_ended",
                )
            number = found.person_id
            return OpenedLink(found.purpose, people.by_id(connection, number) if number else None)

    def use_link(
        self, secret: str, name: str, password: str, client: Client, code: str = ""
    ) -> str:
        """Set a password by a link; returns a new session's secret.

        Raises:
            NotFoundError: the link does not hold.
            UsageError: name or password cannot be used.
            NotSignedInError: the account asks for an app's ``code``, and it is not this one.
            TooManyError: too many codes were wrong.
        """
        opened = self.link(secret)
        purpose, person = opened.purpose, opened.person
        wanted = person.name if person else name.strip()
        passwords.check(password, wanted, self._settings.password_length)
        if person is not None:
            self._vouching.require_vouched(person)
            self._check_code(person, code, client)
        kept = passwords.hashed(password)
        with self._catalog.writing() as connection:
            if not one_time_links.use(connection, secret):
                raise NotFoundError("This link was used already.", code="link_ended")
            if person is None:
                if people.can_sign_in(connection):
                    raise ForbiddenError("There is an administrator already.", code="set_up")
                person = people.add_person(connection, wanted, administrator=True)
            set_password(connection, person, kept)
            who = Principal(person.name, frozenset())
            noted(connection, who, "user.password", person.name, by=purpose)
            return self._sessions.begin(connection, person, "link", client)

    def _check_code(self, person: Person, code: str, client: Client) -> None:
        """Guessed codes count like guessed passwords."""
        if not person.has_second_factor:
            return
        with self._catalog.writing() as connection:
            attempt = self._entering.attempt(connection, person.name, person, client)
            secret = people.secrets(connection, person.id)
        try:
            self._entering.check_code(person, secret, code, person.name, client)
        except NotSignedInError as error:
            if error.code == "code_needed":
                self._entering.take_back(attempt)
                raise
            raise NotSignedInError(
                "That is not the code that the app shows now.", code="wrong_code"
            ) from error
        with self._catalog.writing() as connection:
            attempt.succeeded(connection)
