"""What administrators look up and change about the accounts of others."""

from kb.accounts import passwords
from kb.accounts.sessions import set_password
from kb.audit.log import noted
from kb.catalog import conversations, groups, keeping, people, sessions
from kb.catalog.database import Catalog, Connection, now
from kb.errors import ConflictError
from kb.rights import access
from kb.settings import Auth
from kb.types.accounts import Everybody, ListedPerson
from kb.types.people import Person, Principal


class Managing:
    """The accounts of others, for administrators only. Every change is noted in the audit log."""

    def __init__(self, catalog: Catalog, settings: Auth) -> None:
        self._catalog = catalog
        self._settings = settings

    def everybody(self, by: Principal) -> Everybody:
        """All people and all groups.

        Raises:
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            listed = _listed(connection, people.all_of(connection))
            return Everybody(tuple(listed), tuple(groups.all_of(connection)))

    def one(self, by: Principal, name: str) -> ListedPerson:
        """Somebody, as administrators see them.

        Raises:
            NotFoundError: there is no such person.
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            return _listed(connection, [people.by_name(connection, name)])[0]

    def add(
        self, by: Principal, name: str, member_of: tuple[str, ...], *, shown_name: str = "",
        administrator: bool = False, password: str | None = None,
    ) -> Person:  # fmt: skip
        """Add a person.

        Raises:
            ConflictError, NotFoundError, UsageError: see ``catalog.people.add_person``.
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
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
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
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
                sessions.end_all(connection, person.id)
                noted(connection, by, "user.disable" if disabled else "user.enable", name)
            if kept is not None:
                set_password(connection, person, kept)
                noted(connection, by, "user.password", name, by="administrator")
            if without_second_factor:
                people.change(connection, person.id, totp=None, totp_step=None)
                noted(connection, by, "user.second_factor", name, on=False)
            self._keep_an_administrator(connection, person)
            return people.by_name(connection, name)

    def rename(self, by: Principal, name: str, new: str) -> None:
        """Give a person another name. They stay who they are.

        Raises:
            ConflictError, NotFoundError, UsageError: see ``catalog.people.rename``.
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.writing() as connection:
            people.rename(connection, name, new)
            noted(connection, by, "user.rename", name, new=new)

    def remove(self, by: Principal, name: str) -> None:
        """Remove a person with their sessions, tokens, conversations and searches.

        Raises:
            NotFoundError: there is no such person.
            ConflictError: nobody would be left to administrate.
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.writing() as connection:
            person = people.by_name(connection, name)
            people.remove(connection, person.id)
            conversations.remove_all_of(connection, name)
            keeping.forget_person(connection, name)
            noted(connection, by, "user.remove", name)
            self._keep_an_administrator(connection, person)

    def _keep_an_administrator(self, connection: Connection, before: Person) -> None:
        was_one = before.administrator and not before.is_disabled
        if was_one and before.has_account and people.administrators(connection) == 0:
            raise ConflictError(
                "Nobody would be left who can administrate. Make somebody else an administrator "
                "first.",
                code="last_administrator",
            )


def _listed(connection: Connection, wanted: list[Person]) -> list[ListedPerson]:
    member_of = groups.of_everybody(connection)
    curated = people.curated_by_all(connection)
    signed_in = sessions.of_everybody(connection)
    return [
        ListedPerson(
            person=p,
            groups=tuple(member_of.get(p.id, ())),
            sources=tuple(curated.get(p.id, ())),
            sessions=tuple(signed_in.get(p.id, ())),
        )
        for p in wanted
    ]
