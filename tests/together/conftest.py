"""Two processes of one catalog in PostgreSQL, as far as they are told apart: by their connections."""

import pytest

from kb import settings as settings_module
from kb.catalog import database


@pytest.fixture
def catalogs(postgresql, postgresql_template):
    """One database, opened twice."""
    url = postgresql.database(like=postgresql_template)
    settings = settings_module.load({}, {"KB_CATALOG__URL": url})
    opened = [database.open_catalog(settings) for _ in range(2)]
    yield opened
    for one in opened:
        one.close()
    postgresql.drop(url)
