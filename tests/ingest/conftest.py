"""What tests of jobs share."""

import pytest

from tests.parts.jobs import Shop


@pytest.fixture
def shop(catalog, request, tmp_path):
    is_postgresql = catalog._engine.dialect.name == "postgresql"
    return Shop(catalog, request.getfixturevalue("postgres") if is_postgresql else "", tmp_path)
