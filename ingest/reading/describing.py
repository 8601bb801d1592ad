"""What the ledger says of a file that was read."""

from typing import Any

from ingest.reading import dating
from ingest.reading.dating import OwnDate
from ingest.reading.needs import Needs
from ingest.reading.preparing import Cut
from kb.types.files import Stat
from kb.types.parsed import HIDDEN, Notice, Parsed, State
from kb.types.versions import Facts

LONGEST_AUTHOR = 300
"""Most characters of an author's name."""
NANO = 1_000_000_000
"""Nanoseconds of a second."""


def facts(
    parsed: Parsed,
    cut: Cut,
    path: str,
    stat: Stat,
    content_hash: str,
    blob: str,
    needs: Needs,
    *,
    members: bool,
) -> Facts:
    """The facts of a file whose version is to be published; ``members``: files came out of it."""
    return Facts(
        stat=stat,
        content_hash=content_hash,
        state=State.PARTIAL if parsed.problem else State.INDEXED,
        reasons=_reasons(parsed),
        settings=needs.fingerprint,
        used=needs.used(parsed, members=members),
        parser=parsed.parser,
        media_type=parsed.media_type,
        blob=blob,
        title=cut.title,
        author=(parsed.author or "")[:LONGEST_AUTHOR] or None,
        language=cut.language,
        **_dated(dating.of(parsed, path, stat.mtime_ns, cut.language)),
        pages=parsed.pages,
        confidence=_mean([confidence for _, confidence in parsed.confidences]),
    )


def _dated(own: OwnDate | None) -> dict[str, Any]:
    if own is None:
        return {}
    return {
        "dated_ns": round(own.moment * NANO),
        "date_source": own.source,
        "date_precision": own.precision,
    }


def _reasons(parsed: Parsed) -> tuple[Notice, ...]:
    """What there is to say, the gravest first."""
    said = [Notice(parsed.problem, parsed.problem_parameters)] if parsed.problem else []
    if unseen := sum(e.section == HIDDEN for e in parsed.elements):
        said.append(Notice("hidden_text", {"pieces": unseen}))
    return *said, *parsed.notices


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 1) if values else None
