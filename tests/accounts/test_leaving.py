"""Who left is out everywhere: tokens, sessions, links; and a code of an app works once."""

import threading
import time

import msgspec
import pytest

from kb.accounts import totp
from kb.accounts.accounts import Accounts
from kb.accounts.directory import HEADER, OIDC, KnownPerson
from kb.accounts.vouching import Vouching
from kb.catalog import api_tokens, groups, people, sessions
from kb.errors import NotFoundError, NotSignedInError
from kb.rights import access
from kb.types.accounts import Client
from tests.parts.portal import PASSWORD, Portal

pytestmark = pytest.mark.both_catalogs

NEW = "seven grey geese over water"
OLGA = KnownPerson("olga", "Olga Ost", "oidc:https://id.example:42", ("crew",), OIDC)
HERE = Client("127.0.0.1")
DAY = 86400.0


@pytest.fixture
def portal(house):
    return Portal(house)


def passed(house, days: float, name: str = "olga") -> None:
    """So many days have passed since somebody was vouched for; the rest is of today."""
    with house.kb.catalog.writing() as connection:
        connection.exec_driver_sql(
            f"UPDATE people SET vouched_at = vouched_at - {days * DAY} WHERE name = '{name}'"
        )


def with_session(portal, secret: str):
    client = portal.client()
    client.cookies.set("kb_session", secret)
    return client


async def status(client) -> int:
    return (await client.get("/api/v1/files")).status_code


@pytest.mark.case("N11")
async def test_without_a_fresh_sign_in_at_the_provider_tokens_and_sessions_end(house, portal):
    """Nothing can be asked where there is no refresh token, so time decides."""
    session = house.kb.accounts.begin_from_provider(OLGA, HERE)
    token = house.kb.accounts.new_token(house.kb.principal("olga"), "script", "read", 366)
    program = portal.client(Authorization=f"Bearer {token}")
    person = with_session(portal, session)
    passed(house, 29)
    assert [await status(program), await status(person)] == [200, 200]
    passed(house, 1.1)
    assert [await status(program), await status(person)] == [401, 401]
    house.kb.accounts.change(access.owner(), "olga", member_of=())  # is no word of the provider's
    assert await status(program) == 401
    house.kb.accounts.begin_from_provider(OLGA, HERE)
    assert await status(program) == 200, "signing in there makes it fresh"


@pytest.mark.case("N11")
async def test_a_password_here_does_not_stand_for_a_sign_in_there(house, portal):
    """An invitation for somebody who comes from a provider is no way around it."""
    house.kb.accounts.begin_from_provider(OLGA, HERE)
    link = house.kb.accounts.link_for(access.owner(), "olga")
    house.kb.accounts.use_link(link, "", NEW, HERE)
    late = house.kb.accounts.link_for(access.owner(), "olga")
    passed(house, 31)
    with pytest.raises(NotSignedInError) as refused:
        house.kb.accounts.sign_in("olga", NEW, "", HERE)
    assert refused.value.code == "sign_in_there"
    with pytest.raises(NotSignedInError):
        house.kb.accounts.use_link(late, "", "another quiet harbour", HERE)


@pytest.mark.case("N11")
async def test_a_proxys_word_is_fresh_while_the_proxy_says_it(house, portal):
    """A program's token of somebody whom the proxy names no more ends too."""
    gus = KnownPerson("gus", "gus", "header:gus", (), HEADER)
    house.kb.accounts.of_header(gus)
    token = house.kb.accounts.new_token(house.kb.principal("gus"), "script", "read", 366)
    program = portal.client(Authorization=f"Bearer {token}")
    passed(house, 29, "gus")
    house.kb.accounts.of_header(gus)
    house.kb.behind.flush()
    passed(house, 29, "gus")
    assert await status(program) == 200
    passed(house, 2, "gus")
    assert await status(program) == 401


@pytest.mark.case("N11")
async def test_a_link_ends_with_the_password_that_it_was_to_replace(house):
    """Whoever finds an old link after a password was changed opens nothing with it."""
    house.kb.accounts.add(access.owner(), "rita", (), password=PASSWORD)
    link = house.kb.accounts.link_for(access.owner(), "rita")
    house.kb.accounts.change_password(house.kb.principal("rita"), PASSWORD, NEW, HERE)
    with pytest.raises(NotFoundError):
        house.kb.accounts.use_link(link, "", "another quiet harbour", HERE)
    house.kb.accounts.sign_in("rita", NEW, "", HERE)


@pytest.mark.case("N17")
async def test_a_proxys_word_that_says_nothing_new_writes_nothing(house, monkeypatch):
    """A group that cannot be one here, one of our own, an hour later: it only reads."""
    told = ("crew", "everyone", "x" * 200, "Hands\u200b", "CREW")
    gus = KnownPerson("gus", "gus", "header:gus", told, HEADER)
    house.kb.accounts.of_header(gus)
    with house.kb.catalog.writing() as connection:
        groups.add(connection, "own")
    house.kb.accounts.change(access.owner(), "gus", member_of=("own",))
    house.kb.accounts.of_header(gus)
    passed(house, 2, "gus")

    def refuse(*_):
        raise AssertionError("it was written")

    with monkeypatch.context() as patched:
        patched.setattr(Vouching, "came", refuse)
        principal = house.kb.accounts.of_header(gus)
        assert principal is not None
        assert len([t for t in principal.tokens if t.startswith("group:")]) == 2
        with pytest.raises(AssertionError, match="written"):
            house.kb.accounts.of_header(KnownPerson("gus", "gus", "header:gus", (), HEADER))
    house.kb.behind.flush()
    with house.kb.catalog.reading() as connection:
        assert people.by_name(connection, "gus").vouched_at > time.time() - DAY


@pytest.mark.case("N11")
async def test_accounts_of_our_own_need_nobody_to_vouch_for_them(house, portal):
    house.kb.accounts.add(access.owner(), "rita", (), password=PASSWORD)
    token = house.kb.accounts.new_token(house.kb.principal("rita"), "script", "read", 366)
    assert await status(portal.client(Authorization=f"Bearer {token}")) == 200


@pytest.mark.case("N11")
async def test_a_token_neither_outlives_nor_outscopes_the_token_that_made_it(house, portal):
    house.kb.accounts.add(access.owner(), "rita", (), administrator=True, password=PASSWORD)
    rita = house.kb.principal("rita")
    maker = house.kb.accounts.new_token(rita, "maker", "write", 3)
    program = portal.client(Authorization=f"Bearer {maker}")

    async def made(scope: str, days: int):
        form = {"action": "token", "name": f"child {scope}", "scope": scope, "days": str(days)}
        return await program.post("/account", data=form)

    longer = await made("write", 4)
    assert longer.status_code == 400
    assert longer.json()["error"]["code"] == "outlives_its_maker"
    child_page = await made("write", 2)
    assert child_page.status_code == 200
    child = child_page.text.partition("kb_")[2].partition("<")[0]
    young = portal.client(Authorization=f"Bearer kb_{child}")
    assert await status(young) == 200
    grandchild_page = await young.post(
        "/account", data={"action": "token", "name": "grandchild", "scope": "read", "days": "1"}
    )
    grandchild = grandchild_page.text.partition("kb_")[2].partition("<")[0]
    youngest = portal.client(Authorization=f"Bearer kb_{grandchild}")
    assert await status(youngest) == 200
    refused = await youngest.post(
        "/account", data={"action": "token", "name": "x", "scope": "read", "days": "1"}
    )
    assert refused.status_code == 403, "a reading token makes nothing"
    with house.kb.catalog.writing() as connection:
        number = people.by_name(connection, "rita").id
        first = next(t for t in api_tokens.of_person(connection, number) if t.name == "maker")
        api_tokens.revoke(connection, first.id, number)
    assert [await status(c) for c in (program, young, youngest)] == [401, 401, 401]


@pytest.mark.case("N11")
@pytest.mark.parametrize(
    ("mine", "wanted"),
    [("read", "write"), ("read", "metrics"), ("metrics", "read"), ("metrics", "write")],
)
def test_no_scope_makes_a_wider_one(house, mine, wanted):
    """At the verb itself, whatever routes let through."""
    from kb.errors import ForbiddenError

    house.kb.accounts.add(access.owner(), "rita", (), administrator=True, password=PASSWORD)
    rita = house.kb.principal("rita")
    secret = house.kb.accounts.new_token(rita, "maker", mine, 3)
    with house.kb.catalog.reading() as connection:
        maker = api_tokens.living(connection, secret)
    with pytest.raises(ForbiddenError):
        house.kb.accounts.new_token(rita, "child", wanted, 1, maker=maker)


def with_app(house, name: str = "rita") -> str:
    house.kb.accounts.add(access.owner(), name, (), password=PASSWORD)
    secret = totp.new_secret()
    with house.kb.catalog.writing() as connection:
        people.change(connection, people.by_name(connection, name).id, totp=secret)
    return secret


def code(secret: str, steps: int = 0) -> str:
    return totp.code(secret, int(time.time() // 30) + steps)


@pytest.mark.case("N11")
async def test_a_reset_link_does_not_pass_over_the_second_factor(house, portal):
    """Who has the mailbox or overhears the link still lacks the phone."""
    secret = with_app(house)
    link = house.kb.accounts.link_for(access.owner(), "rita")
    client = portal.client()
    page = await client.get(f"/link/{link}")
    assert 'name="code"' in page.text
    form = {"password": NEW, "again": NEW}
    without = await client.post(f"/link/{link}", data=form)
    assert (without.status_code, without.json()["error"]["code"]) == (401, "code_needed")
    for _ in range(5):
        wrong = await client.post(f"/link/{link}", data=form | {"code": "000000"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "wrong_code")
    guessed = await client.post(f"/link/{link}", data=form | {"code": code(secret)})
    assert guessed.status_code == 429, "codes are guessed no faster than passwords"
    away = portal.client("192.0.2.77")
    assert (await away.post(f"/link/{link}", data=form | {"code": code(secret)})).status_code == 303
    assert (
        await away.post(f"/link/{link}", data=form | {"code": code(secret, 1)})
    ).status_code == 404


@pytest.mark.case("N11")
async def test_an_invitation_asks_for_no_code(house, portal):
    house.kb.accounts.add(access.owner(), "nina", ())
    link = house.kb.accounts.link_for(access.owner(), "nina")
    assert 'name="code"' not in (await portal.client().get(f"/link/{link}")).text
    answer = await portal.client().post(f"/link/{link}", data={"password": NEW, "again": NEW})
    assert answer.status_code == 303


@pytest.mark.case("N11")
def test_a_code_of_the_app_works_once_under_parallel_use(house):
    """Six at one time, one comes in."""
    secret = with_app(house)
    given, told = code(secret), []
    ready = threading.Barrier(6)

    def come(number: int) -> None:
        ready.wait()
        try:
            house.kb.accounts.sign_in("rita", PASSWORD, given, Client(f"192.0.2.{number}"))
            told.append("in")
        except NotSignedInError:
            told.append("refused")

    threads = [threading.Thread(target=come, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["in"] + ["refused"] * 5


@pytest.mark.case("N11")
def test_a_step_is_used_up_by_whoever_is_quicker(house):
    """The rule itself, without threads: an earlier code is no good after a later one either."""
    with_app(house)
    with house.kb.catalog.writing() as connection:
        number = people.by_name(connection, "rita").id
        used = [people.use_step(connection, number, step) for step in (7, 7, 6, 8, 8)]
    assert used == [True, False, False, True, False]


@pytest.mark.case("N11")
def test_catalogs_of_before_keep_their_people_tokens_and_sessions(tmp_path):
    """After the upgrade what was known of somebody counts from when it was last read."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from kb import settings as settings_module
    from kb.catalog import database
    from tests.house.test_documents import ROOT

    config = Config()
    config.set_main_option("script_location", str(ROOT / "kb/catalog/migrations"))
    engine = create_engine(f"sqlite:///{tmp_path}/catalog.sqlite3")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        for statement in (
            "INSERT INTO people (id, name, origin, subject, groups_at, created_at) "
            "VALUES (1, 'olga', 'oidc', 'oidc:a:1', 50, 40), (2, 'gus', 'header', 'header:gus', NULL, 30)",
            "INSERT INTO people (id, name, password) VALUES (3, 'rita', 'x')",
            "INSERT INTO tokens (id, hash, person_id, name, scope, created_at, ends_at) "
            "VALUES (1, 'h', 3, 'script', 'read', 1, 9e9)",
            "INSERT INTO sessions (hash, person_id, how, address, agent, begun_at, seen_at, ends_at) "
            "VALUES ('s', 3, 'password', 'a', 'b', 1, 1, 9e9)",
            "INSERT INTO failures VALUES ('pair:rita:a', 3, 1)",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    catalog = database.open_catalog(settings_module.load({"data_dir": str(tmp_path)}, {}))
    with catalog.writing() as connection:
        vouched = {p.name: p.vouched_at for p in people.all_of(connection)}
        assert vouched == {"olga": 50.0, "gus": 30.0, "rita": None}
        assert [t.name for t in api_tokens.of_person(connection, 3)] == ["script"]
        assert len(sessions.of_person(connection, 3)) == 1
        secret = api_tokens.add(connection, 3, "child", "read", 9e9, made_by=1)
        api_tokens.revoke(connection, 1, 3)
        assert api_tokens.living(connection, secret) is None
    catalog.close()


@pytest.mark.case("N11")
def test_the_days_are_a_setting(house):
    settings = msgspec.structs.replace(house.kb.settings.auth, fresh_days=2)
    accounts = Accounts(house.kb.catalog, settings, house.kb.behind)
    accounts.begin_from_provider(OLGA, HERE)
    passed(house, 3)
    with house.kb.catalog.reading() as connection:
        vouching = Vouching(house.kb.catalog, settings)
        assert vouching.is_stale(people.by_name(connection, "olga"))
