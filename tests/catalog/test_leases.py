"""Leases are taken and given back by several at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kb.catalog import leases


@pytest.mark.case("N03", "N20")
def test_many_take_one_and_give_it_back(catalog):
    """None is told that the row it has just seen is gone; one at a time holds it."""
    holding: list[str] = []

    def hold(number: int) -> int:
        owner, times = leases.new_owner(), 0
        for _ in range(60):
            with catalog.writing() as connection:
                fence = leases.take(connection, "source:1", owner)
            if not fence:
                continue
            holding.append(owner)
            assert holding == [owner], number
            times += 1
            holding.remove(owner)
            with catalog.writing() as connection:
                leases.release(connection, "source:1", owner)
        return times

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(hold, range(4))) > 0
    with catalog.reading() as connection:
        assert not leases.is_held(connection, "source:1")
