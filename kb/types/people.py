"""Who asks."""

from dataclasses import dataclass


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
