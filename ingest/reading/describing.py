"""What the ledger says of a file that was read."""

from ingest.reading.needs import Needs
from ingest.reading.preparing import Cut
from kb.types.files import Stat
from kb.types.parsed import HIDDEN, Parsed, State
from kb.types.versions import Facts

LONGEST_AUTHOR = 300


def facts(
    parsed: Parsed,
    cut: Cut,
    stat: Stat,
    content_hash: str,
    blob: str,
    needs: Needs,
    *,
    members: bool,
) -> Facts:
    """The facts of a file whose version is to be published; ``members``: files came out of it."""
    unseen = sum(e.section == HIDDEN for e in parsed.elements)
    return Facts(
        stat=stat,
        content_hash=content_hash,
        state=State.PARTIAL if parsed.problem else State.INDEXED,
        code=parsed.problem or ("hidden_text" if unseen else None),
        parameters=parsed.problem_parameters or ({"pieces": unseen} if unseen else {}),
        settings=needs.fingerprint,
        used=needs.used(parsed, members=members),
        parser=parsed.parser,
        media_type=parsed.media_type,
        blob=blob,
        title=cut.title,
        author=(parsed.author or "")[:LONGEST_AUTHOR] or None,
        language=cut.language,
        pages=parsed.pages,
        confidence=_mean([confidence for _, confidence in parsed.confidences]),
    )


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 1) if values else None
