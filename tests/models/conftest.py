"""Tests of the register have nothing beside the program, whatever this environment has."""

import pytest

from kb.embedding import places


@pytest.fixture(autouse=True)
def nothing_beside_the_program(monkeypatch, tmp_path):
    monkeypatch.setattr(places, "BESIDE_PROGRAM", tmp_path / "beside")
