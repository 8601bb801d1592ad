"""A house whose index was built with the first of two models; nothing is compared but by word."""

import pytest

from kb.swapping import swapping
from tests.parts.processes import stop_engines
from tests.parts.swaps import NOTHING_LOST, built_with, models_in


@pytest.fixture
def compared(monkeypatch):
    """What the comparison says; it is not made."""
    said = [NOTHING_LOST]

    async def compare(*_):
        return said[0]

    monkeypatch.setattr(swapping, "compare", compare)
    return said


@pytest.fixture
def names(tmp_path):
    return models_in(tmp_path)


@pytest.fixture
async def house(settings, tmp_path, names, compared):
    """Built with the first model; the settings leave open which."""
    made = await built_with(settings, tmp_path, names[0])
    yield made
    await made.kb.close()
    stop_engines(tmp_path)
