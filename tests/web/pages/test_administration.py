"""The page Administration shows what ``kb doctor`` finds, in the reader's language."""

import re

import pytest

from kb.doctor.examining import examine
from kb.doctor.words import PARTS
from kb.settings import load
from kb.silence import guard
from web.i18n import translations
from web.pages.administration import in_force


def rows(page: str) -> list[tuple[str, str]]:
    """Name and state of each part, as the table under Health shows them."""
    table = page.split('id="health"')[1].split("</table>")[0]
    return re.findall(r"<td>([^<]+?)(?: <span.*?)?</td>\s*<td><span class=\"state (\w+)\"", table)


STATES = {"ok": "indexed", "better": "partial", "wrong": "failed"}


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "it"])
async def test_health_is_what_the_command_finds(house, administrator, language):
    house.kb.settings.data.chmod(0o750)
    page = await administrator.get(
        "/administration", headers={"Accept": "text/html", "Accept-Language": language}
    )
    words = translations(language)
    found = await examine(house.kb.settings, probing=False)
    assert rows(page.text) == [(one.name(words), STATES[one.state]) for one in found]
    [open_to_all] = [one for one in found if one.code == "data_open"]
    assert open_to_all.said(words) in page.text
    assert f"<code>{open_to_all.command}</code>" in page.text.replace("&#39;", "'")
    assert (words.gettext(PARTS["clock"]) == PARTS["clock"]) == (language == "en")


async def test_what_was_refused_is_a_metric(administrator):
    text = (await administrator.get("/metrics")).text
    assert f"commonplace_connections_refused {float(guard.refused())}" in text


def test_of_embedders_of_other_hosts_the_addresses_are_shown_and_no_key():
    key = "a-key-that-nobody-is-shown"
    settings = load({"engines.embedder_url": ["http://gpu.lan:1"], "engines.embedder_key": key}, {})
    shown = {name: value for name, value, _, _ in in_force(settings)}
    assert shown["engines.embedder_url"] == "http://gpu.lan:1"
    assert shown["engines.embedder_key"] == "••••••"
    assert key not in str(shown)
