"""What tests of models leave behind."""

import gc

import pytest

from kb.engines.serving import give_memory_back


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """The models of a file are gone before the next one's come: they have hundreds of MB each."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        give_memory_back()
