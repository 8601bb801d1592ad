"""What people change about their own account, and administrators about those of others."""

from typing import Any

from sqlalchemy import Row

from kb.accounts import passwords, throttle, totp
from kb.accounts.base import SCOPES, Client
from kb.accounts.linking import Linking
from kb.audit.log import noted
from kb.catalog import conversations, groups, keeping, people, signing_in
from kb.catalog.database import Connection, now
from kb.catalog.people import Person
from kb.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from kb.types.people import Principal

SIGNED_IN = "signed in"
WIDER = {"write": set(SCOPES), "read": {"read"}, "metrics": {"metrics"}}
"""The scopes that a token may hand on."""


class Managing(Linking):
    """Every verb here is in the audit log."""

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
            self._set_password(connection, person, kept)
            noted(connection, principal, "user.password", person.name, by="self")
            return self._begin(connection, person, "password", client)

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

    def new_token(
        self, principal: Principal, name: str, scope: str, days: int,
        by: Principal | None = None, maker: Row[Any] | None = None,
    ) -> str:  # fmt: skip
        """An API token's secret; it is shown once. ``by``: who makes it, where that is another.

        ``maker``: the token that asks for it. The new one may no more, ends no later, and goes
        with it.

        Raises:
            UsageError: name, scope or days cannot be, or it would outlive its maker.
            ForbiddenError: this scope is an administrator's, or wider than the maker's.
        """
        most = self._settings.token_days
        if not name.strip() or scope not in SCOPES or not 1 <= days <= most:
            raise UsageError(
                f"A token has a name, a scope ({', '.join(SCOPES)}) and 1 to {most} days.",
                code="bad_token",
            )
        if scope == "metrics" and not principal.manages:
            raise ForbiddenError("Only an administrator makes tokens for monitoring.")
        with self._catalog.writing() as connection:
            person = people.by_name(connection, principal.name)
            whose = {} if by is None else {"person": person.name}
            ends = now() + days * 86400
            if maker is not None:
                _hold_to(maker, scope, ends)
            noted(
                connection, by or principal, "token.new", name.strip()[:200],
                scope=scope, days=days, **whose,
            )  # fmt: skip
            made_by = maker.id if maker is not None else None
            return signing_in.new_token(
                connection, person.id, name.strip()[:200], scope, ends, made_by
            )

    def revoke_token(self, principal: Principal, number: int) -> None:
        """Revoke one of one's own tokens.

        Raises:
            NotFoundError: there is none.
        """
        with self._catalog.writing() as connection:
            person = people.by_name(connection, principal.name)
            if not signing_in.revoke(connection, number, person.id):
                raise NotFoundError("There is no such token.")
            noted(connection, principal, "token.revoke", str(number))

    def end_session(self, principal: Principal, name: str, session_hash: str) -> None:
        """End a session of oneself, or, as an administrator, of somebody else.

        Raises:
            NotFoundError: there is none.
        """
        if name != principal.name and not principal.manages:
            raise NotFoundError("There is no such session.")
        with self._catalog.writing() as connection:
            person = people.by_name(connection, name)
            if not signing_in.end(connection, session_hash, person.id):
                raise NotFoundError("There is no such session.")
            noted(connection, principal, "session.end", name)

    def add(
        self, by: Principal, name: str, member_of: tuple[str, ...], *, shown_name: str = "",
        administrator: bool = False, password: str | None = None,
    ) -> Person:  # fmt: skip
        """Add a person.

        Raises:
            ConflictError, NotFoundError, UsageError: see ``catalog.people.add_person``.
        """
        kept = None
        if password is not None:
            passwords.check(password, name, self._settings.password_length)
            kept = passwords.hashed(password)
        with self._catalog.writing() as connection:
            person = people.add_person(
                connection, name, member_of, shown_name=shown_name, administrator=administrator
            )
            if kept is not None:
                people.change(connection, person.id, password=kept, password_at=now())
            detail = {"groups": list(member_of), "administrator": administrator}
            noted(connection, by, "user.add", name, **detail)
            return people.by_name(connection, name)

    def change(
        self, by: Principal, name: str, *, member_of: tuple[str, ...] | None = None,
        administrator: bool | None = None, disabled: bool | None = None,
        password: str | None = None, without_second_factor: bool = False,
    ) -> Person:  # fmt: skip
        """Change somebody's groups, role, or whether they may sign in.

        Raises:
            NotFoundError: there is no such person or group.
            ConflictError: nobody would be left to administrate.
        """
        kept = None
        if password is not None:
            passwords.check(password, name, self._settings.password_length)
            kept = passwords.hashed(password)
        with self._catalog.writing() as connection:
            person = people.by_name(connection, name)
            if member_of is not None:
                groups.require(connection, member_of)
                groups.set_of(connection, person.id, member_of)
                noted(connection, by, "user.groups", name, groups=list(member_of))
            if administrator is not None and administrator != person.administrator:
                people.change(connection, person.id, administrator=administrator)
                noted(connection, by, "user.role", name, administrator=administrator)
            if disabled is not None and disabled != person.is_disabled:
                people.change(connection, person.id, disabled_at=now() if disabled else None)
                signing_in.end_all(connection, person.id)
                noted(connection, by, "user.disable" if disabled else "user.enable", name)
            if kept is not None:
                self._set_password(connection, person, kept)
                noted(connection, by, "user.password", name, by="administrator")
            if without_second_factor:
                people.change(connection, person.id, totp=None, totp_step=None)
                noted(connection, by, "user.second_factor", name, on=False)
            self._keep_an_administrator(connection, person)
            return people.by_name(connection, name)

    def remove(self, by: Principal, name: str) -> None:
        """Remove a person with their sessions, tokens, conversations and searches.

        Raises:
            NotFoundError: there is no such person.
            ConflictError: nobody would be left to administrate.
        """
        with self._catalog.writing() as connection:
            person = people.by_name(connection, name)
            people.remove(connection, person.id)
            conversations.remove_all_of(connection, name)
            keeping.forget_person(connection, name)
            noted(connection, by, "user.remove", name)
            self._keep_an_administrator(connection, person)

    def _keep_an_administrator(self, connection: Connection, before: Person) -> None:
        was_one = before.administrator and not before.is_disabled
        has_account = before.has_password or before.subject is not None
        if was_one and has_account and people.administrators(connection) == 0:
            raise ConflictError(
                "Nobody would be left who can administrate. Make somebody else an administrator "
                "first.",
                code="last_administrator",
            )


def _hold_to(maker: Row[Any], scope: str, ends: float) -> None:
    if scope not in WIDER.get(maker.scope, set()):
        raise ForbiddenError("A token makes no token that may more than itself.")
    if ends > maker.ends_at:
        raise UsageError(
            "A token makes no token that outlives it. Ask for fewer days, or make one while you "
            "are signed in.",
            code="outlives_its_maker",
        )
