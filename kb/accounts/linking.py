"""One-time links: the first administrator, invitations, resets."""

from kb.accounts import passwords
from kb.accounts.base import INVITE, RESET, SETUP, Client
from kb.accounts.entering import Entering
from kb.audit.log import noted
from kb.catalog import people, signing_in
from kb.catalog.database import Connection, now
from kb.catalog.people import Person
from kb.errors import ForbiddenError, NotFoundError, NotSignedInError
from kb.types.people import Principal


class Linking(Entering):
    """A link sets a password. It does not stand for the second factor."""

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
        purpose, person = self.link(secret)
        wanted = person.name if person else name.strip()
        passwords.check(password, wanted, self._settings.password_length)
        if person is not None:
            self.require_vouched(person)
            self._check_link_code(person, code, client)
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

    def _check_link_code(self, person: Person, code: str, client: Client) -> None:
        """Guessed codes count like guessed passwords."""
        if not person.has_second_factor:
            return
        with self._catalog.writing() as connection:
            attempt = self._attempt(connection, person.name, person, client)
            secret = people.secrets(connection, person.id)
        try:
            self._check_code(person, secret, code, person.name, client)
        except NotSignedInError as error:
            if error.code == "code_needed":
                self._take_back(attempt)
                raise
            raise NotSignedInError(
                "That is not the code that the app shows now.", code="wrong_code"
            ) from error
        with self._catalog.writing() as connection:
            attempt.succeeded(connection)

    def _set_password(self, connection: Connection, person: Person, kept: str) -> None:
        people.change(connection, person.id, password=kept, password_at=now())
        signing_in.end_all(connection, person.id)
        signing_in.revoke_all(connection, person.id)
        signing_in.end_links(connection, person.id)
