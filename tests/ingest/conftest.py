"""What tests of jobs and of removals share."""

import pytest

from tests.parts.jobs import Shop


@pytest.fixture
def shop(catalog, tmp_path):
    return Shop(catalog, tmp_path)


@pytest.fixture
async def thinned(house):
    """Thirty files that were read, of which twenty-five are gone since: so many are held."""
    house.follow()
    for n in range(30):
        house.write(f"{n}.txt", f"Matter number {n} is settled.")
    await house.ingest()
    for n in range(25):
        (house.root / f"{n}.txt").unlink()
    return house
