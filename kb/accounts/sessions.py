"""Sessions: how they begin and end, and on which devices."""

from typing import Any

from kb.audit.log import noted
from kb.catalog import (
    api_tokens,
    devices,
    failed_attempts,
    one_time_links,
    people,
    sessions,
)
from kb.catalog.database import Catalog, Connection, now
from kb.errors import NotFoundError
from kb.rights import access
from kb.settings import Auth
from kb.types.accounts import Client
from kb.types.people import Person, Principal


def set_password(connection: Connection, person: Person, kept: str) -> None:
    """Give somebody a password (its hash); whatever let them in before ends."""
    people.change(connection, person.id, password=kept, password_at=now())
    sessions.end_all(connection, person.id)
    api_tokens.revoke_all(connection, person.id)
    one_time_links.end_all(connection, person.id)


class Sessions:
    """Begins and ends sessions, which the audit log notes, and knows devices, which it does not."""

    def __init__(self, catalog: Catalog, settings: Auth) -> None:
        self._catalog = catalog
        self._settings = settings

    def begin(
        self, connection: Connection, person: Person, how: str, client: Client, **provider: Any
    ) -> str:
        """A new session's secret, within a writing transaction; ``how``: by which way in."""
        secret = sessions.begin(
            connection,
            person.id,
            self._settings.session_hours * 3600,
            how=how,
            address=client.address[:60],
            agent=client.agent[:200],
            **provider,
        )
        people.change(connection, person.id, seen_at=now())
        for ended in (sessions, one_time_links, failed_attempts):
            ended.clear_up(connection)
        who = Principal(person.name, frozenset())
        noted(connection, who, "sign_in", person.name, address=client.address, how=how)
        return secret

    def remember_device(self, session: str, device: str) -> str:
        """The secret of the device that a new session began on: it is known from now on."""
        with self._catalog.writing() as connection:
            found = sessions.living(connection, session, self._settings.idle_hours * 3600)
            return devices.remember(connection, device, found.person_id) if found else device

    def sign_out(self, principal: Principal, session_hash: str) -> str | None:
        """End a session; returns the token by which a provider knows it, where one began it."""
        with self._catalog.writing() as connection:
            id_token = sessions.id_token_of(connection, session_hash)
            sessions.end(connection, session_hash)
            noted(connection, principal, "sign_out")
        return id_token

    def end_session(self, principal: Principal, name: str, session_hash: str) -> None:
        """End a session of oneself, or, as an administrator, of somebody else.

        Raises:
            NotFoundError: there is none.
        """
        if name != principal.name and not principal.manages:
            raise NotFoundError("There is no such session.")
        with self._catalog.writing() as connection:
            person = people.by_name(connection, name)
            if not sessions.end(connection, session_hash, person.id):
                raise NotFoundError("There is no such session.")
            noted(connection, principal, "session.end", name)

    def ended_by_provider(self, provider_session: str | None, subject: str | None) -> None:
        """End what a provider says has ended: one session, or all of whom it knows so.

        ``provider_session`` goes before ``subject`` where both are told.
        """
        with self._catalog.writing() as connection:
            count = 0
            if provider_session is not None:
                count = sessions.end_of_provider(connection, provider_session)
            elif subject is not None:
                person = people.by_subject(connection, subject)
                if person is not None:
                    sessions.end_all(connection, person.id)
                    count = 1
            noted(connection, access.owner(), "session.ended_by_provider", "", sessions=count)
