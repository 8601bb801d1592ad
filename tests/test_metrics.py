"""What several processes of a host count is one figure, whichever of them is asked."""

import subprocess
import sys

import pytest

from tests.parts.processes import HANGING

PROCESS = """
import sys
from kb.audit.writer import WriterHealth
from kb.duties import DutyHealth
from kb.metrics import Metrics
from kb.types.backups import BackupStanding

metrics = Metrics()
searches, waiting, room, worker = sys.argv[1:]
for _ in range(int(searches)):
    metrics.search_seconds.observe(0.03)
metrics.note(WriterHealth("ok", int(waiting), 1.5, int(room)), DutyHealth(worker, 2), 1)
print(metrics.text({"ok": 3}, 7, 0, BackupStanding(None, None, None), scheduled=False).decode())
print("pid", __import__("os").getpid())
"""


@pytest.fixture
def process(tmp_path, monkeypatch):
    """A process that counts so many searches and has such a spool; returns what it then tells."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    def run(*arguments: object) -> dict[str, float]:
        done = subprocess.run(
            [sys.executable, "-c", PROCESS, *map(str, arguments)],
            capture_output=True, text=True, check=True, timeout=HANGING,
        )  # fmt: skip
        pairs = (line.rsplit(" ", 1) for line in done.stdout.splitlines() if line[:1] not in "#")
        return {name.removeprefix("commonplace_"): float(value) for name, value in pairs}

    return run


def test_counts_are_added_and_of_standings_the_worst_is_told(process, tmp_path):
    first = process(2, 5, 900, "failing")
    assert first["search_seconds_count"] == 2
    both = process(3, 4, 700, "ok")
    assert both["search_seconds_count"] == 5
    assert both['search_seconds_bucket{le="0.05"}'] == 5
    assert both["audit_waiting"] == 9
    assert both["audit_room_bytes"] == 700
    assert both["worker_up"] == 0, "one of them fails"
    assert both["connections_refused"] == 2
    assert both['documents{state="ok"}'] == 3, "the catalog's own is told once"

    forgetting = "import sys; from kb.metrics import forget; forget(sys.argv[1], int(sys.argv[2]))"
    for one in (first, both):
        pid = str(int(one["pid"]))
        subprocess.run([sys.executable, "-c", forgetting, str(tmp_path), pid], check=True)
    after = process(1, 1, 800, "idle")
    assert after["search_seconds_count"] == 6, "what the others counted stays"
    assert after["connections_refused"] == 3
    assert (after["audit_waiting"], after["audit_room_bytes"], after["worker_up"]) == (1, 800, 1)
