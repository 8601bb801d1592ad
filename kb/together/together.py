"""What the web processes of one catalog hold in common."""

from kb.catalog.database import Catalog
from kb.settings import Settings
from kb.together.rates import SharedRates
from kb.together.turns import SharedTurns


class Together:
    """One process's part in it."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self.rates = SharedRates(catalog)
        self.turns = SharedTurns(catalog, settings.fair_use)

    async def close(self) -> None:
        """Give back what this process has."""
        await self.turns.close()
        await self.rates.close()


def together(catalog: Catalog, settings: Settings) -> Together | None:
    """None on SQLite, whose one process needs nothing in common with others."""
    return None if settings.catalog_url.startswith("sqlite") else Together(catalog, settings)
