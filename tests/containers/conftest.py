"""Collected by ``make test-containers`` alone: it takes too long for ``make test`` and CI."""

import os

collect_ignore_glob = [] if os.environ.get("KB_TEST_CONTAINERS") else ["test_*.py"]
