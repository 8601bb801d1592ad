"""What a monitoring system reads at ``/metrics``: Prometheus' text format, no question, no name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from kb import duties
from kb.audit import writer as audit_writer
from kb.errors import KbError
from kb.types.backups import BackupStanding

AUDIT = {
    "waiting": "Looks on disk that are not in the audit log yet.",
    "behind_seconds": "Seconds for which nothing got from there into the log.",
    "room_bytes": "Bytes that are free there.",
    "set_aside": "Entries that could not be kept, since this process started.",
    "writer_up": "1: looks are taken; 0: the log's writer has ended or is full.",
}
WORKER = {
    "up": "1: sources are read when due; 0: this process's worker is failing.",
    "failures": "Failures in a row of this process's worker.",
    "failing_seconds": "Seconds for which it has been failing.",
}
BACKUP = {
    "last_time": "Unix time of the catalog in the last whole backup; 0: none.",
    "last_bytes": "Bytes of that backup.",
    "verified_time": "Unix time at which one was last verified; 0: never.",
    "failed": "1: the last backup that was begun has failed.",
    "scheduled": "1: backups are made by a schedule.",
}
SECONDS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120)
"""Upper bounds, in seconds, of the classes in which searches and answers are counted."""


class Metrics:
    """Counts of this process, and gauges that are read from the catalog when asked for."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.search_seconds = self._make(
            Histogram, "search_seconds", "Seconds that searches took.", buckets=SECONDS
        )
        self.answer_seconds = self._make(
            Histogram, "answer_seconds", "Seconds that answers took.", ["mode"], buckets=SECONDS
        )
        self._failures = self._make(Counter, "failures", "Questions that failed.", ["code"])
        self._documents = self._make(Gauge, "documents", "Files in the ledger.", ["state"])
        self._passages = self._make(Gauge, "passages", "Passages that can be found.")
        self._alarms = self._make(
            Gauge, "access_alarms", "Hits that only the catalog stopped, though the index knew."
        )
        self._refused = self._make(
            Gauge,
            "connections_refused",
            "Connections that this process refused: their address is not in the configuration.",
        )
        self._audit = self._gauges("audit", AUDIT)
        self._worker = self._gauges("worker", WORKER)
        self._backup = self._gauges("backup", BACKUP)

    def _gauges(self, of: str, texts: Mapping[str, str]) -> dict[str, Any]:
        return {name: self._make(Gauge, f"{of}_{name}", text) for name, text in texts.items()}

    def _make(self, kind: Any, name: str, text: str, labels: Any = (), **options: Any) -> Any:
        return kind(f"commonplace_{name}", text, labels, registry=self._registry, **options)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Count what fails within, by its code."""
        try:
            yield
        except KbError as error:
            self._failures.labels(error.code).inc()
            raise

    def text(
        self,
        states: dict[str, int],
        passages: int,
        alarms: int,
        audit: audit_writer.WriterHealth,
        worker: duties.DutyHealth,
        refused: int,
        backups: BackupStanding,
        *,
        scheduled: bool,
    ) -> bytes:
        """All of it, with the catalog's figures of this moment."""
        self._documents.clear()
        for state, count in states.items():
            self._documents.labels(state).set(count)
        self._passages.set(passages)
        self._alarms.set(alarms)
        for name in ("waiting", "behind_seconds", "room_bytes", "set_aside"):
            self._audit[name].set(getattr(audit, name))
        self._audit["writer_up"].set(audit.is_ready)
        self._refused.set(refused)
        self._worker["up"].set(worker.is_up)
        for name in ("failures", "failing_seconds"):
            self._worker[name].set(getattr(worker, name))
        self._backup["last_time"].set(backups.whole.began_at if backups.whole else 0)
        self._backup["last_bytes"].set(backups.whole.bytes if backups.whole else 0)
        self._backup["verified_time"].set(backups.verified_at or 0)
        self._backup["failed"].set(backups.newest is not None and backups.newest.error is not None)
        self._backup["scheduled"].set(scheduled)
        return generate_latest(self._registry)
