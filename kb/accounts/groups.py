"""Groups of people, as administrators look after them."""

from kb.audit.log import noted
from kb.catalog import groups
from kb.catalog.database import Catalog
from kb.rights import access, rules
from kb.types.people import Group, Principal


class Groups:
    """The groups of a catalog. Only administrators may list or change them; changes are noted."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def all_of(self, by: Principal) -> list[Group]:
        """Every group, by name.

        Raises:
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            return groups.all_of(connection)

    def add(self, by: Principal, name: str) -> None:
        """Add a group.

        Raises:
            ConflictError: the name is taken, or looks like one that is.
            UsageError: the name cannot be used.
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.writing() as connection:
            groups.add(connection, name)
            noted(connection, by, "group.add", name)

    def rename(self, by: Principal, name: str, new: str) -> None:
        """Give a group another name; rules go on to mean it.

        Raises:
            ConflictError, NotFoundError, UsageError: see ``catalog.groups.rename``.
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.writing() as connection:
            groups.rename(connection, name, new)
            noted(connection, by, "group.rename", name, new=new)

    def remove(self, by: Principal, name: str) -> list[str]:
        """Remove a group; returns the names of the sources whose rules named it.

        Raises:
            NotFoundError: there is no such group.
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.writing() as connection:
            named = rules.naming_group(connection, name)
            groups.remove(connection, name)
            noted(connection, by, "group.remove", name, sources=named)
            return named
