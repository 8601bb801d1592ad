"""A service that was told to stop says so before it does."""

import signal

import httpx
import pytest

from tests.parts.processes import HANGING, PLAIN, Serving, wait_for


@pytest.fixture
def server(environment, tmp_path):
    """It would go on for a while, so that a balancer sees it: longer than this test."""
    return Serving(environment | {"KB_SERVER__DRAIN_SECONDS": str(HANGING)}, tmp_path)


def test_it_is_not_ready_and_serves_until_its_time_is_over_or_it_is_told_again(server):
    def got(path: str) -> httpx.Response:
        return httpx.get(f"{server.address}{path}", timeout=HANGING, verify=PLAIN)

    assert got("/ready").status_code == 200
    server.process.send_signal(signal.SIGTERM)
    wait_for(lambda: got("/ready").status_code == 503)
    assert got("/ready").json()["status"] == "stopping"
    assert got("/health").status_code == 200
    assert got("/").status_code == 200, "who comes all the same is served"
    assert server.stop() == 0
