"""A source's name is a word, on a command line too."""

import asyncio
import os
import shlex
from pathlib import Path

import pytest

from kb.catalog import sources
from kb.cli.common import argument
from kb.cli.working import Working
from kb.errors import UsageError
from kb.types.library import Edited, Following
from tests.parts.house import folders_of
from tests.parts.processes import environment_in


@pytest.mark.case("N22")
@pytest.mark.parametrize("name", ["--confirm-removals", "-", " --again", "-n"])
def test_a_name_that_begins_with_a_dash_is_refused(house, name):
    """Such a source is not made."""
    with pytest.raises(UsageError):
        edited = Edited(Following(), readers=("everyone",))
        folders_of(house.kb).add(house.owner, name, str(house.root), edited)


@pytest.mark.case("N22")
@pytest.mark.parametrize("name", ["--confirm-removals", "a b", "it's", "plain"])
def test_a_command_that_is_shown_names_the_source(name):
    """What is shown to be typed has the name as one argument that is no option."""
    words = shlex.split(argument(name))
    assert words[-1] == name
    assert words[:-1] == (["--"] if name.startswith("-") else [])


@pytest.mark.case("N22")
async def test_a_source_that_is_called_like_an_option_reads_itself_alone(
    house, tmp_path, monkeypatch
):
    """One made before such names were refused is read as what it is, by the worker too."""
    house.follow()
    for n in range(30):
        house.write(f"{n}.txt", f"Matter number {n} is settled.")
    await house.ingest()
    for n in range(25):
        (house.root / f"{n}.txt").unlink()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "kite.txt").write_text("The kite festival is in May.")
    with house.kb.catalog.writing() as c:
        sources.add(c, "--confirm-removals", str(tmp_path / "other"), ("everyone", "owner"))
    settings = house.kb.settings
    run = environment_in(tmp_path, Path(settings.engines.embedder_dir), settings.catalog.url)
    for name in set(run) - set(os.environ) - {"KB_DATA_DIR"}:  # that the worker says itself
        monkeypatch.setenv(name, run[name])
    monkeypatch.chdir(tmp_path)
    await Working(house.kb, asyncio.Event())._read("--confirm-removals")
    ledger = house.ledger()
    assert ledger["kite.txt"].state == "indexed"
    assert len(ledger) == 31
