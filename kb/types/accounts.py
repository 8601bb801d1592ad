"""What lets people in, as rooms hand it on. Times are seconds since 1970."""

from dataclasses import dataclass, field

from kb.types.people import Group, Person, Principal

SCOPES = ("read", "write", "metrics")
"""What an API token may: read and ask; do all that its person may; read figures for monitoring."""


@dataclass(frozen=True, slots=True)
class Client:
    """Where somebody comes from. ``device``: the secret of the cookie of an earlier sign-in."""

    address: str
    agent: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A session of somebody, known by the hash of its secret."""

    hash: str
    person_id: int
    how: str
    address: str
    agent: str
    begun_at: float
    seen_at: float
    ends_at: float
    viewing_as: str | None
    """Through whose eyes its administrator looks."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token for programs, without its secret."""

    id: int
    person_id: int
    name: str
    scope: str
    created_at: float
    ends_at: float
    used_at: float | None


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link that holds: what it is for, and for whom (None: the first administrator)."""

    purpose: str
    person_id: int | None


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A one-time link that somebody has opened; ``person`` None: the first administrator."""

    purpose: str
    person: Person | None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What somebody's password and code are compared with. Nothing prints it."""

    password: str | None = field(repr=False)
    totp: str | None = field(repr=False)
    totp_step: int | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose a secret is, with the rights of this moment; ``by``: what it is the secret of."""

    principal: Principal
    person: Person
    by: Session | ApiToken


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody's account, as they see it themselves."""

    person: Person
    groups: tuple[str, ...]
    sources: tuple[str, ...]
    """The names of the sources that they answer for."""
    sessions: tuple[Session, ...]
    tokens: tuple[ApiToken, ...]


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """Somebody, as administrators see them."""

    person: Person
    groups: tuple[str, ...]
    sources: tuple[str, ...]
    """The names of the sources that they answer for."""
    sessions: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class Everybody:
    """All people and all groups at one moment, by name."""

    people: tuple[ListedPerson, ...]
    groups: tuple[Group, ...]
