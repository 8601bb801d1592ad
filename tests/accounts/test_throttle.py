"""Counters of failed sign-ins forgive, and slow down whoever guesses, not whoever is at home."""

import threading

import pytest

from kb.accounts import throttle
from kb.errors import ForbiddenError, NotSignedInError, TooManyError
from kb.rights import access
from kb.types.accounts import Client
from tests.parts.portal import PASSWORD, Portal

OFFICE = "192.0.2.50"


class Clock:
    """A clock that the test moves."""

    def __init__(self, monkeypatch):
        self.at = 1_800_000_000.0
        monkeypatch.setattr(throttle, "now", lambda: self.at)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def guesses(house, *tries: tuple[str, str]) -> int:
    """How many of these attempts (account, address) by strangers were let through; all of them fail."""
    made = 0
    with house.kb.catalog.writing() as connection:
        for account, address in tries:
            try:
                throttle.Attempt(address).count(connection, account)
            except TooManyError:
                continue
            made += 1
    return made


def attempt(house, name: str, password: str, client: Client) -> str:
    try:
        house.kb.accounts.sign_in(name, password, "", client)
    except TooManyError:
        return "waits"
    except NotSignedInError:
        return "refused"
    return "in"


def add(house, *names: str) -> None:
    for name in names:
        house.kb.accounts.add(access.owner(), name, (), password=PASSWORD)


@pytest.mark.case("N14")
def test_typos_of_many_people_behind_one_address_block_nobody(house, clock):
    """One typo every 20 minutes, each followed by the right password, for 40 hours."""
    refused = 0
    with house.kb.catalog.writing() as connection:
        for n in range(120):
            clock.at += 1200
            throttle.Attempt(OFFICE).count(connection, f"p{n % 100}")
            try:
                right = throttle.Attempt(OFFICE)
                right.count(connection, f"p{n % 100}")
                right.succeeded(connection)
            except TooManyError:
                refused += 1
    assert refused == 0
    add(house, "p1")
    assert attempt(house, "p1", PASSWORD, Client(OFFICE)) == "in"


@pytest.mark.case("N14")
def test_a_known_device_is_not_slowed_by_the_failures_of_others(house, clock):
    """Neither by those behind the same address nor by those who guess at its account."""
    add(house, "rita", "otto")
    accounts = house.kb.accounts
    session = accounts.sign_in("rita", PASSWORD, "", Client(OFFICE))
    device = accounts.remember_device(session, "")
    guesses(house, *((f"nobody{n}", OFFICE) for n in range(60)))  # a colleague, at many names
    guesses(house, *(("rita", f"203.0.113.{n}") for n in range(40)))  # the world, at rita
    at_home = Client(OFFICE, device=device)
    assert attempt(house, "rita", PASSWORD, at_home) == "in"
    assert attempt(house, "rita", PASSWORD, Client("198.51.100.9", device=device)) == "in"
    assert attempt(house, "otto", PASSWORD, at_home) == "waits", "it is rita's device, not otto's"
    forged = Client(OFFICE, device="made up by somebody else")
    assert attempt(house, "rita", PASSWORD, forged) == "waits"
    for _ in range(5):
        assert attempt(house, "rita", "guess", at_home) == "refused"
    assert attempt(house, "rita", PASSWORD, at_home) == "waits", "its own failures count"


@pytest.mark.case("N14")
def test_a_blocked_unknown_device_waits_right_password_or_not(house, clock):
    """Nothing tells a guesser that a guess was right."""
    add(house, "rita")
    guesser = Client("198.51.100.7")
    for _ in range(5):
        assert attempt(house, "rita", "guess", guesser) == "refused"
    told = []
    for password in ("guess", PASSWORD):
        with pytest.raises(TooManyError) as wait:
            house.kb.accounts.sign_in("rita", password, "", guesser)
        told.append(wait.value.as_json())
    assert told[0] == told[1]
    clock.at += told[0]["error"]["detail"]["seconds"]
    assert attempt(house, "rita", PASSWORD, guesser) == "in", "and then it may"


@pytest.mark.case("N14")
def test_whoever_goes_on_guessing_gets_a_few_guesses_an_hour(house, clock):
    """Forgiving is not letting guess: a day of guessing from one address, once a minute."""
    made = 0
    with house.kb.catalog.writing() as connection:
        for _ in range(24 * 60):
            clock.at += 60
            try:
                throttle.Attempt("198.51.100.7").count(connection, "rita")
            except TooManyError:
                continue
            made += 1
    assert made <= 5 + 24 * 6, made


@pytest.mark.case("N14")
def test_an_account_is_guessed_at_from_everywhere_as_slowly(house, clock):
    """1,000 addresses in an hour."""
    made = 0
    with house.kb.catalog.writing() as connection:
        for n in range(1000):
            clock.at += 3.6
            try:
                throttle.Attempt(f"203.0.{n // 250}.{n % 250}").count(connection, "rita")
            except TooManyError:
                continue
            made += 1
    assert made <= 20 + 20 + 5, made


@pytest.mark.case("N14")
def test_guesses_at_one_time_are_counted_one_after_the_other(house):
    """Ten at once are no more than ten one after another."""
    add(house, "rita")
    told: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: told.append(attempt(house, "rita", "guess", Client("198.51.100.7")))
        )
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["refused"] * 5 + ["waits"] * 5


@pytest.mark.case("N14")
def test_a_wrong_old_password_counts_for_its_own_account_alone(house, clock):
    """On the page Account too."""
    add(house, "rita", "otto")
    rita = house.kb.principal("rita")
    for _ in range(5):
        with pytest.raises(ForbiddenError):
            house.kb.accounts.change_password(rita, "wrong", "whatever it is", Client(OFFICE))
    with pytest.raises(TooManyError):
        house.kb.accounts.change_password(rita, PASSWORD, "whatever it is", Client(OFFICE))
    assert attempt(house, "otto", PASSWORD, Client(OFFICE)) == "in"
    assert attempt(house, "rita", PASSWORD, Client(OFFICE)) == "in"


@pytest.mark.case("N14")
@pytest.mark.parametrize(
    "spelled", ["EMMA", " emma ", "Emma\u200b", "ｅｍｍａ", "émma", "e\u0301mma", "em\u00adma"]
)
def test_spellings_that_a_directory_takes_for_one_name_are_one(spelled):
    assert throttle.fold(spelled) == throttle.fold("emma")


@pytest.mark.case("N14")
async def test_the_cookie_of_an_earlier_sign_in_makes_a_device_known(house):
    """Over HTTP; it lets nobody in."""
    add(house, "rita")
    portal = Portal(house)
    client = portal.client(OFFICE)
    form = {"name": "rita", "password": PASSWORD}
    answer = await client.post("/login", data=form)
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("kb_device="))
    assert "httponly" in cookie.lower() and "samesite=lax" in cookie.lower()
    await client.post("/logout")
    assert client.cookies["kb_device"]
    assert (await client.get("/account")).status_code == 401
    guesses(house, *((f"nobody{n}", OFFICE) for n in range(60)))
    assert (await portal.client(OFFICE).post("/login", data=form)).status_code == 429
    assert (await client.post("/login", data=form)).status_code == 303
