"""Coming in, staying, and going: passwords, sessions, links, second factor, tokens."""

import time

import pytest

from kb.accounts import passwords, totp
from kb.accounts.accounts import Accounts
from kb.catalog import api_tokens, people, sessions
from kb.errors import UsageError
from kb.rights import access
from tests.parts.portal import PASSWORD

NEW = "seven grey geese over water"


async def me(client) -> int:
    return (await client.get("/account")).status_code


@pytest.mark.case("S56")
async def test_the_setup_link_makes_the_first_administrator_once(house):
    """There is no default login."""
    from tests.parts.portal import Portal

    portal = Portal(house)
    secret = house.kb.accounts.setup_link()
    away = portal.client("192.0.2.7")
    form = {"name": "root-anna", "password": NEW, "again": NEW}
    weak = await away.post(f"/link/{secret}", data=form | {"password": "admin", "again": "admin"})
    assert weak.status_code == 400
    assert (await away.post(f"/link/{secret}", data=form)).status_code == 303
    assert (await away.get("/people")).status_code == 200
    assert (await portal.client().post(f"/link/{secret}", data=form)).status_code == 404
    assert (await portal.client().get("/api/v1/files")).status_code == 401, "no owner any more"


@pytest.mark.case("S60")
async def test_a_wrong_password_and_an_unknown_name_are_told_apart_by_nothing(portal):
    client = portal.client()
    answers = []
    for name in ("rita", "nobody-of-that-name"):
        answer = await client.post("/login", data={"name": name, "password": "wrong password"})
        answers.append((answer.status_code, answer.json()))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


@pytest.mark.case("S60")
def test_an_unknown_name_costs_as_much_work_as_a_known_one(monkeypatch):
    """The same hash is computed, whether or not there is one to compare."""
    worked = []
    real = passwords._HASHER.verify
    monkeypatch.setattr(
        type(passwords._HASHER), "verify", lambda self, *a: (worked.append(1), real(*a))[1]
    )
    kept = passwords.hashed("another quiet harbour")
    assert not passwords.fits("wrong", kept)
    assert not passwords.fits("wrong", None)
    assert len(worked) == 2


@pytest.mark.case("S26")
async def test_a_planted_session_is_worth_nothing_and_another_begins_at_every_login(portal):
    client = portal.client()
    client.cookies.set("kb_session", "planted-by-somebody-else")
    assert await me(client) == 401
    await client.post("/login", data={"name": "rita", "password": PASSWORD})
    first = (
        client.cookies.get("kb_session", domain="localhost.local") or client.cookies["kb_session"]
    )
    assert first != "planted-by-somebody-else"
    again = await portal.sign_in("rita")
    assert again.cookies["kb_session"] != first


@pytest.mark.case("S27")
@pytest.mark.parametrize("ending", ["logout", "disable", "password", "revoke", "reset"])
async def test_a_session_ends_at_once(portal, ending):
    client = await portal.sign_in("rita")
    kept = dict(client.cookies)
    owner, accounts = access.owner(), portal.kb.accounts
    if ending == "logout":
        assert (await client.post("/logout")).status_code == 303
    elif ending == "disable":
        accounts.change(owner, "rita", disabled=True)
    elif ending == "password":
        accounts.change(owner, "rita", password=NEW)
    elif ending == "reset":
        link = accounts.link_for(owner, "rita")
        form = {"password": NEW, "again": NEW}
        assert (await portal.client().post(f"/link/{link}", data=form)).status_code == 303
    else:
        with portal.kb.catalog.reading() as connection:
            rita = people.by_name(connection, "rita")
            [row] = sessions.of_person(connection, rita.id)
        accounts.end_session(portal.kb.principal("anna"), "rita", row.hash)
    stolen = portal.client()
    stolen.cookies.update(kept)
    for path in ("/account", "/api/v1/search?q=ferry", "/documents", "/api/v1/files"):
        assert (await stolen.get(path)).status_code == 401, path


@pytest.mark.case("S28")
async def test_cookies_carry_their_flags(portal):
    answer = await portal.client().post("/login", data={"name": "rita", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie


@pytest.mark.case("S28")
async def test_over_tls_the_cookie_is_bound_to_host_and_tls(house, monkeypatch):
    import msgspec

    from tests.parts.portal import Portal

    house.kb.settings = msgspec.structs.replace(
        house.kb.settings,
        server=msgspec.structs.replace(
            house.kb.settings.server, public_url="https://kb.example.org"
        ),
    )
    house.kb.accounts.add(access.owner(), "rita", (), password=PASSWORD)
    client = Portal(house).client(Host="kb.example.org", Origin="https://kb.example.org")
    answer = await client.post("/login", data={"name": "rita", "password": PASSWORD})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-kb=") and "secure" in cookie.lower()


@pytest.mark.case("S61", "N14")
async def test_guessing_is_slowed_down_and_the_right_person_still_comes_in(portal):
    at_home = await portal.sign_in("rita")  # this device is known from now on
    guesser = portal.client("192.0.2.9")
    codes = []
    for n in range(8):
        answer = await guesser.post(
            "/login", data={"name": "rita", "password": f"guess {n}"},
            headers={"X-Forwarded-For": f"198.51.100.{n}"},
        )  # fmt: skip
        codes.append(answer.status_code)
    assert codes[:5] == [401] * 5
    assert set(codes[5:]) == {429}
    assert int(answer.headers["retry-after"]) >= 1
    for n in range(25):  # from everywhere: the account is shut for strangers, not for rita
        form = {"name": "rita", "password": f"guess {n}"}
        await portal.client(f"203.0.113.{n}").post("/login", data=form)
    form = {"name": "rita", "password": PASSWORD}
    assert (await portal.client("203.0.113.200").post("/login", data=form)).status_code == 429
    assert (await at_home.post("/login", data=form)).status_code == 303


@pytest.mark.parametrize(
    "password",
    ["short", "password123", "Passwort2024", "aaaaaaaaaaaa", "1234567890", "qwertyuiop", "rita-rita",
     "abcabcabcabc", "Summer2025!!", "p@ssw0rd1234"],
)  # fmt: skip
def test_passwords_that_are_guessed_first_are_refused(password):
    with pytest.raises(UsageError):
        passwords.check(password, "rita", 10)


def test_a_few_words_are_a_good_password():
    assert passwords.check("seven grey geese over water", "rita", 10) is None


def test_one_time_codes_are_those_of_the_standard():
    """RFC 6238, appendix B (SHA-1), the last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    told = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    assert {t: totp.code(secret, t // 30) for t in told} == told


async def test_a_second_factor_is_asked_for_and_each_code_works_once(portal):
    client = await portal.sign_in("rita")
    secret = totp.new_secret()
    now = totp.code(secret, int(time.time() // 30))
    form = {"action": "factor", "password": PASSWORD, "secret": secret, "code": now}
    assert (await client.post("/account", data=form | {"code": "000000"})).status_code == 400
    assert (await client.post("/account", data=form)).status_code == 303
    login = {"name": "rita", "password": PASSWORD}
    fresh = portal.client()
    assert (await fresh.post("/login", data=login)).json()["error"]["code"] == "code_needed"
    used = await fresh.post("/login", data=login | {"code": now})
    assert used.status_code == 401, "a code that was used is worth nothing"
    later = totp.code(secret, int(time.time() // 30) + 1)
    assert (await fresh.post("/login", data=login | {"code": later})).status_code == 303


async def test_somebody_who_is_locked_out_is_let_in_again_on_the_host(portal):
    """Disabled, without their app and no administrator: one link puts that right, and it is noted."""
    client = await portal.sign_in("rita")
    owner, accounts = access.owner(), portal.kb.accounts
    with portal.kb.catalog.writing() as connection:
        number = people.by_name(connection, "rita").id
        people.change(connection, number, totp=totp.new_secret(), disabled_at=1.0)
    secret = accounts.recover(owner, "rita", administrator=True)
    assert await me(client) != 200, "earlier sessions are ended"
    form = {"name": "rita", "password": NEW, "again": NEW}
    fresh = portal.client()
    assert (await fresh.post(f"/link/{secret}", data=form)).status_code == 303
    assert (await fresh.get("/people")).status_code == 200
    noted = portal.kb.audit.page(owner, action="user.recover").rows
    assert [(one.actor, one.target) for one in noted] == [("owner", "rita")]


async def test_tokens_do_what_their_scope_says_until_they_end(portal):
    rita = portal.kb.principal("rita")
    read = portal.kb.accounts.new_token(rita, "script", "read", 5)
    write = portal.kb.accounts.new_token(rita, "script", "write", 5)
    reader = portal.client(Authorization=f"Bearer {read}")
    writer = portal.client(Authorization=f"Bearer {write}")
    assert (await reader.get("/api/v1/search?q=wages")).json()["hits"]
    question = {"question": "When do wages rise?"}
    assert (await reader.post("/api/v1/ask", json=question)).status_code == 200
    saved = {"name": "wages", "address": "/?q=wages"}
    assert (await reader.post("/api/v1/searches", json=saved)).status_code == 403
    assert (await writer.post("/api/v1/searches", json=saved)).status_code == 201
    assert (await writer.get("/people")).status_code == 403
    with portal.kb.catalog.writing() as connection:
        number = people.by_name(connection, "rita").id
        for row in api_tokens.of_person(connection, number):
            api_tokens.revoke(connection, row.id, number)
    assert (await reader.get("/api/v1/search?q=wages")).status_code == 401


@pytest.mark.case("S46", "S47")
async def test_what_is_no_token_lets_nobody_in(portal):
    """Tokens are random and looked up; nothing in them is believed."""
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0."
    for bearer in ("", "kb_", "kb_x", unsigned, "../../etc/passwd", "null"):
        client = portal.client(Authorization=f"Bearer {bearer}")
        assert (await client.get("/api/v1/files")).status_code == 401, bearer


@pytest.mark.case("S46")
async def test_a_link_or_a_session_is_no_token(portal):
    link = portal.kb.accounts.link_for(access.owner(), "rita")
    session = (await portal.sign_in("rita")).cookies["kb_session"]
    for secret in (link, session):
        client = portal.client(Authorization=f"Bearer {secret}")
        assert (await client.get("/api/v1/files")).status_code == 401


@pytest.mark.case("S25")
async def test_a_change_needs_a_page_of_ours_or_the_sessions_own_token(portal):
    client = await portal.sign_in("rita")
    del client.headers["origin"]
    body = {"name": "x", "address": "/?q=x"}
    assert (await client.post("/api/v1/searches", json=body)).status_code == 403
    assert (await client.post("/api/v1/ask", json={"question": "ferry?"})).status_code == 403
    foreign = await client.post(
        "/api/v1/searches", json=body, headers={"Origin": "http://evil.example"}
    )
    assert foreign.status_code == 403
    from web.auth.visitor import csrf_of

    mine = {"X-CSRF-Token": csrf_of(client.cookies["kb_session"])}
    assert (await client.post("/api/v1/searches", json=body, headers=mine)).status_code == 201
    other = await portal.sign_in("otto")
    theirs = {"X-CSRF-Token": csrf_of(other.cookies["kb_session"])}
    assert (await client.post("/api/v1/searches", json=body, headers=theirs)).status_code == 403


@pytest.mark.case("S63")
async def test_anonymous_requests_leave_nothing_behind(portal):
    client = portal.client()
    for _ in range(50):
        await client.get("/login")
        await client.get("/api/v1/files")
    with portal.kb.catalog.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar() == 0


async def test_looking_through_anothers_eyes_shows_theirs_and_changes_nothing(portal):
    client = await portal.sign_in("anna")
    assert not (await client.get("/api/v1/search?q=wages+agreement")).json()["hits"][1:]
    assert (await client.post("/account/view-as", data={"name": "rita"})).status_code == 303
    seen = (await client.get("/api/v1/search?q=wages+agreement")).json()["hits"]
    assert "wages.txt" in [h["document"] for h in seen]
    assert (await client.get("/people")).status_code == 403, "rita does not administrate"
    refused = await client.post("/api/v1/ask", json={"question": "wages?"})
    assert refused.json()["error"]["code"] == "viewing_as"
    assert (await client.post("/account/view-as", data={})).status_code == 303
    assert (await client.get("/people")).status_code == 200
    other = await portal.sign_in("otto")
    assert (await other.post("/account/view-as", data={"name": "rita"})).status_code == 403


async def test_who_is_no_administrator_any_more_looks_through_their_own_eyes_again(portal):
    owner, accounts = access.owner(), portal.kb.accounts
    client = await portal.sign_in("anna")
    await client.post("/account/view-as", data={"name": "rita"})
    seen = (await client.get("/api/v1/search?q=wages+agreement")).json()["hits"]
    assert "wages.txt" in [h["document"] for h in seen]
    accounts.change(owner, "nina", administrator=True)
    accounts.change(owner, "anna", administrator=False)
    seen = (await client.get("/api/v1/search?q=wages+agreement")).json()["hits"]
    assert "wages.txt" not in [h["document"] for h in seen]


async def test_somebody_who_comes_back_under_a_name_inherits_nothing(portal):
    client = await portal.sign_in("otto")
    await client.post("/api/v1/ask", json={"question": "When does the ferry leave?"})
    owner, accounts = access.owner(), portal.kb.accounts
    accounts.remove(owner, "otto")
    accounts.add(owner, "otto", (), password=NEW)
    again = await portal.sign_in("otto", NEW)
    assert (await again.get("/api/v1/conversations")).json()["conversations"] == []


async def test_the_last_administrator_stays(portal):
    from kb.errors import ConflictError

    for change in ({"administrator": False}, {"disabled": True}):
        with pytest.raises(ConflictError):
            portal.kb.accounts.change(access.owner(), "anna", **change)
    with pytest.raises(ConflictError):
        portal.kb.accounts.remove(access.owner(), "anna")


@pytest.mark.case("S08", "S61")
async def test_a_proxys_word_counts_from_its_own_address_and_no_other(house):
    """A header that anybody may send names nobody."""
    import msgspec

    from tests.parts.portal import Portal

    auth = msgspec.structs.replace(
        house.kb.settings.auth, header="X-Remote-User", header_groups="X-Remote-Groups",
        header_from=("192.0.2.1",), administrators="chiefs",
    )  # fmt: skip
    house.kb.settings = msgspec.structs.replace(house.kb.settings, auth=auth)
    house.kb.accounts = Accounts(house.kb.catalog, auth, house.kb.behind)
    portal = Portal(house)
    named = {"X-Remote-User": "gus", "X-Remote-Groups": "crew, chiefs"}
    proxied = portal.client("192.0.2.1", **named)
    assert (await proxied.get("/people")).status_code == 200
    with house.kb.catalog.reading() as connection:
        from kb.catalog import groups

        gus = people.by_name(connection, "gus")
        assert groups.of_person(connection, gus.id) == ["chiefs", "crew"]
    for address in ("127.0.0.1", "192.0.2.2"):
        forged = portal.client(address, **named)
        assert (await forged.get("/people")).status_code == 401, address
    assert (await portal.client("192.0.2.1").get("/people")).status_code == 401
    odd = portal.client("192.0.2.1", **{"X-Remote-User": "../../gus"})
    assert (await odd.get("/api/v1/files")).status_code == 400
    house.kb.accounts.change(access.owner(), "gus", member_of=(), administrator=None)
    less = portal.client("192.0.2.1", **{"X-Remote-User": "gus", "X-Remote-Groups": "crew"})
    assert (await less.get("/people")).status_code == 403, "groups are read at every request"


@pytest.mark.case("N14")
async def test_a_proxys_word_counts_together_with_trusted_proxies(house):
    """The proxy's own address is believed, whoever it says that it asks for."""
    import msgspec

    from kb.accounts import throttle
    from tests.parts.portal import Portal

    settings = house.kb.settings
    auth = msgspec.structs.replace(
        settings.auth, header="X-Remote-User", header_from=("192.0.2.1",)
    )
    server = msgspec.structs.replace(settings.server, trusted_proxies=("192.0.2.1",))
    house.kb.settings = msgspec.structs.replace(settings, auth=auth, server=server)
    house.kb.accounts = Accounts(house.kb.catalog, auth, house.kb.behind)
    house.kb.accounts.add(access.owner(), "rita", (), password=PASSWORD)
    portal = Portal(house)
    named = {"X-Remote-User": "gus"}
    away = {"X-Forwarded-For": "198.51.100.4"}
    assert (await portal.client("192.0.2.1", **named).get("/account")).status_code == 200
    assert (await portal.client("192.0.2.1", **named, **away).get("/account")).status_code == 200
    liar = portal.client("198.51.100.4", **named, **{"X-Forwarded-For": "192.0.2.1"})
    assert (await liar.get("/account")).status_code == 401
    umlaut = {"X-Remote-User": "müller".encode()}
    assert (await portal.client("192.0.2.1", **umlaut).get("/account")).status_code == 200
    with house.kb.catalog.reading() as connection:
        assert people.by_name(connection, "müller").origin == "header"
    guess = {"name": "rita", "password": "a guess"}
    for _ in range(throttle.PAIR.free):
        await portal.client("192.0.2.1", **away).post("/login", data=guess)
    right = {"name": "rita", "password": PASSWORD}
    assert (await portal.client("192.0.2.1", **away).post("/login", data=right)).status_code == 429
    other = {"X-Forwarded-For": "198.51.100.5"}
    assert (await portal.client("192.0.2.1", **other).post("/login", data=right)).status_code == 303
