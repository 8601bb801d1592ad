"""API tokens: made, and revoked. Each may no more, and lives no longer, than what made it."""

from kb.audit.log import noted
from kb.catalog import api_tokens, people
from kb.catalog.database import Catalog, now
from kb.errors import ForbiddenError, NotFoundError, UsageError
from kb.settings import Auth
from kb.types.accounts import SCOPES, ApiToken
from kb.types.people import Principal

WIDER = {"write": set(SCOPES), "read": {"read"}, "metrics": {"metrics"}}
"""By a token's scope: the scopes of the tokens that it may make."""


class Tokens:
    """Makes and revokes API tokens; both are noted in the audit log."""

    def __init__(self, catalog: Catalog, settings: Auth) -> None:
        self._catalog = catalog
        self._settings = settings

    def new_token(
        self, principal: Principal, name: str, scope: str, days: int,
        by: Principal | None = None, maker: ApiToken | None = None,
    ) -> str:  # fmt: skip
        """An API token's secret; it is shown once. ``by``: who makes it, where that is another.

        ``maker``: the token that asks for it. The new one may no more, ends no later, and goes
        with it.

        Raises:
            UsageError: name, scope or days are not valid, or it would outlive its maker.
            ForbiddenError: this scope is an administrator's, or wider than the maker's.
        """
        most = self._settings.token_days
        if not name.strip() or scope not in SCOPES or not 1 <= days <= most:
            raise UsageError(
                "A token has a name, a scope ({scopes}) and 1 to {most} days.",
                code="bad_token",
                detail={"scopes": list(SCOPES), "most": most},
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
            return api_tokens.add(connection, person.id, name.strip()[:200], scope, ends, made_by)

    def revoke_token(self, principal: Principal, number: int) -> None:
        """Revoke one of one's own tokens.

        Raises:
            NotFoundError: there is none.
        """
        with self._catalog.writing() as connection:
            person = people.by_name(connection, principal.name)
            if not api_tokens.revoke(connection, number, person.id):
                raise NotFoundError("There is no such token.")
            noted(connection, principal, "token.revoke", str(number))


def _hold_to(maker: ApiToken, scope: str, ends: float) -> None:
    if scope not in WIDER.get(maker.scope, set()):
        raise ForbiddenError("A token makes no token that may more than itself.")
    if ends > maker.ends_at:
        raise UsageError(
            "A token makes no token that outlives it. Ask for fewer days, or make one while you "
            "are signed in.",
            code="outlives_its_maker",
        )
