"""All parts together: side by side, bounded in time, and nothing is changed."""

from dataclasses import replace

import pytest

from kb.doctor.asking import USUAL, ExaminedPart, everything
from kb.doctor.examining import PARTS, examine
from kb.doctor.findings import Finding
from kb.doctor.words import SENTENCES
from kb.settings import load
from tests.doctor.asking import ENDLESS, asked


async def test_nothing_is_changed_by_looking(data):
    def kept():
        return {
            path.relative_to(data.data): path.read_bytes()
            for path in data.data.rglob("*")
            if path.is_file()
        }

    before = kept()
    found = await examine(data, probing=True)
    assert kept() == before
    assert {one.part for one in found} >= {part.name for part in PARTS} - {"service"}
    assert not (data.data / "run").exists()


async def test_a_look_at_nothing_makes_nothing(tmp_path):
    await examine(
        load({"data_dir": str(tmp_path / "d"), "llm.provider": "none"}, {}), probing=False
    )
    assert list(tmp_path.iterdir()) == []


async def test_parts_are_looked_at_side_by_side():
    """Five that all have to begin before one goes on."""
    import asyncio

    together = asyncio.Barrier(5)

    async def slow(_):
        await together.wait()
        return [Finding(part="python")]

    found = await everything(asked(), [ExaminedPart(f"{n}", slow) for n in range(5)])
    assert len(found) == 5


async def test_what_hangs_is_left_behind_and_the_others_are_told():
    import asyncio

    async def hanging(_):
        await asyncio.Event().wait()

    async def quick(_):
        return [Finding(part="python")]

    about = asked(patience=replace(ENDLESS, whole=0.5))
    found = await everything(about, [ExaminedPart("data", hanging), ExaminedPart("python", quick)])
    assert [(one.part, one.code) for one in found] == [("data", "silent"), ("python", "")]


def test_a_look_ends_by_its_own_limits_before_it_is_called_silent():
    """A model is connected to, described, and asked for a word."""
    assert USUAL.connecting < USUAL.answering
    assert 2 * USUAL.answering < USUAL.whole


def test_every_sentence_that_is_said_is_written():
    """Codes stand in the code as words; a sentence that nothing says is left of something."""
    import re
    from pathlib import Path

    texts = "".join(p.read_text() for p in Path("kb/doctor").glob("*.py") if p.name != "words.py")
    assert [code for code in SENTENCES if not re.search(rf'"{code}"', texts)] == []


@pytest.mark.parametrize(
    "flags",
    [
        {"server__public_url": "https://[kb"},
        {"server__public_url": "https://kb:99999"},
        {"auth__oidc_issuer": "https://[id", "auth__oidc_client_id": "kb"},
        {"auth__ldap_url": "ldaps://[d"},
        {"llm__provider": "openai", "llm__url": "http://[gpu"},
        {"index__backend": "server", "index__url": "http://[qdrant"},
        {"catalog__url": "postgresql+psycopg://kb@a:1,b:2/kb"},
        {"catalog__url": "postgresql+psycopg://kb@/kb?host=a,b&port=1,2,3"},
        {"catalog__url": "no address"},
    ],
)
async def test_an_address_that_is_none_is_told_of_its_part(data, flags):
    """All the other parts are told as well."""
    found = await examine(asked(data, **flags).settings, probing=False)
    assert {one.part for one in found} >= {part.name for part in PARTS} - {"service"}
    assert any(one.state == "wrong" for one in found)
