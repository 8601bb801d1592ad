"""Who looks through another's eyes, or by a token: what is theirs, and what they cannot get."""

import msgspec
import pytest
from click.testing import CliRunner

from kb.catalog import audit, people
from kb.cli import COMMANDS, cli
from kb.rights import access
from kb.settings import FairUse
from web.fair_use import Rates


def commands(group, *path):
    """Every command that takes ``--as``, with its path."""
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from commands(command, *path, name)
        elif any("--as" in parameter.opts for parameter in command.params):
            yield (*path, name), command


WITH_AS = dict(commands(cli))


@pytest.mark.case("N15")
def test_the_commands_with_other_eyes_are_found():
    """The list below is not empty by mistake."""
    assert {("files",), ("search",), ("ask",)} <= set(WITH_AS)
    assert COMMANDS


@pytest.mark.case("N15")
@pytest.mark.parametrize("path", WITH_AS, ids=" ".join)
def test_every_command_with_other_eyes_is_noted(house, environment, monkeypatch, tmp_path, path):
    """With the person whose eyes they were, and before anything is shown."""
    monkeypatch.chdir(tmp_path)  # one of them writes a folder
    house.kb.accounts.add(access.owner(), "rita", (), password="a quiet harbour at dawn")
    for name, value in environment.items():
        if name.startswith("KB_"):
            monkeypatch.setenv(name, value)
    words = ["ferry" for p in WITH_AS[path].params if p.param_type_name == "argument"]
    done = CliRunner().invoke(cli, [*path, *words, "--as", "rita"])
    assert done.exit_code == 0, done.output
    with house.kb.catalog.reading() as connection:
        noted = audit.page(connection, actor="owner")
    assert [e for e in noted if e.detail.get("as") == "rita"]


@pytest.mark.case("N16")
async def test_looking_through_somebodys_eyes_takes_none_of_their_requests(portal):
    """Rita's bucket is rita's, also while an administrator sees what she sees."""
    portal.litestar.state.rates = Rates(msgspec.structs.replace(FairUse(), requests_per_minute=20))
    anna, rita = await portal.as_person("anna"), await portal.as_person("rita")
    await anna.post("/account/view-as", data={"name": "rita"})
    codes = {(await anna.get("/api/v1/suggest?q=w")).status_code for _ in range(25)}
    assert codes == {200, 429}
    assert (await rita.get("/api/v1/suggest?q=w")).status_code == 200


@pytest.mark.case("N11")
@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/people", {"action": "add", "name": "evelyn", "administrator": "on"}),
        ("/people", {"action": "link", "name": "otto"}),
        ("/people", {"action": "change", "name": "otto", "administrator": "on"}),
        ("/people", {"action": "change", "name": "otto", "without_second_factor": "on"}),
        ("/account", {"action": "password", "old": "a", "new": "b", "again": "b"}),
        ("/account", {"action": "factor", "password": "a", "secret": "A" * 32, "code": "1"}),
    ],
)
async def test_a_token_gets_nothing_that_outlives_it(portal, address, form):
    """No link, no password, no second factor; nobody is added by the way."""
    kb = portal.kb
    secret = kb.accounts.new_token(kb.principal("anna"), "script", "write", 3)
    client = portal.client(Authorization=f"Bearer {secret}")
    answer = await client.post(address, data=form)
    assert answer.status_code == 403, answer.text
    assert answer.json()["error"]["code"] == "token_makes_no_secrets"
    with kb.catalog.reading() as connection:
        assert "evelyn" not in {p.name for p in people.all_of(connection)}
    signed_in = await portal.as_person("anna")
    assert (await signed_in.post("/people", data={"action": "link", "name": "otto"})).is_success
