"""Searches that people save under a name, beside what they opened last."""

from kb.audit.log import noted
from kb.catalog import keeping
from kb.catalog.database import Catalog
from kb.errors import NotFoundError, UsageError
from kb.types.people import Principal
from kb.types.searches import Remembered

LONGEST_NAME, LONGEST_ADDRESS = 200, 4000
"""Most characters of a saved search's name, and of its address."""
OPENED_SHOWN = 8
"""Documents that are shown as opened last."""


class Searches:
    """The saved searches in a catalog. Nobody sees another's."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def remembered(self, principal: Principal) -> Remembered:
        """The principal's own searches, and what they opened last and may still read."""
        with self._catalog.reading() as connection:
            return Remembered(
                tuple(keeping.searches(connection, principal)),
                tuple(keeping.recently_opened(connection, principal, OPENED_SHOWN)),
            )

    def save(self, principal: Principal, name: str, address: str) -> int:
        """Keep a search; returns its number.

        Raises:
            UsageError: it has no name, or its address is none of this service's searches.
        """
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME or len(address) > LONGEST_ADDRESS:
            raise UsageError("A saved search has a name and an address of this service.")
        if not address.startswith("/?"):
            raise UsageError("Only searches of this service can be saved.", code="foreign_address")
        with self._catalog.writing() as connection:
            noted(connection, principal, "search.save")
            return keeping.save_search(connection, principal, name, address)

    def forget(self, principal: Principal, number: int) -> None:
        """Forget one of one's own.

        Raises:
            NotFoundError: there is none of that number, for them.
        """
        with self._catalog.writing() as connection:
            noted(connection, principal, "search.forget", str(number))
            if not keeping.forget_search(connection, principal, number):
                raise NotFoundError("There is no such search.", detail={"search": number})
