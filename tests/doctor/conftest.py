"""Fixtures: looks that wait, and a data directory."""

import pytest

from kb.llm import ollama
from tests.doctor.asking import ENDLESS


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """The one limit that nobody sets: for what a model server shows of a model."""
    monkeypatch.setattr(ollama, "SHOW_SECONDS", ENDLESS.answering)


@pytest.fixture
def data(settings, new_catalog):
    """A data directory with a new catalog."""
    settings.data.mkdir(mode=0o700)
    (settings.data / "catalog.sqlite3").write_bytes(new_catalog.read_bytes())
    return settings
