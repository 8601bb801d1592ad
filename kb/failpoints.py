"""Named steps at which a test may have this process killed. Without ``KB_FAILPOINT``, nothing.

``KB_FAILPOINT=committed:3`` kills the process with SIGKILL the third time it reaches that step: the
way a power cut or an administrator would, with no chance to clear up. It says so on stderr first
(``TOLD`` and the step), so that a test can count true kills, those of grandchildren included.
``KB_FAILPOINT=@FILE`` looks into a file at each start: so the runs of one worker can differ.
"""

import os
import signal
import threading
from pathlib import Path

STEPS = (
    "attempt_begun", "embedded", "planned", "upserted", "flushed", "committed",
    "members_recorded", "removed", "renamed", "rights_written", "points_deleted", "swept",
    "blob_written", "run_begun",
)  # fmt: skip
"""The steps of a version's life (docs/architecture.md), in their order, and those beside it."""
SWAP_STEPS = (
    "swap_begun", "vectors_kept", "versions_loaded", "graph_built", "handed_over", "compared",
    "switched",
)  # fmt: skip
"""The steps on which an index goes over to other models (docs/models.md), in their order."""
TUNE_STEPS = ("tuning_learned", "tuning_kept")
"""The steps of ``kb tune`` (docs/models.md), in their order."""
BACKUP_STEPS = ("backup_begun", "catalog_saved", "file_saved", "files_saved", "manifest_written")
"""The steps of ``kb backup`` (docs/operating.md), in their order."""
RESTORE_STEPS = (
    "restore_begun", "file_restored", "files_restored", "catalog_loaded", "catalog_restored",
    "index_begun",
)  # fmt: skip
"""The steps of ``kb restore``, in their order."""
UPGRADE_STEPS = ("upgrade_saved", "schema_changed")
"""The steps of an upgrade of the catalog, in their order."""
EXPORT_STEPS = ("bag_file_written", "bag_listed", "bag_synced")
IMPORT_STEPS = ("import_expected", "import_placed", "import_group", "import_published")
"""The steps of ``kb export`` and of ``kb import`` (docs/leaving.md), in their order."""
PURGE_STEPS = (
    "purge_planned", "purge_forgotten", "purge_redacted", "purge_rebuilt", "purge_rewritten",
    "purge_stated", "purge_half_delivered",
)  # fmt: skip
"""The steps of ``kb purge --proof`` (docs/erasing.md), in their order."""
EVERY = (
    *STEPS, *SWAP_STEPS, *TUNE_STEPS, *BACKUP_STEPS, *RESTORE_STEPS, *UPGRADE_STEPS, *EXPORT_STEPS,
    *IMPORT_STEPS, *PURGE_STEPS,
)  # fmt: skip

TOLD = "killed at the step "


def _asked() -> str:
    """What ``KB_FAILPOINT`` says, or the file that it names after an ``@`` says at this start."""
    value = os.environ.get("KB_FAILPOINT", "")
    return Path(value[1:]).read_text(encoding="utf-8").strip() if value[:1] == "@" else value


_wanted, _, _times = _asked().partition(":")
_left = int(_times or 1)
if _wanted and _wanted not in EVERY:
    raise SystemExit(f"KB_FAILPOINT names no step: {_wanted}. There are: {', '.join(EVERY)}.")
_lock = threading.Lock()


def reached(step: str) -> None:
    """Say that the process has come to a named step: a test may have it killed there."""
    global _left  # noqa: PLW0603 - one countdown per process is the point
    if step != _wanted:
        return
    with _lock:
        _left -= 1
        if _left == 0:
            os.write(2, f"{TOLD}{step}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)
