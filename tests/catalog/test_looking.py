"""A look at a catalog from outside."""

import pytest

from kb import settings as settings_module
from kb.catalog import looking, migrating
from kb.catalog.database import open_catalog


@pytest.mark.parametrize("name", ["a b", "50%41", "é"])
def test_a_folder_may_have_any_name(tmp_path, name):
    """SQLite is asked by an address, in which some letters stand for others."""
    settings = settings_module.load({"data_dir": str(tmp_path / name)}, {})
    open_catalog(settings).close()
    found = looking.look(settings, 5.0)
    assert found is not None
    assert found.schema == migrating.HEAD
