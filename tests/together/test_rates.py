"""A rate is one rate, whichever process a request comes to."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import literal, text

from kb.catalog import rates
from kb.errors import TooManyError
from kb.together.rates import SharedRates


@pytest.fixture
def at(monkeypatch):
    """Set the database's clock, as far as rates look at it (seconds since 1970)."""

    def set_to(seconds: float) -> None:
        monkeypatch.setattr(rates, "NOW", literal(seconds))

    set_to(1000.0)
    return set_to


async def test_a_rate_holds_over_both_processes(catalogs, at):
    one, other = map(SharedRates, catalogs)
    for shared in [one, other] * 15:
        await shared.count({"address:192.0.2.1": 1000.0, "person:ada": 30.0})
    for shared in (one, other):
        with pytest.raises(TooManyError) as refused:
            await shared.count({"address:192.0.2.1": 1000.0, "person:ada": 30.0})
        assert refused.value.code == "rate_limited"
        assert refused.value.seconds == 2  # 30 a minute: the next comes in two seconds
    await other.count({"address:192.0.2.1": 1000.0, "person:bob": 30.0})


async def test_a_bucket_fills_with_time_and_never_beyond_its_size(catalogs, at):
    one, other = map(SharedRates, catalogs)
    for _ in range(30):
        await one.count({"person:ada": 30.0})
    at(1030.0)  # half of it
    for _ in range(15):
        await other.count({"person:ada": 30.0})
    with pytest.raises(TooManyError):
        await one.count({"person:ada": 30.0})
    at(99_000.0)
    for _ in range(30):
        await one.count({"person:ada": 30.0})
    with pytest.raises(TooManyError):
        await other.count({"person:ada": 30.0})


async def test_a_clock_that_is_put_back_fills_nothing(catalogs, at):
    one, other = map(SharedRates, catalogs)
    for _ in range(30):
        await one.count({"person:ada": 30.0})
    at(400.0)
    with pytest.raises(TooManyError):
        await other.count({"person:ada": 30.0})
    at(1000.0)
    with pytest.raises(TooManyError):
        await other.count({"person:ada": 30.0})


def test_requests_at_one_time_do_not_pass_the_same_count(catalogs, at):
    """Forty threads of two processes, a hundred tokens: a hundred requests, not one more."""

    def passes(number: int) -> bool:
        with catalogs[number % 2].writing() as connection:
            left = rates.take(connection, {"address:192.0.2.1": 1e6, "person:ada": 100.0})
        return left["person:ada"] >= 0

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(passes, range(160))) == 100


async def test_while_the_catalog_is_held_each_process_counts_alone(catalogs, caplog, monkeypatch):
    """Nobody waits for it again and again, and nobody is refused for it."""
    monkeypatch.setattr("kb.together.rates.LOCK_MILLISECONDS", 10)
    one = SharedRates(catalogs[0])
    with catalogs[1].writing() as other, caplog.at_level(logging.WARNING, logger="kb.together"):
        other.execute(text("LOCK TABLE rates IN EXCLUSIVE MODE"))
        for _ in range(3):
            await one.count({"person:ada": 1.0})
    assert [r.message for r in caplog.records if "counted by this process alone" in r.message]
    assert len([r for r in caplog.records if r.name == "kb.together"]) == 1
    one._alone_until = 0.0
    await one.count({"person:ada": 1.0})
    with pytest.raises(TooManyError):
        await one.count({"person:ada": 1.0})


def test_full_buckets_are_forgotten(catalogs, at):
    with catalogs[0].writing() as connection:
        rates.take(connection, {"person:old": 30.0})
        at(1000.0 + rates.KEPT_SECONDS - 1)
        rates.take(connection, {"person:new": 30.0})
        rates.clear_up(connection)
        keys = "SELECT key FROM rates ORDER BY key"
        assert connection.scalars(text(keys)).all() == ["person:new", "person:old"]
        at(1000.0 + rates.KEPT_SECONDS + 1)
        rates.clear_up(connection)
        assert connection.scalars(text(keys)).all() == ["person:new"]
