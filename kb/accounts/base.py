"""What every part of the accounts works with."""

from dataclasses import dataclass

from kb.accounts.directory import Directory
from kb.catalog import people
from kb.catalog.behind import Behind
from kb.catalog.database import Catalog, Connection
from kb.rights import access
from kb.settings import Auth
from kb.types.people import Principal

SETUP, INVITE, RESET = "setup", "invite", "reset"
SCOPES = ("read", "write", "metrics")
NOBODY = Principal("anonymous", frozenset())


@dataclass(frozen=True, slots=True)
class Client:
    """Where somebody comes from. ``device``: the secret of the cookie of an earlier sign-in."""

    address: str
    agent: str = ""
    device: str = ""


class Base:
    """The catalog, the settings, and the directory where there is one."""

    def __init__(self, catalog: Catalog, settings: Auth, behind: Behind) -> None:
        self._catalog = catalog
        self._settings = settings
        self._behind = behind
        self.directory = Directory(settings) if settings.ldap_url else None

    def principal(self, connection: Connection, name: str) -> Principal:
        """A person with the rights of this moment.

        Raises:
            NotFoundError: there is no such person.
        """
        return access.person(connection, name, frozenset(self._settings.system_names))

    def exist(self) -> bool:
        """Whether anybody has an account here, or could come from a directory."""
        s = self._settings
        if s.header or s.oidc_issuer or s.ldap_url:
            return True
        with self._catalog.reading() as connection:
            return people.can_sign_in(connection)
