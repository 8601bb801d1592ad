"""A catalog on each database, by itself: no engine starts."""

import pytest

from kb import settings as settings_module
from kb.catalog.database import open_catalog


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog(request, tmp_path):
    """An empty catalog."""
    environment = {"KB_DATA_DIR": str(tmp_path / "data")}
    if request.param == "postgresql":
        environment["KB_CATALOG__URL"] = request.getfixturevalue("postgres")
    opened = open_catalog(settings_module.load({}, environment))
    yield opened
    opened.close()
