"""People: who asks, what is known of somebody, and the groups that they are in."""

from dataclasses import dataclass

LOCAL = "local"
"""Whose accounts and memberships are kept here, and come from no directory, provider or proxy."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks: a name to show, and the reader tokens they carry (never empty)."""

    name: str
    tokens: frozenset[str]
    owner: bool = False
    administrator: bool = False
    curates: frozenset[int] = frozenset()
    """Sources (ids) that they answer for."""
    viewed_by: str | None = None
    """The administrator who looks through this person's eyes, and may change nothing."""

    @property
    def asker(self) -> str:
        """Who really asks, whoever's eyes they look through: it is noted and counted as theirs."""
        return self.viewed_by or self.name

    @property
    def manages(self) -> bool:
        """Whether people, sources and settings are theirs to change."""
        return self.owner or self.administrator

    def answers_for(self, source_id: int) -> bool:
        """Whether a source is theirs to look after."""
        return self.manages or source_id in self.curates


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account or without; never their secrets. Times are seconds since 1970."""

    id: int
    name: str
    token: str
    """The reader token of this person alone."""
    shown_name: str
    administrator: bool
    origin: str
    subject: str | None
    """By which their directory, provider or proxy knows them; None for our own accounts."""
    has_password: bool
    has_second_factor: bool
    password_at: float | None
    disabled_at: float | None
    created_at: float | None
    seen_at: float | None
    groups_at: float | None
    groups_whole: bool
    """Whether all of their groups are known here."""
    vouched_at: float | None
    """When a directory, provider or proxy last said that it is them; None for our own accounts."""

    @property
    def is_disabled(self) -> bool:
        """Whether they are kept out."""
        return self.disabled_at is not None

    @property
    def has_account(self) -> bool:
        """Whether there is a way for them to sign in: a password, or a place in a directory."""
        return self.has_password or self.subject is not None


@dataclass(frozen=True, slots=True)
class Membership:
    """A group that somebody is in, and who says so."""

    token: str
    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class Group:
    """A group, and how many people are in it."""

    name: str
    people: int
