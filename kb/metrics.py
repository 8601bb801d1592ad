"""What a monitoring system reads at ``/metrics``: Prometheus' text format, no question, no name.

Of several web processes on a host each writes what it counts into a file of one folder, and
whichever is asked adds them up (``prometheus_client.multiprocess``).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily, Metric

from kb import duties
from kb.audit import writer as audit_writer
from kb.errors import KbError
from kb.types.backups import BackupStanding

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable in which the library finds that folder. It is set before this file is loaded."""
AUDIT = {
    "waiting": ("livesum", "Looks on disk that are not in the audit log yet."),
    "behind_seconds": ("livemax", "Seconds for which nothing got from there into the log."),
    "room_bytes": ("livemin", "Bytes that are free there."),
    "set_aside": ("sum", "Entries that could not be kept, since this service started."),
    "writer_up": ("livemin", "1: looks are taken; 0: the log's writer has ended or is full."),
}
"""Figures of each process, and how those of several become one: added up, or the worst of them."""
WORKER = {
    "up": ("livemin", "1: sources are read when due; 0: this host's worker is failing."),
    "failures": ("livemax", "Failures in a row of this host's worker."),
    "failing_seconds": ("livemax", "Seconds for which it has been failing."),
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
        self._refused = self._make(
            Gauge,
            "connections_refused",
            "Connections that were refused: their address is not in the configuration.",
            multiprocess_mode="sum",
        )
        self._audit = self._gauges("audit", AUDIT)
        self._worker = self._gauges("worker", WORKER)

    def _gauges(self, of: str, texts: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
        return {
            name: self._make(Gauge, f"{of}_{name}", text, multiprocess_mode=mode)
            for name, (mode, text) in texts.items()
        }

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

    def note(
        self, audit: audit_writer.WriterHealth, worker: duties.DutyHealth, refused: int
    ) -> None:
        """Note this process's own figures of this moment."""
        for name in ("waiting", "behind_seconds", "room_bytes", "set_aside"):
            self._audit[name].set(getattr(audit, name))
        self._audit["writer_up"].set(audit.is_ready)
        self._refused.set(refused)
        self._worker["up"].set(worker.is_up)
        for name in ("failures", "failing_seconds"):
            self._worker[name].set(getattr(worker, name))

    def text(
        self,
        states: dict[str, int],
        passages: int,
        alarms: int,
        backups: BackupStanding,
        *,
        scheduled: bool,
    ) -> bytes:
        """All of it, with the catalog's figures of this moment."""
        figures = CatalogFigures(states, passages, alarms, backups, scheduled=scheduled)
        return generate_latest(self._counted()) + generate_latest(figures)

    def _counted(self) -> CollectorRegistry:
        """What this process has counted, or every process of this host."""
        if FOLDER not in os.environ:
            return self._registry
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry


class CatalogFigures:
    """Gauges of the catalog: the same, whichever process is asked."""

    def __init__(
        self,
        states: Mapping[str, int],
        passages: int,
        alarms: int,
        backups: BackupStanding,
        *,
        scheduled: bool,
    ) -> None:
        documents = GaugeMetricFamily(
            "commonplace_documents", "Files in the ledger.", labels=["state"]
        )
        for state, count in states.items():
            documents.add_metric([state], count)
        self._families = [
            documents,
            _family("passages", "Passages that can be found.", passages),
            _family(
                "access_alarms",
                "Hits that only the catalog stopped, though the index knew.",
                alarms,
            ),
            *_backup(backups, scheduled=scheduled),
        ]

    def collect(self) -> Iterator[Metric]:
        """As the library asks for them."""
        yield from self._families


def _family(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"commonplace_{name}", text, value=value)


def _backup(backups: BackupStanding, *, scheduled: bool) -> list[Metric]:
    values = {
        "last_time": backups.whole.began_at if backups.whole else 0,
        "last_bytes": backups.whole.bytes if backups.whole else 0,
        "verified_time": backups.verified_at or 0,
        "failed": backups.newest is not None and backups.newest.error is not None,
        "scheduled": scheduled,
    }
    return [_family(f"backup_{name}", BACKUP[name], value) for name, value in values.items()]


def forget(folder: str, pid: int) -> None:
    """Take the figures of a process that has ended out of those of the living; its counts stay."""
    multiprocess.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
