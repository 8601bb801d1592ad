"""Where links lead, and which requests the guard takes for its own pages' behind a proxy."""

import msgspec
import pytest

from kb.cli.common import link_of
from kb.settings.addresses import address_of
from kb.rights import access
from kb.settings.sections import Server
from tests.parts.portal import PASSWORD, Portal


@pytest.mark.case("N23")
@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_printed_links_lead_to_a_host_that_a_browser_can_open(host, address):
    """A wildcard is no address to go to."""
    assert address_of(Server(host=host)) == address
    assert link_of(Server(host=host), "s", 7) == address.replace("8000", "7") + "/link/s"
    assert link_of(Server(host=host, public_url="https://kb/"), "s") == "https://kb/link/s"


@pytest.mark.case("N23")
async def test_forms_of_the_public_address_are_ours_though_a_proxy_changes_the_host(house):
    """Nginx's plain proxy_pass sends its upstream's name as Host; browsers send the public Origin."""
    server = msgspec.structs.replace(house.kb.settings.server, public_url="https://kb.example.org")
    house.kb.settings = msgspec.structs.replace(house.kb.settings, server=server)
    house.kb.accounts.add(access.owner(), "rita", (), password=PASSWORD)
    form = {"name": "rita", "password": PASSWORD}
    client = Portal(house).client("192.0.2.7")
    for origin, status in (
        ("https://kb.example.org", 303),
        ("https://kb.example.org.evil.example", 403),
        ("null", 403),
        ("", 403),
    ):
        answer = await client.post("/login", data=form, headers={"Origin": origin})
        assert answer.status_code == status, origin


@pytest.mark.case("N23")
async def test_what_the_guard_refuses_is_a_page_for_people_and_json_for_programs(house):
    client = Portal(house).client()
    for headers, path, status in (
        ({"Host": "evil.example"}, "/login", 403),
        ({"Origin": "null"}, "/login", 403),
        ({}, "/documents%2fx", 404),
    ):
        page = await client.get(
            path, headers=headers | {"Accept": "text/html", "Accept-Language": "it"}
        )
        assert page.status_code == status
        assert page.headers["content-type"].startswith("text/html")
        assert 'lang="it"' in page.text
        assert page.headers["x-content-type-options"] == "nosniff"
        assert (await client.get(path, headers=headers)).json()["error"]["code"]
    api = await client.get("/api/v1/files", headers={"Host": "evil.example", "Accept": "text/html"})
    assert api.json()["error"]["code"] == "foreign_host"


@pytest.mark.case("N23")
async def test_no_page_keeps_browsers_from_saying_where_they_are(house):
    """With this policy a browser sends "null" as the Origin of our own forms."""
    client = Portal(house).client()
    secret = house.kb.accounts.setup_link()
    for path in ("/login", f"/link/{secret}", "/nothing"):
        answer = await client.get(path, headers={"Accept": "text/html"})
        policy = answer.headers["referrer-policy"]
        assert policy in {"same-origin", "strict-origin"}, path
